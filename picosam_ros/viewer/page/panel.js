// The list of objects and the diagnostics beside the image.

import { element } from './charts.js';

// How long a removed object stays in the list, with the reason.
const REMOVED_MS = 8000;
const LEVELS = ['ok', 'warn', 'error', 'stale'];
const ICONS = { ok: '✓', warn: '▲', error: '✕', stale: '◌' };

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
      present.add(mask.object);
      const state = mask.outline.length ? 'tracked' : 'outside the image';
      const { score, engine, candidates } = mask;
      this.set(mask.object, { state, score, engine, candidates, until: Infinity });
    }
    for (const { object, reason } of frame.unanswered) {
      present.add(object);
      this.set(object, { state: 'no mask', reason, until: Infinity });
    }
    const now = performance.now();
    for (const [object, known] of this.objects) {
      if (present.has(object)) continue;
      if (known.until === Infinity || known.until < now) this.objects.delete(object);
    }
    this.draw();
  }

  // Shows an answer that ends an object, or a note about one.
  report(object, state, reason) {
    const known = this.objects.get(object);
    const until = performance.now() + REMOVED_MS;
    if (state === 'lost' || !known || known.until !== Infinity) {
      this.set(object, { state, reason, score: undefined, until });
    } else {
      this.set(object, { note: reason, noteUntil: until });
    }
    this.draw();
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
    const text = noteUntil > performance.now() ? note : reason;
    row.root.dataset.state = state;
    row.choose.setAttribute('aria-pressed', String(object === this.view.selected));
    setText(row.state, state);
    setText(row.score, score === undefined ? '' : score.toFixed(2));
    row.bar.style.width = `${100 * (score ?? 0)}%`;
    row.bar.style.background = row.chip.style.background = this.view.colour(object);
    setText(row.reason, text);
    row.reason.hidden = !text;
    row.smaller.hidden = row.larger.hidden = state !== 'tracked' || !(candidates > 1);
    row.remove.hidden = state === 'lost' || state === 'refused';
  }

  row(object) {
    if (this.rows.has(object)) return this.rows.get(object);
    const parts = {
      root: element('li'),
      choose: element('button', 'choose'),
      chip: element('span', 'chip'),
      state: element('span', 'state'),
      score: element('span', 'number'),
      track: element('span', 'track'),
      bar: element('span'),
      smaller: element('button', 'step'),
      larger: element('button', 'step'),
      remove: element('button', 'remove'),
      reason: element('p', 'reason'),
    };
    parts.root.dataset.object = object;
    parts.chip.textContent = object;
    parts.track.append(parts.bar);
    for (const name of ['choose', 'smaller', 'larger', 'remove']) parts[name].type = 'button';
    parts.choose.append(parts.chip, parts.state, parts.track, parts.score);
    parts.choose.addEventListener('click', () => this.on.select(object));
    for (const [name, text, step] of [['smaller', '−', -1], ['larger', '+', 1]]) {
      parts[name].textContent = text;
      parts[name].title = `the next ${name} object at this place`;
      parts[name].setAttribute('aria-label', `${name} object ${object}`);
      parts[name].addEventListener('click', () => this.on.step(object, step));
    }
    parts.remove.textContent = '×';
    parts.remove.setAttribute('aria-label', `remove object ${object}`);
    parts.remove.addEventListener('click', () => this.on.remove(object));
    const { choose, smaller, larger, remove, reason } = parts;
    parts.root.append(choose, smaller, larger, remove, reason);
    this.rows.set(object, parts);
    return parts;
  }
}

export class Diagnostics {
  constructor(list) {
    this.list = list;
    this.rows = new Map();
  }

  show(components) {
    for (const component of components) {
      const row = this.row(component.name);
      const level = LEVELS[component.level] ?? 'stale';
      row.root.dataset.level = level;
      setText(row.icon, ICONS[level]);
      setText(row.message, component.message);
      row.values.replaceChildren(...facts(component.values));
    }
  }

  row(name) {
    if (this.rows.has(name)) return this.rows.get(name);
    const root = element('li');
    const details = element('details');
    const summary = element('summary');
    const [icon, title, message] = [element('span', 'icon'), element('strong'), element('span')];
    const values = element('dl', 'facts');
    title.textContent = name;
    message.className = 'message';
    summary.append(icon, title, message);
    details.append(summary, values);
    root.append(details);
    this.list.append(root);
    this.rows.set(name, { root, icon, message, values });
    return this.rows.get(name);
  }
}

// Returns the elements of a <dl> for names and their values.
export function facts(values) {
  return Object.entries(values).flatMap(([key, value]) => {
    const [term, description] = [element('dt'), element('dd')];
    term.textContent = key;
    description.textContent = value;
    return [term, description];
  });
}

// Avoids a layout where the text is the same.
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text ?? '';
}
