// Images and the masks of their prompts, fetched one after the other: of several the last one that
// is wanted. Who draws the slider does not want all that it passes.

import { decoded } from './bitmap.js';
import { getBlob, getJson } from './server.js';

// Decoded images that are kept.
const KEPT = 12;

export class Loader {
  // `on`: frame(frame), also of an image that is no longer wanted; fault(place, message).
  constructor(on) {
    this.on = on;
    this.frames = new Map();
    this.wanted = null;
    this.running = false;
  }

  load(place) {
    const known = this.frames.get(keyOf(place));
    this.wanted = known ? null : place;
    if (known) this.on.frame(this.used(known));
    else if (!this.running) this.run();
  }

  async run() {
    this.running = true;
    while (this.wanted) {
      const place = this.wanted;
      try {
        const frame = await this.fetch(place);
        if (this.wanted === place) this.wanted = null;
        this.on.frame(this.used(frame));
      } catch ({ message }) {
        if (this.wanted === place) this.wanted = null;
        this.on.fault(place, message);
      }
    }
    this.running = false;
  }

  async fetch(place) {
    const [blob, labels] = await Promise.all([getBlob(`image/${nameOf(place)}.jpg`), masksOf(place)]);
    return { ...place, ...labels, bitmap: await decoded(blob, labels) };
  }

  used(frame) {
    this.frames.delete(keyOf(frame));
    this.frames.set(keyOf(frame), frame);
    if (this.frames.size > KEPT) this.drop(this.frames.values().next().value);
    return frame;
  }

  // Forgets all but one: their masks may be others now.
  keepOnly(frame) {
    for (const other of [...this.frames.values()]) if (other !== frame) this.drop(other);
  }

  drop(frame) {
    this.frames.delete(keyOf(frame));
    frame.bitmap.close();
  }
}

export function masksOf(place) {
  return getJson(`masks/${nameOf(place)}`);
}

function nameOf({ recording, image }) {
  return `${encodeURIComponent(recording)}/${image}`;
}

function keyOf({ recording, image }) {
  return `${image} ${recording}`;
}
