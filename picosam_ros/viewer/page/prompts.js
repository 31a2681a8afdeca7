// What the user pointed at, by object. The points go along with the object's mask.

import { boundsOf, centroidOf } from './outline.js';

const NOWHERE = { x: 0, y: 0 };
// A mask's rim flickers by this much, in pixels of the image, while its object keeps still.
const STILL = 2;

// A prompt: points (x, y, positive), box or null, step; `shift` is how far its object had moved
// since its first mask, when these were its points.
export class ObjectPrompts {
  constructor() {
    this.known = new Map();
  }

  get(object) {
    const known = this.known.get(object);
    if (!known) return null;
    const { points, box, step, shift } = known;
    return { points, box, step, shift };
  }

  set(object, prompt) {
    if (prompt) this.known.set(object, { ...this.known.get(object), ...prompt });
    else this.known.delete(object);
  }

  // Returns a prompt of before as it holds now.
  moved(object, prompt) {
    const shift = this.known.get(object)?.shift ?? prompt.shift;
    return { ...moved(prompt, shift.x - prompt.shift.x, shift.y - prompt.shift.y), shift };
  }

  // Moves the prompts of a frame's objects with their masks.
  update(frame) {
    for (const mask of frame.masks) {
      const known = this.known.get(mask.object);
      if (!known || !mask.outline.length) continue;
      const centre = centroidOf(mask.outline);
      // Where the user changed the mask, its centre is another one, and nothing has moved.
      if (known.centre && known.generation === mask.generation) {
        const [x, y] = [centre.x - known.centre.x, centre.y - known.centre.y];
        if (Math.hypot(x, y) < STILL) continue;
        const shift = { x: known.shift.x + x, y: known.shift.y + y };
        Object.assign(known, moved(known, x, y), { shift });
      }
      Object.assign(known, { centre, generation: mask.generation });
    }
  }

  // Returns the markers of an object.
  markers(object) {
    const { points = [], box = null } = this.known.get(object) ?? {};
    const all = points.map((point) => ({ ...point, object, opacity: 1 }));
    return box ? [{ box, object, positive: true, opacity: 1 }, ...all] : all;
  }
}

export function promptOf({ points = [], box = null, step = 0 }) {
  return { points, box, step, shift: NOWHERE };
}

// Returns a prompt for an object that somebody else pointed at.
export function promptAround(mask) {
  const { left, right, top, bottom } = boundsOf(mask.outline);
  return promptOf({ box: { x0: left, y0: top, x1: right, y1: bottom } });
}

function moved({ points, box, step }, x, y) {
  return {
    points: points.map((point) => ({ ...point, x: point.x + x, y: point.y + y })),
    box: box && { x0: box.x0 + x, y0: box.y0 + y, x1: box.x1 + x, y1: box.y1 + y },
    step,
  };
}
