// What the user does to objects, and what the viewer answers: points, boxes, sizes, removals, undo.

import { $, setText } from './elements.js';
import { promptAround, promptOf } from './prompts.js';
import { SizeSteps } from './sizes.js';

export const NO_CONNECTION = 'Not connected to the viewer.';
// What the node says of an object that a prompt removed.
const REMOVED = 'removed';

export class Prompting {
  // `parts`: view, connection, image, prompts, markers, history, objects, preview.
  // `on`: say(marker, text), announce(text), select(object).
  constructor(parts, on) {
    Object.assign(this, parts, { on });
    this.steps = new SizeSteps();
  }

  point(x, y, { positive, refine }, at) {
    const object = refine ? this.view.selected : 0;
    const fields = { x, y, positive, refine: Boolean(object), object };
    const before = object ? this.promptFor(object) : null;
    const known = this.prompts.get(object) ?? promptOf({});
    const after = { ...known, points: [...known.points, { x, y, positive }] };
    this.prompt('point', fields, { x, y, positive, object, at }, { object, before, after });
  }

  box(corners, at) {
    const change = { object: 0, before: null, after: promptOf({ box: corners }) };
    const marker = { box: corners, positive: true, object: 0, at };
    this.prompt('box', { ...corners, object: 0 }, marker, change);
  }

  prompt(type, fields, marker, change) {
    const { view, connection, image } = this;
    this.preview.move(null);
    const tag = image.isCurrent && connection.request(type, { ...fields, stamp: view.frame.stamp });
    if (!tag) {
      this.on.say(marker, NO_CONNECTION);
      return;
    }
    image.endInvitation();
    this.markers.add({ ...marker, tag });
    this.history.add(tag, change);
    view.draw();
  }

  // Asks for the next larger object at the place of one, or the next smaller.
  step(object, direction) {
    if (!object) return;
    const { frame } = this.view;
    const fields = { object, step: direction, stamp: frame?.stamp ?? '0' };
    const tag = this.connection.request('size', fields);
    if (!tag) {
      this.on.say(null, NO_CONNECTION);
      return;
    }
    this.steps.add(tag, object, direction, frame);
    const before = this.promptFor(object);
    if (!before) return;
    const after = { ...before, step: before.step + direction };
    this.history.add(tag, { object, before, after });
  }

  remove(object) {
    this.steps.forget(object);
    if (!object) return;
    const tag = this.connection.request('remove', { object });
    if (tag) this.history.add(tag, { object, before: this.promptFor(object), after: null });
    else this.on.say(null, NO_CONNECTION);
  }

  clear() {
    if (!this.connection.send('clear')) {
      this.on.say(null, NO_CONNECTION);
      return;
    }
    const all = (this.view.frame?.masks ?? []).map(({ object }) => object);
    const changes = all.map((object) => ({ object, before: this.promptFor(object), after: null }));
    this.history.addAll(changes.filter(({ before }) => before));
    if (this.image.frozen) this.takeOff(all);
  }

  undo() {
    this.turn(this.history.back());
  }

  redo() {
    this.turn(this.history.forth());
  }

  // Makes each object what it was, or is to be again, where it is now.
  turn(changes) {
    const { frame } = this.view;
    for (const { change, prompt: wanted } of changes) {
      const { object } = change;
      const present = frame?.masks.some((mask) => mask.object === object);
      if (!wanted && !present && !this.prompts.get(object)) continue;
      const now = wanted && this.prompts.moved(object, wanted);
      // Its id may be another one's by now.
      const taken = present && !this.prompts.get(object);
      const fields = { ...now, object: taken ? 0 : object, stamp: frame?.stamp ?? '0' };
      const tag = this.connection.request(wanted ? 'set' : 'remove', fields);
      if (tag) this.history.ask(tag, change, now);
      else this.on.say(null, NO_CONNECTION);
    }
    this.history.on.change();
  }

  // Returns what leads to an object that is shown: what was pointed at here, or its box.
  promptFor(object) {
    const mask = this.view.frame?.masks.find((each) => each.object === object);
    return this.prompts.get(object) ?? (mask?.outline.length ? promptAround(mask) : null);
  }

  // Takes the viewer's answer that an object is to be seen, or is removed as was wanted.
  accept({ tag, object, state, generation, reason }) {
    const { view } = this;
    this.steps.accept(tag, generation);
    const marker = this.markers.accept(tag, object, generation);
    // What somebody else made of an object is not known here.
    if (!this.history.accept(tag, object)) this.prompts.set(object, null);
    if (reason === REMOVED) this.takeOff([object]);
    else if (marker || tag !== null) this.on.select(object);
    if (view.frame) this.complete(this.markers.complete(view.frame));
    if (state === 'clamped') this.objects.report(object, state, reason);
  }

  // Returns whether the prompt has a marker, beside which the reason is shown.
  refuse(tag, reason) {
    this.steps.refuse(tag);
    this.history.refuse(tag);
    const marker = this.markers.refuse(tag, reason);
    if (marker) this.on.say(marker, reason);
    this.view.draw();
    return Boolean(marker);
  }

  // The object is lost.
  forget(object) {
    this.steps.forget(object);
    this.prompts.set(object, null);
  }

  // A frame, or more of its masks, is on the screen.
  update(frame) {
    this.prompts.update(frame);
    this.complete(this.markers.complete(frame));
    this.steps.complete(frame).forEach((step) => this.explain(step));
  }

  // Shows the time from a click to its mask: a timer set in an animation frame runs once it is drawn.
  complete(markersWithMask) {
    for (const marker of markersWithMask) {
      setTimeout(() => {
        const took = performance.now() - marker.at;
        $('last-click').dataset.ms = took.toFixed(1);
        $('last-click').dataset.object = marker.object;
        setText($('last-click'), `click to mask ${took.toFixed(0)} ms`);
      });
      this.on.announce(`object ${marker.object} found`);
    }
  }

  // A step that changed nothing: there is no such object.
  explain({ direction, mask }) {
    const text = `There is no ${direction > 0 ? 'larger' : 'smaller'} object at this place.`;
    const [x, y] = mask.outline[0] ?? [];
    this.on.say(mask.outline.length ? { x, y } : null, text);
    this.on.announce(text);
  }

  // Takes objects off an image that may be frozen.
  takeOff(gone) {
    gone.forEach((object) => this.view.take(object));
    if (this.view.frame) this.objects.update(this.view.frame);
  }
}
