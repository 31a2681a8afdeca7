// How objects are shown: their names and colours, and the opacity of masks.

import { askedCamera } from './picker.js';

// Each camera has objects of its own.
const KEY = `picosam objects ${askedCamera}`.trim();
const OPACITIES = [0.42, 0.75, 0];

// The node knows ids only. Names and colours are kept in this tab, through reloads (sessionStorage),
// for as long as the object lives.
export class Appearance {
  constructor() {
    this.palette = [];
    this.opacity = OPACITIES[0];
    this.chosen = read();
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
    write(this.chosen);
  }

  // The object is gone, and its id may be given to another one.
  forget(object) {
    if (!this.chosen[object]) return;
    delete this.chosen[object];
    write(this.chosen);
  }

  // Returns the next opacity: as it is at first, strong, outline only.
  nextOpacity() {
    const known = OPACITIES.indexOf(this.opacity);
    return OPACITIES[(known + 1) % OPACITIES.length];
  }
}

// A browser may forbid storage: then they are kept until the page is closed.
function read() {
  try {
    return JSON.parse(sessionStorage.getItem(KEY)) ?? {};
  } catch {
    return {};
  }
}

function write(chosen) {
  try {
    sessionStorage.setItem(KEY, JSON.stringify(chosen));
  } catch {
    // Kept in this.chosen.
  }
}
