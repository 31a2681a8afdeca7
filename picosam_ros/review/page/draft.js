// What was changed of an image's labels, and is not accepted yet.

import { post } from './server.js';

export class Draft {
  // `image`: name of the recording and number; `labels`: as the server has them.
  constructor(image, labels) {
    this.image = image;
    this.labels = new Map(labels.map((label) => [label.object, label]));
    this.points = new Map();
    this.changed = new Set();
    this.past = [];
    // Clicks that have no answer yet; `idle` resolves when there is none.
    this.waiting = [];
    this.idle = Promise.resolve();
  }

  get masks() {
    return [...this.labels.values()].filter(({ outline }) => outline.length);
  }

  pointsOf(object) {
    return this.points.get(object) ?? [];
  }

  // Returns all points, also those that have no answer yet.
  clickedOn(object) {
    const waiting = this.waiting.filter((one) => one.object === object);
    return [...this.pointsOf(object), ...waiting.map(({ point }) => point)];
  }

  // Returns what the server is to take in the place of its labels.
  get corrections() {
    return [...this.changed].map((object) => {
      const { counts, score } = this.labels.get(object);
      return { object, counts, score };
    });
  }

  // The object is not in the image.
  remove(object) {
    const label = this.labels.get(object);
    if (!label?.counts) return false;
    this.keepPast();
    this.points.delete(object);
    this.put({ ...label, counts: '', score: 0, outline: [] });
    return true;
  }

  // Adds a point to an object; resolves once its mask is there, rejects with the reason if not.
  correct(object, point) {
    const click = { object, point };
    this.waiting.push(click);
    const done = this.idle.then(() => this.ask(object, point));
    this.idle = done.catch(() => {}).then(() => {
      this.waiting = this.waiting.filter((one) => one !== click);
    });
    return done;
  }

  async ask(object, point) {
    const { counts, score } = this.labels.get(object);
    const points = [...this.pointsOf(object), point];
    const label = await post('correction', { ...this.image, object, counts, score, points });
    this.keepPast();
    this.points.set(object, points);
    this.put(label);
  }

  // Takes the last change back; returns whether there was one.
  undo() {
    const last = this.past.pop();
    if (!last) return false;
    Object.assign(this, last);
    return true;
  }

  keepPast() {
    const { labels, points, changed } = this;
    this.past.push({ labels: new Map(labels), points: new Map(points), changed: new Set(changed) });
  }

  put(label) {
    this.labels.set(label.object, label);
    this.changed.add(label.object);
  }
}
