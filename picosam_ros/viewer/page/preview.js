// The mask of what is under the pointer, before any click; computed by the engine.

import { toPath } from './outline.js';

// A pointer that rests is asked for again, as the image moves on; after a while it is left alone.
const REST_MS = 400;
const LEFT_ALONE_MS = 5000;
// While objects are followed, a look costs their masks some time: one for each rest of the pointer.
const SETTLED_MS = 200;
// In pixels of the image.
const NEAR = 24;

// `ask(prompts, stamp)` returns a tag; at most one request is on its way.
export class Preview {
  constructor(view, ask) {
    Object.assign(this, { view, ask });
    this.enabled = true;
    // What the engine allows.
    this.possible = true;
    this.at = null;
    this.mask = null;
    this.reset();
  }

  // The pointer is there, or nowhere.
  move(at) {
    this.at = at;
    this.movedAt = performance.now();
    if (!at || (this.mask && !this.isNear())) this.show(null);
    this.next();
  }

  toggle(enabled = !this.enabled) {
    this.enabled = enabled;
    this.show(null);
    this.next();
  }

  // The connection was lost: nothing is answered any more.
  reset() {
    this.tag = 0;
    this.asked = null;
    this.answeredAt = 0;
  }

  // Asks for the place of the pointer on the image that is shown, if that is not answered yet.
  next() {
    const { at, view } = this;
    if (this.tag || !at || !view.frame || !this.enabled || !this.possible) return;
    const { stamp } = view.frame;
    const rests = this.asked && at.x === this.asked.x && at.y === this.asked.y;
    const now = performance.now();
    if (rests && stamp === this.asked.stamp) return;
    if (view.frame.masks.length) {
      clearTimeout(this.timer);
      if (rests) return;
      const wait = this.movedAt + SETTLED_MS - now;
      if (wait > 0) {
        this.timer = setTimeout(() => this.next(), wait);
        return;
      }
    }
    if (rests && (now - this.answeredAt < REST_MS || now - this.movedAt > LEFT_ALONE_MS)) return;
    this.tag = this.ask([{ points: [{ x: at.x, y: at.y }] }], stamp);
    if (this.tag) this.asked = { ...at, stamp };
  }

  answer({ tag, masks }) {
    if (tag !== this.tag) return;
    this.tag = 0;
    this.answeredAt = performance.now();
    const wanted = this.enabled && this.possible && this.at;
    const [mask] = masks;
    this.show(wanted && mask?.outline.length ? { path: toPath(mask.outline), of: this.asked } : null);
    if (this.mask && !this.isNear()) this.show(null);
    this.next();
  }

  isNear() {
    const { at, mask } = this;
    return Math.hypot(at.x - mask.of.x, at.y - mask.of.y) < NEAR || this.view.isIn(mask.path, at);
  }

  show(mask) {
    if (!mask && !this.mask) return;
    this.mask = mask;
    this.view.draw();
  }

  // Draws it; `unit`: canvas pixels of a pixel of the page.
  draw(context, viewport, unit) {
    if (!this.mask) return;
    const { path } = this.mask;
    const { scale, left, top } = viewport;
    context.save();
    // The centre of the first pixel is half a pixel off the image's corner.
    context.setTransform(scale, 0, 0, scale, (0.5 - left) * scale, (0.5 - top) * scale);
    context.lineJoin = 'round';
    context.fillStyle = 'rgb(255 255 255 / 0.3)';
    context.fill(path, 'evenodd');
    context.strokeStyle = 'rgb(24 24 28 / 0.7)';
    context.lineWidth = (3 * unit) / scale;
    context.stroke(path);
    context.setLineDash([(5 * unit) / scale, (4 * unit) / scale]);
    context.strokeStyle = 'white';
    context.lineWidth = (1.5 * unit) / scale;
    context.stroke(path);
    context.restore();
  }
}
