// How objects are shown: colours by their numbers, names by their labels.

const OPACITIES = [0.42, 0];

export class Look {
  constructor(palette) {
    this.palette = palette;
    this.names = new Map();
    this.opacity = OPACITIES[0];
  }

  // Two objects of a class are told apart by their numbers, as in the doubts.
  name(object) {
    return `${this.names.get(object) ?? ''} ${object}`.trim();
  }

  channels(object) {
    return this.palette[(object - 1) % this.palette.length];
  }

  colour(object, alpha = 1) {
    return `rgb(${this.channels(object).join(' ')} / ${alpha})`;
  }

  // Returns whether white is legible on the colour, and black is not.
  isDark(object) {
    const [red, green, blue] = this.channels(object);
    return 0.299 * red + 0.587 * green + 0.114 * blue < 100;
  }

  toggleFills() {
    this.opacity = OPACITIES[(OPACITIES.indexOf(this.opacity) + 1) % OPACITIES.length];
  }
}
