// The state of each component, folded while all is well.

import { element, setText } from './elements.js';

const LEVELS = ['ok', 'warn', 'error', 'stale'];
const ICONS = { ok: '✓', warn: '▲', error: '✕', stale: '◌' };
// Of several, the worst is told.
const WORST_FIRST = ['error', 'warn', 'stale', 'ok'];
const WORDS = { warn: 'warning', error: 'error', stale: 'stale' };

export class Diagnostics {
  // `fold`: the <details> around `list`; `state`: says in a word how all of them are.
  constructor(fold, state, list) {
    Object.assign(this, { fold, state, list });
    this.rows = new Map();
  }

  show(components) {
    const levels = components.map((component) => this.fill(component));
    const worst = WORST_FIRST.find((level) => levels.includes(level)) ?? 'stale';
    openOnChange(this.fold, worst);
    setText(this.state, components.length ? `${ICONS[worst]} ${summary(levels)}` : 'no report');
  }

  fill(component) {
    const row = this.row(component.name);
    const level = LEVELS[component.level] ?? 'stale';
    openOnChange(row.details, level);
    row.root.dataset.level = level;
    setText(row.icon, ICONS[level]);
    setText(row.message, component.message);
    row.values.replaceChildren(...facts(component.values));
    return level;
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
    this.rows.set(name, { root, details, icon, message, values });
    return this.rows.get(name);
  }
}

// Opens with trouble and folds when it is over; in between it is the user's.
function openOnChange(details, level) {
  if (details.dataset.level === level) return;
  details.dataset.level = level;
  details.open = level !== 'ok';
}

function summary(levels) {
  const told = WORST_FIRST.filter((level) => level !== 'ok' && levels.includes(level));
  const counted = told.map((level) => {
    const count = levels.filter((each) => each === level).length;
    return `${count} ${WORDS[level]}${count > 1 && level !== 'stale' ? 's' : ''}`;
  });
  return counted.join(', ') || 'all well';
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
