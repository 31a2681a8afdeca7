// Latency: the total of the last seconds as a curve, and the stages one after another as bars.

const HISTORY = 80;
const NAMES = {
  exposure: 'exposure',
  dnn: 'sensor: network',
  dsp: 'sensor: output',
  receive: 'receive',
  queue: 'queue',
  preprocess: 'preprocess',
  inference: 'inference',
  decode: 'decode, track',
  publish: 'publish',
};

export class LatencyChart {
  constructor(root) {
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

  show(stages) {
    const { total } = stages;
    this.value.textContent = total === undefined ? '–' : `${total.toFixed(0)} ms`;
    this.totals.push(total ?? NaN);
    if (this.totals.length > HISTORY) this.totals.shift();
    this.canvas.setAttribute('aria-label', `total latency ${this.value.textContent}`);
    this.drawTotals();
    this.drawStages(stages);
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

  drawStages(stages) {
    const present = Object.keys(NAMES).filter((name) => stages[name] !== undefined);
    const sum = present.reduce((all, name) => all + Math.max(stages[name], 0), 0);
    const whole = Math.max(stages.total ?? 0, sum, 1e-9);
    let offset = 0;
    for (const [name, row] of this.rows) row.root.hidden = !present.includes(name);
    for (const name of present) {
      const row = this.row(name);
      const length = Math.max(stages[name], 0);
      row.bar.style.left = `${(100 * offset) / whole}%`;
      row.bar.style.width = `${(100 * length) / whole}%`;
      row.value.textContent = length.toFixed(1);
      offset += length;
    }
  }

  row(name) {
    if (!this.rows.has(name)) {
      const root = element('div');
      const track = element('dd', 'track');
      const bar = element('span');
      const value = element('dd', 'number');
      const title = element('dt');
      title.textContent = NAMES[name];
      track.append(bar);
      root.append(title, track, value);
      this.rows.set(name, { root, bar, value });
      // Keeps the order of the stages when one appears for the first time.
      const order = Object.keys(NAMES).filter((known) => this.rows.has(known));
      this.stages.replaceChildren(...order.map((known) => this.rows.get(known).root));
    }
    return this.rows.get(name);
  }
}

export function element(kind, name = '') {
  const made = document.createElement(kind);
  if (name) made.className = name;
  return made;
}
