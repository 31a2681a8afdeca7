// Texts for the user: on the image for a while, and in a list to be read afterwards.

import { element, setText } from './elements.js';

const SHOWN_MS = 6000;
const KEPT = 20;

export class Notices {
  // `bubbles`: over the image of `view`; `section`: of `list`, hidden until there is a text.
  constructor(view, bubbles, section, list) {
    Object.assign(this, { view, bubbles, section, list });
  }

  // Shows a text on the image, beside a marker if there is one, and keeps it.
  say(marker, text) {
    this.add(text);
    const { view, bubbles } = this;
    // Said again, it moves.
    for (const said of bubbles.children) if (said.textContent === text) said.remove();
    const message = element('p', 'bubble');
    message.textContent = text;
    bubbles.append(message);
    const stage = view.stage.getBoundingClientRect();
    const { left, top } = this.place(marker) ?? { left: stage.width / 2, top: stage.height * 0.9 };
    const size = message.getBoundingClientRect();
    const right = stage.width - size.width - 8;
    message.style.left = `${Math.min(Math.max(left - size.width / 2, 8), right)}px`;
    const below = top + 16 + size.height < stage.height;
    message.style.top = `${below ? top + 16 : Math.max(top - 16 - size.height, 8)}px`;
    setTimeout(() => message.remove(), SHOWN_MS);
  }

  // Returns where a text about a marker, or none, is on the image; null without an image.
  place(marker) {
    const { frame } = this.view;
    if (!frame) return null;
    const anchor = marker?.box ? { x: marker.box.x0, y: marker.box.y1 } : marker;
    const { x, y } = anchor ?? { x: frame.width / 2, y: frame.height * 0.9 };
    return this.view.toStage(x, y);
  }

  // Keeps a text; said again, it is counted and comes first.
  add(text) {
    const known = [...this.list.children].find((row) => row.dataset.text === text);
    const row = known ?? makeRow(text);
    row.dataset.count = Number(row.dataset.count) + 1;
    setText(row.querySelector('time'), new Date().toLocaleTimeString([], { hour12: false }));
    setText(row.querySelector('.count'), row.dataset.count > 1 ? `${row.dataset.count} ×` : '');
    this.list.prepend(row);
    while (this.list.children.length > KEPT) this.list.lastChild.remove();
    this.section.hidden = false;
  }
}

function makeRow(text) {
  const row = element('li');
  const [time, said, count] = [element('time'), element('span'), element('span', 'count')];
  said.textContent = text;
  Object.assign(row.dataset, { text, count: 0 });
  row.append(time, said, count);
  return row;
}
