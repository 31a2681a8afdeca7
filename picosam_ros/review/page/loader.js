// Images and their labels, fetched and decoded before they are shown.

import { decoded } from './bitmap.js';
import { getBlob, getJson } from './server.js';

export class Loader {
  constructor(queue) {
    this.queue = queue;
    this.entries = new Map();
  }

  // Returns what is loaded at once, or null.
  ready(place) {
    return this.entries.get(place)?.frame ?? null;
  }

  // Returns a promise of { bitmap, width, height, doubts, labels }.
  load(place) {
    if (!this.entries.has(place)) {
      const entry = { frame: null };
      this.entries.set(place, entry);
      entry.promise = this.fetch(place).then((frame) => {
        // Nobody wants it any more.
        if (this.entries.get(place) !== entry) frame.bitmap?.close();
        return (entry.frame = frame);
      });
      entry.promise.catch(() => this.entries.get(place) === entry && this.entries.delete(place));
    }
    return this.entries.get(place).promise;
  }

  // Loads these places, and forgets all others.
  keep(places) {
    for (const place of this.entries.keys()) if (!places.includes(place)) this.drop(place);
    for (const place of places) this.load(place).catch(() => {});
  }

  drop(place) {
    const entry = this.entries.get(place);
    this.entries.delete(place);
    entry?.frame?.bitmap?.close();
  }

  // An image that cannot be read has no bitmap, and the reason as `fault`.
  async fetch(place) {
    const { recording, number } = this.queue.named(place);
    const name = `${encodeURIComponent(recording)}/${number}`;
    const image = getBlob(`image/${name}.jpg`).then((blob) => ({ blob }), ({ message }) => ({ message }));
    const labels = await getJson(`labels/${name}`);
    const { blob, message } = await image;
    if (!blob) return { ...labels, bitmap: null, fault: message };
    return { ...labels, bitmap: await decoded(blob, labels) };
  }
}
