// All things in the image that is shown, as thin outlines; a click takes one of them as an object.

import { setText } from './elements.js';
import { toShapes } from './outline.js';
import { HALO } from './pen.js';

// How long may be looked for them.
const BUDGET_S = 2.5;

export class Everything {
  // `button` starts and ends it; `state` shows how far it is: a text, and a bar in `.track`.
  // `actions`: ask(fields, stamp) returns a tag, or 0; freeze(wanted) returns whether that changed
  // anything; take(box, at) makes an object; say(text); announce(text).
  constructor(view, button, state, actions) {
    Object.assign(this, { view, button, state, actions });
    this.bar = state.querySelector('.track span');
    this.text = state.querySelector('p');
    this.things = [];
    this.under = null;
    this.active = false;
    button.addEventListener('click', () => this.toggle());
  }

  toggle() {
    if (this.active) this.end();
    else if (!this.button.disabled && this.view.frame) this.begin();
  }

  begin() {
    const { stamp } = this.view.frame;
    this.tag = this.actions.ask({ everything: true, budget: BUDGET_S }, stamp);
    if (!this.tag) return;
    this.froze = this.actions.freeze(true);
    this.set(true);
    this.tell(`looking for everything, for ${BUDGET_S} s`);
    this.bar.parentElement.hidden = false;
    const grow = [{ width: '0' }, { width: '100%' }];
    this.bar.animate(grow, { duration: 1000 * BUDGET_S, fill: 'forwards' });
  }

  // Ends it; the image goes on if this has frozen it.
  end() {
    if (!this.active) return;
    this.tag = 0;
    this.things = [];
    this.under = null;
    this.set(false);
    if (this.froze) this.actions.freeze(false);
    this.view.draw();
  }

  set(active) {
    this.active = active;
    this.state.hidden = !active;
    this.button.setAttribute('aria-pressed', String(active));
  }

  // Returns whether it is the answer to what was asked here.
  answer({ tag, masks, asked, planned, reason }) {
    if (!this.tag || tag !== this.tag) return false;
    this.tag = 0;
    this.bar.parentElement.hidden = true;
    if (reason) {
      this.end();
      this.actions.say(reason);
      return true;
    }
    // The large ones first: their parts lie on top.
    this.things = toShapes(masks).sort((a, b) => b.area - a.area);
    const count = this.things.length === 1 ? '1 thing' : `${this.things.length} things`;
    const touch = matchMedia('(pointer: coarse)').matches;
    const hint = touch ? 'tap one' : 'click one to take it, esc ends';
    this.tell(`${count} · ${asked} of ${planned} clicks answered · ${hint}`);
    this.view.draw();
    return true;
  }

  tell(text) {
    setText(this.text, text);
    this.actions.announce(text);
  }

  // The pointer is there, or nowhere.
  hover(at) {
    const under = at && this.at(at);
    if (under === this.under) return;
    this.under = under;
    this.view.draw();
  }

  // Returns the smallest thing at a pixel; null if there is none.
  at({ x, y }) {
    return this.things.findLast(({ path }) => this.view.isIn(path, { x, y })) ?? null;
  }

  // Takes the thing at a pixel; returns whether there is one.
  take(x, y, time) {
    const thing = this.at({ x, y });
    if (!thing) return false;
    const { width, height } = this.view.frame;
    const { left, top, right, bottom } = thing.bounds;
    const x1 = Math.min(right, width - 1);
    const y1 = Math.min(bottom, height - 1);
    this.actions.take({ x0: Math.max(left, 0), y0: Math.max(top, 0), x1, y1 }, time);
    this.things = this.things.filter((each) => each !== thing);
    this.under = null;
    return true;
  }

  // Draws the outlines; `unit`: canvas pixels of a pixel of the page.
  draw(context, viewport, unit) {
    const { scale, left, top } = viewport;
    context.save();
    // The centre of the first pixel is half a pixel off the image's corner.
    context.setTransform(scale, 0, 0, scale, (0.5 - left) * scale, (0.5 - top) * scale);
    context.lineJoin = 'round';
    const stroke = (path, colour, width) => {
      context.strokeStyle = colour;
      context.lineWidth = (width * unit) / scale;
      context.stroke(path);
    };
    for (const thing of this.things) {
      const line = thing === this.under ? 2 : 1;
      if (thing === this.under) {
        context.fillStyle = 'rgb(255 255 255 / 0.3)';
        context.fill(thing.path, 'evenodd');
      }
      stroke(thing.path, HALO, line + 1.5);
      stroke(thing.path, 'rgb(235 235 240)', line);
    }
    context.restore();
  }
}
