// Prompts that have no mask yet, or were refused: points and boxes drawn on the image.

const REFUSED_MS = 8000;
const FADE_MS = 250;
// The viewer says after ten seconds that there was none.
const NO_ANSWER_MS = 11000;

export class Markers {
  // `kept` returns the markers that stay: those of the object that is selected.
  constructor(kept = () => []) {
    this.kept = kept;
    this.markers = [];
  }

  // `marker`: tag, at (event time in ms), x and y or box, positive, object (0 for a new one).
  add(marker) {
    const until = marker.at + NO_ANSWER_MS;
    this.markers.push({ state: 'sent', generation: Infinity, ...marker, until });
  }

  find(tag) {
    return this.markers.find((marker) => marker.tag === tag);
  }

  accept(tag, object, generation) {
    const marker = this.find(tag);
    if (marker) Object.assign(marker, { state: 'accepted', object, generation });
    return marker;
  }

  refuse(tag, reason) {
    const marker = this.find(tag);
    const until = performance.now() + REFUSED_MS;
    if (marker) Object.assign(marker, { state: 'refused', reason, until });
    return marker;
  }

  // Fades out the markers whose mask is in the frame, and returns them.
  complete(frame) {
    const generations = new Map(frame.masks.map((mask) => [mask.object, mask.generation]));
    const until = performance.now() + FADE_MS;
    const complete = this.markers.filter(
      (marker) => marker.state === 'accepted' && generations.get(marker.object) >= marker.generation,
    );
    for (const marker of complete) Object.assign(marker, { state: 'complete', until });
    return complete;
  }

  clear() {
    this.markers = [];
  }

  // The markers to be drawn now, each with its opacity.
  visible() {
    const now = performance.now();
    this.markers = this.markers.filter((marker) => now < marker.until);
    const passing = this.markers.map((marker) => ({
      ...marker,
      opacity: Math.min(1, (marker.until - now) / FADE_MS),
    }));
    return [...this.kept(), ...passing];
  }
}
