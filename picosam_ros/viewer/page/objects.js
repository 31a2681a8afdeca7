// The list of objects beside the image.

import { element, setText } from './elements.js';
import { askName } from './naming.js';
import { SURE } from './outline.js';

// How long a removed object stays in the list, with the reason.
const REMOVED_MS = 8000;

export class ObjectList {
  // `on`: select(object), remove(object), step(object, 1 or -1).
  constructor(list, hint, view, on) {
    Object.assign(this, { list, hint, view, on });
    this.objects = new Map();
    this.rows = new Map();
  }

  update(frame) {
    const present = new Set();
    for (const mask of frame.masks) {
      // A frame that was on its way when the object was lost.
      if (mask.generation <= this.objects.get(mask.object)?.lost) continue;
      present.add(mask.object);
      const state = mask.outline.length ? 'tracked' : 'outside the image';
      const { score, engine, candidates } = mask;
      this.set(mask.object, { state, score, engine, candidates, until: Infinity, lost: undefined });
    }
    for (const { object, reason } of frame.unanswered) {
      if (this.objects.get(object)?.lost !== undefined) continue;
      present.add(object);
      this.set(object, { state: 'no mask', reason, until: Infinity });
    }
    const now = performance.now();
    for (const [object, known] of this.objects) {
      if (present.has(object)) continue;
      if (known.until !== Infinity && known.until >= now) continue;
      this.objects.delete(object);
      // All were removed, or the node was restarted.
      if (frame.segmented) this.view.appearance.forget(object);
    }
    this.draw();
  }

  // Shows an answer that ends an object, or a note about one; `generation` is that of a lost one.
  report(object, state, reason, generation) {
    const known = this.objects.get(object);
    const until = performance.now() + REMOVED_MS;
    if (state === 'lost' || !known || known.until !== Infinity) {
      const lost = state === 'lost' ? generation : undefined;
      this.set(object, { state, reason, score: undefined, until, lost });
    } else {
      this.set(object, { note: reason, noteUntil: until });
    }
    this.draw();
  }

  // A new prompt has taken the number of one that may have been lost.
  accept(object) {
    if (this.objects.has(object)) this.set(object, { lost: undefined });
  }

  set(object, fields) {
    this.objects.set(object, { reason: '', ...this.objects.get(object), ...fields });
    if (fields.state === 'tracked') this.objects.get(object).reason = '';
  }

  draw() {
    this.hint.hidden = this.objects.size > 0;
    const ids = [...this.objects.keys()].sort((a, b) => a - b);
    for (const [object, row] of this.rows) {
      if (this.objects.has(object)) continue;
      row.root.remove();
      this.rows.delete(object);
    }
    ids.forEach((object, i) => {
      const row = this.row(object);
      const present = this.list.children[i];
      this.fill(row, object, this.objects.get(object));
      if (present !== row.root) this.list.insertBefore(row.root, present);
    });
  }

  fill(row, object, { state, score, candidates, reason, note, noteUntil }) {
    const { appearance } = this.view;
    const text = noteUntil > performance.now() ? note : reason;
    row.root.dataset.state = state;
    row.choose.setAttribute('aria-pressed', String(object === this.view.selected));
    // Of an object that is gone, the name that it had.
    if (state !== 'lost') setText(row.name, appearance.name(object));
    row.name.hidden = !row.name.textContent;
    row.choose.title = `${row.name.textContent || `object ${object}`}: double click for a name`;
    setText(row.state, state === 'tracked' && score < SURE ? 'unsure' : state);
    setText(row.score, score === undefined ? '' : score.toFixed(2));
    row.bar.style.width = `${100 * (score ?? 0)}%`;
    row.bar.style.background = row.chip.style.background = appearance.colour(object);
    row.chip.classList.toggle('dark', appearance.isDark(object));
    setText(row.reason, text);
    row.reason.hidden = !text;
    row.smaller.hidden = row.larger.hidden = state !== 'tracked' || !(candidates > 1);
    row.remove.hidden = state === 'lost' || state === 'refused';
  }

  // Opens the field for an object's name.
  askName(object) {
    const { root, choose } = this.row(object);
    choose.hidden = true;
    askName(root, this.view.appearance.name(object), (name) => {
      choose.hidden = false;
      if (name !== null) this.rename(object, name);
    });
  }

  rename(object, name) {
    this.view.appearance.rename(object, name);
    this.redraw();
  }

  recolour(object, hex) {
    this.view.appearance.recolour(object, hex);
    this.redraw();
  }

  redraw() {
    this.draw();
    this.view.draw();
  }

  row(object) {
    if (!this.rows.has(object)) this.rows.set(object, this.makeRow(object));
    return this.rows.get(object);
  }

  makeRow(object) {
    const parts = {
      root: element('li'),
      chip: element('label', 'chip'),
      picker: element('input', 'unseen'),
      choose: element('button', 'choose'),
      name: element('strong', 'name'),
      state: element('span', 'state'),
      track: element('span', 'track'),
      bar: element('span'),
      score: element('span', 'number'),
      smaller: element('button', 'step'),
      larger: element('button', 'step'),
      remove: element('button', 'remove'),
      reason: element('p', 'reason'),
    };
    const { root, chip, picker, choose, name, state, track, bar, score } = parts;
    const { smaller, larger, remove, reason } = parts;
    root.dataset.object = object;
    chip.append(String(object), picker);
    chip.title = `colour of object ${object}`;
    picker.type = 'color';
    picker.setAttribute('aria-label', chip.title);
    picker.addEventListener('focus', () => (picker.value = this.view.appearance.hex(object)));
    picker.addEventListener('input', () => this.recolour(object, picker.value));
    for (const button of [choose, smaller, larger, remove]) button.type = 'button';
    track.append(bar);
    choose.append(name, state, track, score);
    choose.addEventListener('click', () => this.on.select(object));
    choose.addEventListener('dblclick', () => this.askName(object));
    for (const [size, text, step] of [['smaller', '−', -1], ['larger', '+', 1]]) {
      parts[size].textContent = text;
      parts[size].title = `the next ${size} object at this place`;
      parts[size].setAttribute('aria-label', `${size} object ${object}`);
      parts[size].addEventListener('click', () => this.on.step(object, step));
    }
    remove.textContent = '×';
    remove.setAttribute('aria-label', `remove object ${object}`);
    remove.addEventListener('click', () => this.on.remove(object));
    root.append(chip, choose, smaller, larger, remove, reason);
    return parts;
  }
}
