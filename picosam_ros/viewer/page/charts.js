// Latency: the total of the last seconds as a curve, and the stages one after another as bars.

import { element } from './elements.js';

const HISTORY = 80;

export class LatencyChart {
  constructor(root) {
    this.table = [];
    this.totals = [];
    this.rows = new Map();
    this.head = element('div', 'total');
    this.value = element('strong');
    this.canvas = element('canvas');
    this.canvas.setAttribute('role', 'img');
    this.head.append(this.value, this.canvas);
    this.stages = element('dl', 'stages');
    root.append(this.head, this.stages);
  }

  // `table`: name, label and meaning of each stage, in their order; the total is made of them.
  name(table) {
    this.table = table.filter(({ name }) => name !== 'total');
    this.head.title = table.find(({ name }) => name === 'total')?.meaning ?? '';
    this.rows.clear();
    this.stages.replaceChildren();
  }

  // `means`: milliseconds by stage. The headline is the sum of what the bars say, to the digit.
  show(means) {
    const bars = this.table
      .filter(({ name }) => means[name] !== undefined)
      .map(({ name }) => ({ name, tenths: Math.round(10 * means[name]) }));
    const tenths = bars.reduce((sum, bar) => sum + bar.tenths, 0);
    this.value.textContent = bars.length ? `${(tenths / 10).toFixed(1)} ms` : '–';
    this.totals.push(bars.length ? tenths / 10 : NaN);
    if (this.totals.length > HISTORY) this.totals.shift();
    this.canvas.setAttribute('aria-label', `total latency ${this.value.textContent}`);
    this.drawTotals();
    this.drawStages(bars);
  }

  drawTotals() {
    const density = window.devicePixelRatio || 1;
    const box = this.canvas.getBoundingClientRect();
    const [width, height] = [box.width * density, box.height * density];
    if (this.canvas.width !== Math.round(width)) this.canvas.width = Math.round(width);
    if (this.canvas.height !== Math.round(height)) this.canvas.height = Math.round(height);
    const context = this.canvas.getContext('2d');
    context.clearRect(0, 0, width, height);
    const known = this.totals.filter((value) => !Number.isNaN(value));
    const top = Math.max(20, 1.25 * Math.max(...known, 0));
    const x = (i) => width - ((this.totals.length - 1 - i) * width) / (HISTORY - 1);
    const y = (value) => height - density - ((height - 2 * density) * value) / top;
    context.strokeStyle = getComputedStyle(this.canvas).color;
    context.lineWidth = 1.5 * density;
    context.lineJoin = 'round';
    context.beginPath();
    let drawing = false;
    this.totals.forEach((value, i) => {
      if (!Number.isNaN(value)) context[drawing ? 'lineTo' : 'moveTo'](x(i), y(value));
      drawing = !Number.isNaN(value);
    });
    context.stroke();
  }

  drawStages(bars) {
    // Clocks that disagree make a stage negative: it is said, and has no length.
    const lengths = bars.map(({ tenths }) => Math.max(tenths, 0));
    const whole = Math.max(lengths.reduce((sum, length) => sum + length, 0), 1e-9);
    const present = new Set(bars.map(({ name }) => name));
    let offset = 0;
    for (const [name, row] of this.rows) row.root.hidden = !present.has(name);
    bars.forEach(({ name, tenths }, i) => {
      const row = this.row(name);
      row.bar.style.left = `${(100 * offset) / whole}%`;
      row.bar.style.width = `${(100 * lengths[i]) / whole}%`;
      row.value.textContent = (tenths / 10).toFixed(1);
      offset += lengths[i];
    });
  }

  row(name) {
    if (!this.rows.has(name)) {
      const { label, meaning } = this.table.find((stage) => stage.name === name);
      const root = element('div');
      const track = element('dd', 'track');
      const bar = element('span');
      const value = element('dd', 'number');
      const title = element('dt');
      title.textContent = label;
      root.title = meaning;
      track.append(bar);
      root.append(title, track, value);
      this.rows.set(name, { root, bar, value });
      // Keeps the order of the stages when one appears for the first time.
      const order = this.table.filter((stage) => this.rows.has(stage.name));
      this.stages.replaceChildren(...order.map((stage) => this.rows.get(stage.name).root));
    }
    return this.rows.get(name);
  }
}
