// The diagnostics beside the image.

import { element } from './charts.js';

const LEVELS = ['ok', 'warn', 'error', 'stale'];
const ICONS = { ok: '✓', warn: '▲', error: '✕', stale: '◌' };

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
