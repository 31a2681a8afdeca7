// Clicks and boxes, sent one after the other; each is answered with the mask of its object.

import { say } from './notice.js';
import { post } from './server.js';

export class Pointing {
  constructor(page) {
    this.page = page;
    // Grows when the user selects: until then, clicks are for the object that the first one made.
    this.turn = 0;
    this.waiting = [];
    // Clicks and undos that have no answer yet.
    this.working = 0;
    this.past = [];
    this.idle = Promise.resolve();
  }

  waitingAt(frame) {
    return this.waiting.filter(({ frame: { recording, image } }) =>
      frame?.recording === recording && frame.image === image).map(({ marker }) => marker);
  }

  point(point) {
    this.ask(point, (label) => {
      if (!point.positive && !label) throw new Error('select the object first, or click on it: this is not on it');
      return this.corrected(label, point);
    });
  }

  // Where the network takes no points with a box, the middle of the box stands for it.
  corrected(label, point) {
    const { points = [], box = null } = label ?? {};
    if (!box || this.page.correctsBoxes) return { points: [...points, point], box };
    say('the box has become a point in its middle: this network takes no points with a box');
    return { points: [middleOf(box), point], box: null };
  }

  // A box begins anew.
  box(box) {
    this.ask({ box }, () => ({ points: [], box }));
  }

  // Sends what is pointed at once those before are answered.
  ask(marker, pointed) {
    const { page } = this;
    const click = { marker, frame: page.loaded, turn: this.turn, selected: page.view.selected };
    say('');
    this.waiting.push(click);
    this.then(() => this.send(click, pointed), () => {
      this.waiting = this.waiting.filter((one) => one !== click);
    });
  }

  then(act, after = () => {}) {
    this.working += 1;
    this.page.update();
    this.idle = this.idle.then(act).catch(({ message }) => say(message)).then(() => {
      after();
      this.working -= 1;
      this.page.update();
    });
  }

  async send({ frame, turn, selected }, pointed) {
    const { page } = this;
    const object = turn === this.turn ? page.view.selected : selected;
    const before = labelOf(frame, object);
    const { label, objects } = await this.put(frame, object, pointed(before), before?.everywhere);
    this.past.push({ frame, object: label.object, before });
    if (turn === this.turn) page.view.selected = label.object;
    this.show(frame, label, objects);
    if (!object) this.named(label);
  }

  put({ recording, image }, object, pointed, everywhere = false) {
    return post('prompt', { recording, image, object, name: this.page.lastName, everywhere, ...pointed });
  }

  show(frame, label, objects) {
    const others = frame.labels.filter(({ object }) => object !== label.object);
    frame.labels = [...others, label];
    this.page.loader.keepOnly(this.page.loaded);
    this.page.take(objects);
    this.page.setLabels(frame, frame.labels);
  }

  // A new object has the last name; who has keys types another one.
  named({ object, name }) {
    const { page } = this;
    page.names = [name, ...page.names.filter((one) => one !== name)];
    if (page.view.selected === object && matchMedia('(pointer: fine)').matches) page.list.askName(object);
  }

  // Takes the last click or box back.
  undo() {
    this.then(async () => {
      const last = this.past.pop();
      if (!last) throw new Error('there is nothing to take back');
      const { frame, object, before } = last;
      const now = labelOf(frame, object);
      if (!now) return;
      const { points, box, everywhere } = before ?? {};
      if (before) {
        const { label, objects } = await this.put(frame, object, { points, box }, everywhere);
        this.show(frame, label, objects);
      } else await this.take(now);
      this.page.go(frame);
    });
  }

  async take({ object, pattern, image }) {
    const { objects } = await post('remove', { object, pattern, image });
    await this.page.renew(objects);
  }
}

function middleOf({ x0, y0, x1, y1 }) {
  return { x: (x0 + x1) / 2, y: (y0 + y1) / 2, positive: true };
}

function labelOf({ labels }, object) {
  return labels.find((one) => one.object === object) ?? null;
}
