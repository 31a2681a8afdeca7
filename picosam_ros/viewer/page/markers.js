// What the user pointed at and has no mask yet, or was refused: points and boxes on the picture.

const REFUSED_MS = 8000;
const FADE_MS = 250;
const SILENT_MS = 4000;

export class Marks {
  constructor() {
    this.marks = [];
  }

  // `mark`: tag, at (event time in ms), x and y or box, positive, object (0 for a new one).
  add(mark) {
    this.marks.push({ state: 'sent', generation: Infinity, ...mark, until: mark.at + SILENT_MS });
  }

  find(tag) {
    return this.marks.find((mark) => mark.tag === tag);
  }

  accepted(tag, object, generation) {
    const mark = this.find(tag);
    if (mark) Object.assign(mark, { state: 'accepted', object, generation });
    return mark;
  }

  refused(tag, reason) {
    const mark = this.find(tag);
    if (mark) Object.assign(mark, { state: 'refused', reason, until: performance.now() + REFUSED_MS });
    return mark;
  }

  // Drops those whose mask is in the scene, and returns them.
  seen(scene) {
    const generations = new Map(scene.masks.map((mask) => [mask.object, mask.generation]));
    const now = performance.now();
    const seen = this.marks.filter(
      (mark) => mark.state === 'accepted' && generations.get(mark.object) >= mark.generation,
    );
    for (const mark of seen) Object.assign(mark, { state: 'seen', until: now + FADE_MS });
    return seen;
  }

  clear() {
    this.marks = [];
  }

  // Those that are to be drawn now, each with its opacity.
  visible() {
    const now = performance.now();
    this.marks = this.marks.filter((mark) => now < mark.until);
    return this.marks.map((mark) => ({
      ...mark,
      opacity: Math.min(1, (mark.until - now) / FADE_MS),
    }));
  }
}
