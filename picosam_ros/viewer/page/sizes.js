// Requests for a larger or smaller object that have no mask yet.

import { areaOf } from './outline.js';

// An object that is less than so much larger is the same one.
const STEP_IN_AREA = 1.15;

export class SizeSteps {
  constructor() {
    this.steps = new Map();
  }

  // `direction`: 1 for a larger object, -1 for a smaller one.
  add(tag, object, direction, frame) {
    this.steps.set(tag, { object, direction, area: areaOf(maskOf(frame, object)?.outline ?? []) });
  }

  accept(tag, generation) {
    const step = this.steps.get(tag);
    if (step) step.generation = generation;
  }

  refuse(tag) {
    this.steps.delete(tag);
  }

  // The object is gone, and its id may be given to another one.
  forget(object) {
    for (const [tag, step] of this.steps) if (step.object === object) this.steps.delete(tag);
  }

  // Removes the steps whose masks are in the frame, and returns those that changed nothing.
  complete(frame) {
    const vain = [];
    for (const [tag, step] of this.steps) {
      const mask = maskOf(frame, step.object);
      if (!(mask?.generation >= step.generation)) continue;
      this.steps.delete(tag);
      const growth = areaOf(mask.outline) / step.area;
      if ((step.direction > 0 ? growth : 1 / growth) < STEP_IN_AREA) vain.push({ ...step, mask });
    }
    return vain;
  }
}

function maskOf(frame, object) {
  return frame?.masks.find((mask) => mask.object === object);
}
