// The page: which image is shown, and what becomes of its answer.

import { ImageCanvas } from './canvas.js';
import { Draft } from './draft.js';
import { $, setText } from './elements.js';
import { listen } from './input.js';
import { Loader } from './loader.js';
import { Look } from './look.js';
import { say } from './notice.js';
import { showDoubts, showEnd, showObjects, showProgress } from './panel.js';
import { Queue } from './queue.js';
import { Sender } from './sender.js';
import { getJson } from './server.js';

const POLL_MS = 1000;
// Images that are fetched before they are shown.
const AHEAD = 4;

// The loader keeps the pixels, and frees them.
class ReviewCanvas extends ImageCanvas {
  release() {}
}

class Review {
  constructor(state) {
    this.advice = state.advice;
    this.sender = new Sender(state);
    this.queue = new Queue(state);
    this.loader = new Loader(this.queue);
    this.drafts = new Map();
    this.look = new Look(state.palette);
    const markers = { kept: () => this.points(), visible: () => this.points() };
    this.view = new ReviewCanvas($('image'), $('stage'), markers, this.look);
    this.view.onZoom = (zoom) => {
      $('zoom').hidden = zoom === 1;
      setText($('zoom'), `${zoom.toFixed(1)}×`);
    };
    this.place = -1;
    // While several images are answered at once.
    this.busy = false;
    setText($('title'), state.title);
    listen(this.view, this.actions());
    this.go(this.queue.nextOpen(-1)[0] ?? -1);
  }

  get draft() {
    return this.drafts.get(this.place) ?? null;
  }

  points() {
    const { selected } = this.view;
    const points = this.draft?.clickedOn(selected) ?? [];
    return points.map((point) => ({ ...point, object: selected, opacity: 1 }));
  }

  actions() {
    return {
      accept: () => this.answer({ accepted: true }),
      reject: () => this.answer({ accepted: false }),
      alike: () => this.answer({ accepted: true, alike: true }),
      rejectAlike: () => this.answer({ accepted: false, alike: true }),
      undo: () => this.undo(),
      next: () => this.step(1),
      previous: () => this.step(-1),
      absent: () => this.draft?.remove(this.view.selected) && this.update(),
      select: (object) => this.select(object),
      point: (point) => this.correct(point),
      fills: () => {
        this.look.toggleFills();
        this.view.draw();
      },
      zoomOut: () => this.view.resetZoom(),
    };
  }

  // Goes to the image before or after, from the end to the last one.
  step(direction) {
    const { total } = this.queue;
    if (!total) return;
    if (this.place < 0) this.go(direction < 0 ? total - 1 : 0);
    else this.go(Math.min(Math.max(this.place + direction, 0), total - 1));
  }

  // Shows an image; -1 for the end.
  go(place) {
    say('');
    this.place = place;
    $('done').hidden = place >= 0;
    for (const section of document.querySelectorAll('.of-image')) section.hidden = place < 0;
    for (const id of ['accept', 'reject', 'absent', 'alike', 'rejectAlike']) $(id).disabled = place < 0;
    showProgress(this.queue, place);
    this.keepAhead();
    if (place < 0) this.end();
    else if (this.loader.ready(place)) this.show(place, this.loader.ready(place));
    else this.wait(place);
  }

  keepAhead() {
    const { queue, place } = this;
    const beside = [place - 1, place, place + 1].filter((one) => one >= 0 && one < queue.total);
    const shown = place < 0 ? [] : beside;
    this.loader.keep([...new Set([place, ...queue.nextOpen(place, AHEAD), ...shown])].filter((one) => one >= 0));
  }

  async wait(place) {
    this.blank('loading');
    try {
      const frame = await this.loader.load(place);
      // Unless it was dropped meanwhile, and is loaded anew.
      if (this.place === place && this.loader.ready(place) === frame) this.show(place, frame);
    } catch ({ message }) {
      if (this.place === place) this.blank(message);
    }
  }

  // Nothing of another image stays, which somebody could answer for this one.
  blank(text) {
    $('image').hidden = true;
    this.view.frame = null;
    setText($('empty'), text);
    $('empty').hidden = false;
    $('doubts').replaceChildren();
    $('objects').replaceChildren();
    setText($('where'), '');
  }

  end() {
    this.blank('');
    showEnd(this.queue, this.advice);
    setText($('live'), $('done').innerText);
  }

  show(place, frame) {
    const image = this.queue.named(place);
    if (!this.draft) this.drafts.set(place, new Draft(image, frame.labels));
    this.look.names = new Map(frame.labels.map(({ object, name }) => [object, name]));
    const doubted = frame.labels.find(({ doubt }) => doubt) ?? frame.labels[0];
    this.view.selected = doubted?.object ?? 0;
    const { bitmap, width, height, fault } = frame;
    if (!bitmap) this.blank(fault);
    else {
      $('image').hidden = false;
      $('empty').hidden = true;
      this.view.show({ bitmap, width, height, masks: this.draft.masks });
    }
    showDoubts(frame.doubts, image);
    this.update();
    setText($('live'), frame.doubts.join('; '));
  }

  // Shows what has changed of the image that is shown.
  update() {
    showProgress(this.queue, this.place);
    const { draft, view } = this;
    if (!draft || !this.loader.ready(this.place)) return;
    if (!$('image').hidden) view.setMasks(draft.masks);
    showObjects(draft, this.look, view.selected, (object) => this.select(object));
    $('busy').hidden = !draft.waiting.length;
  }

  select(object) {
    if (!this.draft?.labels.has(object)) return;
    this.view.selected = object;
    this.update();
  }

  async correct(point) {
    const { draft, view } = this;
    if (!draft || !view.selected) return;
    say('');
    const done = draft.correct(view.selected, point);
    this.update();
    try {
      await done;
    } catch ({ message }) {
      if (this.draft === draft) say(message);
    }
    await draft.idle;
    if (this.draft === draft) this.update();
  }

  // Answers the image, and shows the next one without an answer.
  async answer({ accepted, alike = false }) {
    const { place, draft } = this;
    // Nobody has seen what is not shown.
    if (this.busy || place < 0 || !this.loader.ready(place)) return;
    await draft.idle;
    if (this.place !== place) return;
    const labels = accepted ? draft.corrections : [];
    const before = this.queue.answer(place);
    this.queue.set(place, accepted ? 'accepted' : 'rejected');
    const sent = this.send(place, { ...this.queue.named(place), accepted, alike, labels }, before);
    this.busy = alike;
    const taken = alike ? await sent : null;
    this.busy = false;
    if (alike && !taken) return;
    this.go(this.queue.nextOpen(place)[0] ?? -1);
    const done = accepted ? 'accepted' : 'rejected';
    if (alike) say(taken.count === 1 ? `1 image ${done}` : `${taken.count} images ${done}`);
  }

  // Resolves to what the server answered; null if it refused, and the answer is as it was before.
  async send(place, answer, before) {
    try {
      const taken = await this.sender.decide(answer);
      // Who has gone back to the image meanwhile goes on with what is shown.
      if (this.place !== place) this.drafts.delete(place);
      // Its labels may be others now.
      this.apply(taken, before || answer.labels.length ? [place] : []);
      return taken;
    } catch ({ message }) {
      this.queue.set(place, before);
      this.go(place);
      say(message);
      return null;
    }
  }

  async undo() {
    if (this.draft && this.draft.undo()) {
      this.update();
      return;
    }
    try {
      const taken = await this.sender.undo();
      if (!taken) {
        say('there is nothing to take back');
        return;
      }
      // Their labels are those of before, also of the image that is shown.
      this.place = -1;
      this.apply(taken, taken.places);
      // The step may have been about images that are in doubt no more.
      this.go(taken.places[0] ?? this.queue.nextOpen(-1)[0] ?? -1);
    } catch ({ message }) {
      say(message);
    }
  }

  // Takes answers from the server; `own`: places whose labels may be others now all the same.
  apply({ answers }, own = []) {
    const changed = new Set([...this.queue.apply(answers), ...own]);
    for (const place of changed) {
      // What is shown and worked on stays as it is.
      if (place === this.place) continue;
      this.drafts.delete(place);
      this.loader.drop(place);
    }
    if (!changed.size) return;
    if (!$('done').hidden && this.queue.left) this.go(this.queue.nextOpen(-1)[0]);
    showProgress(this.queue, this.place);
    this.keepAhead();
  }

  // Takes the answers of other pages.
  async poll() {
    try {
      this.apply(await this.sender.poll());
      if (this.lost) say('');
      this.lost = false;
    } catch ({ message }) {
      this.lost = true;
      say(message);
    }
    setTimeout(() => this.poll(), POLL_MS);
  }
}

try {
  const review = new Review(await getJson('state'));
  setTimeout(() => review.poll(), POLL_MS);
} catch ({ message }) {
  setText($('empty'), message);
}
