// How objects are shown: their names and colours, and the opacity of masks.

import { keep, kept } from './kept.js';

const OPACITIES = [0.42, 0.75, 0];

// The node knows ids only. Names and colours are kept in this tab for as long as the object lives.
export class Appearance {
  constructor() {
    this.palette = [];
    this.opacity = kept('opacity', OPACITIES[0]);
    this.camera = null;
    this.chosen = {};
  }

  // Each camera has objects of its own.
  begin(camera) {
    if (this.camera === camera) return;
    this.camera = camera;
    this.chosen = kept(this.key, {});
  }

  get key() {
    return `objects ${this.camera}`;
  }

  // Returns the CSS colour of an object; white before there is one.
  colour(object, alpha = 1) {
    if (!object || !this.palette.length) return `rgb(255 255 255 / ${alpha})`;
    return `rgb(${this.channels(object).join(' ')} / ${alpha})`;
  }

  channels(object) {
    return this.chosen[object]?.colour ?? this.palette[(object - 1) % this.palette.length];
  }

  // Returns the colour as a colour picker has it.
  hex(object) {
    const digits = (value) => value.toString(16).padStart(2, '0');
    return `#${(this.palette.length ? this.channels(object) : [255, 255, 255]).map(digits).join('')}`;
  }

  // Returns whether white is legible on the colour, and black is not.
  isDark(object) {
    if (!this.palette.length) return false;
    const [red, green, blue] = this.channels(object);
    return 0.299 * red + 0.587 * green + 0.114 * blue < 100;
  }

  // Returns '' if it has none.
  name(object) {
    return this.chosen[object]?.name ?? '';
  }

  rename(object, name) {
    this.set(object, { name: name.trim() });
  }

  recolour(object, hex) {
    const colour = [1, 3, 5].map((start) => parseInt(hex.slice(start, start + 2), 16));
    this.set(object, { colour });
  }

  set(object, fields) {
    this.chosen[object] = { ...this.chosen[object], ...fields };
    keep(this.key, this.chosen);
  }

  // The object is gone, and its id may be given to another one.
  forget(object) {
    if (!this.chosen[object]) return;
    delete this.chosen[object];
    keep(this.key, this.chosen);
  }

  // Returns the next opacity: as it is at first, strong, outline only.
  nextOpacity() {
    const known = OPACITIES.indexOf(this.opacity);
    return OPACITIES[(known + 1) % OPACITIES.length];
  }
}
