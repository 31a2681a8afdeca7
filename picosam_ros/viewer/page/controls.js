// The controls of the drawing: opacity of masks, zoom, and what a tap means on a touch screen.

import { keep } from './kept.js';

export class OpacityControl {
  constructor(slider, text, view) {
    Object.assign(this, { slider, text, view });
    slider.addEventListener('input', () => this.set(slider.value / 100));
    // Its own keys move no crosshair.
    slider.addEventListener('keydown', (event) => {
      if (/^(Arrow|Home|End|Page)/.test(event.key)) event.stopPropagation();
    });
    this.set(view.appearance.opacity);
  }

  next() {
    this.set(this.view.appearance.nextOpacity());
  }

  set(opacity) {
    this.view.appearance.opacity = opacity;
    keep('opacity', opacity);
    this.slider.value = Math.round(100 * opacity);
    this.text.textContent = opacity > 0 ? `masks ${this.slider.value} %` : 'outline only';
    this.view.draw();
  }
}

// A badge that shows the zoom, and resets it.
export function showZoom(badge, view) {
  badge.addEventListener('click', () => view.resetZoom());
  view.onZoom = (zoom) => {
    badge.hidden = zoom === 1;
    badge.textContent = `${zoom.toFixed(1)}×`;
  };
}

// There are no keys on a touch screen: a switch says whether a tap is a new object, or a positive or
// negative point of the selected one.
export class TapSwitch {
  constructor(root) {
    this.buttons = [...root.querySelectorAll('button')];
    for (const button of this.buttons) {
      button.addEventListener('click', () => this.choose(button.value));
    }
    this.choose('new');
  }

  choose(value) {
    this.value = value;
    for (const button of this.buttons) {
      button.setAttribute('aria-pressed', String(button.value === value));
    }
  }

  // Returns the options of a click, whose keys go first.
  apply(options) {
    if (options.refine || this.value === 'new') return options;
    return { ...options, positive: this.value === 'add', refine: true };
  }
}
