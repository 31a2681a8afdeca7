// The labels of objects: each on its own object, or beside it with a line where that is too small.

import { overlap, signedDistance } from './outline.js';
import { poleOf } from './pole.js';

const FONT = '600 12px system-ui, sans-serif';
const HEIGHT = 20;
// Lines above or below the pole.
const LINES = [0, 1, -1];
// Radius of a point's marker, and some room.
const MARK = 9;
const LONGEST_NAME = 24;
// Of an object's area, that its label may cover.
const LARGEST_SHARE = 0.3;
// From the rim of an object to labels beside it.
const GAPS = [8, 30, 52];

// Positions and sizes of labels are in pixels of the page, those of shapes in pixels of the image.
export class Labels {
  constructor() {
    this.poles = new Map();
    this.placed = [];
  }

  // Returns the object whose label is at a position; 0 if there is none.
  at(x, y) {
    const hit = ({ left, right, top, bottom }) => left <= x && x < right && top <= y && y < bottom;
    return this.placed.find(hit)?.object ?? 0;
  }

  of(object) {
    return this.placed.find((label) => label.object === object);
  }

  // Chooses the places. Where there is no room left, an object has no label.
  // `points`: of prompts, which labels are not to cover.
  place(context, shapes, viewport, { appearance, selected, unit, points }) {
    context.font = FONT;
    this.placed = [];
    const room = { left: 2, top: 2, right: viewport.canvas.width / unit - 2 };
    room.bottom = viewport.canvas.height / unit - 2;
    const marks = points.map((point) => markAt(toPage(point, viewport, unit)));
    const isSelected = ({ object }) => Number(object === selected);
    const order = shapes.toSorted((a, b) => isSelected(b) - isSelected(a) || b.area - a.area);
    const poles = new Map(order.map((shape) => [shape.object, this.pole(shape, shapes, viewport)]));
    this.poles = poles;
    for (const shape of order) {
      const pole = poles.get(shape.object);
      if (!(pole.distance > 0)) continue;
      const label = this.choose(shape, pole, textsOf(shape, appearance.name(shape.object)), {
        width: (text) => Math.ceil(context.measureText(text).width) + 28,
        others: shapes.filter((other) => other !== shape),
        viewport,
        unit,
        room,
        marks,
      });
      if (label) this.placed.push({ object: shape.object, ...label });
    }
  }

  // Of what is seen of the object; of all of it in the view where others hide it.
  pole(shape, shapes, viewport) {
    const shown = viewport.bounds();
    const part = signedDistance(shape.part);
    const inView = (x, y) =>
      Math.min(part(x, y), x - shown.left, shown.right - x, y - shown.top, shown.bottom - y);
    const better = shapes
      .filter((other) => isBetter(other, shape) && overlap(other.bounds, shape.bounds))
      .map(({ whole }) => signedDistance(whole));
    const seen = (x, y) => better.reduce((least, far) => Math.min(least, -far(x, y)), inView(x, y));
    const box = intersection(shape.bounds, shown);
    const last = this.poles.get(shape.object);
    const pole = poleOf(seen, box, last);
    return pole.distance > 0 || !better.length ? pole : poleOf(inView, box, last);
  }

  // On the object, with its score if there is room; else beside it, with a line.
  choose(shape, pole, texts, { width, others, viewport, unit, room, marks }) {
    const at = toPage(pole, viewport, unit);
    const scale = viewport.scale / unit;
    const isFree = (box) =>
      isWithin(box, room) && !this.placed.some((other) => overlap(grown(box), other));
    // At the pole, or a line above or below it, where a point of the prompt is there.
    const onObject = texts
      .filter((text) => fits(width(text), pole.distance * scale, shape.area * scale ** 2))
      .flatMap((text) => {
        const shifts = LINES.filter((line) => !line || pole.distance * scale > 1.5 * HEIGHT);
        return shifts.map((line) => {
          const y = at.y + line * (HEIGHT + 4);
          return { text, ...within(boxAround(at.x, y, width(text)), room) };
        });
      })
      .filter(isFree);
    const covers = (box) => marks.some((mark) => overlap(box, mark));
    const on = onObject.find((box) => !covers(box)) ?? onObject[0];
    if (on) return on;
    const text = texts.at(-1);
    const beside = places(toPageBox(shape.bounds, viewport, unit), width(text))
      .map(({ x, y }) => boxAround(x, y, width(text)))
      .filter(isFree);
    const boxes = others.map(({ bounds }) => toPageBox(bounds, viewport, unit));
    const alone = beside.find((box) => !boxes.some((other) => overlap(box, other)));
    const box = alone ?? beside[0];
    return box && { text, leader: at, ...box };
  }

  draw(context, { appearance, unit }) {
    context.save();
    context.scale(unit, unit);
    context.font = FONT;
    context.textBaseline = 'middle';
    for (const label of this.placed) {
      if (label.leader) drawLeader(context, label, appearance.colour(label.object));
    }
    for (const label of this.placed) drawLabel(context, label, appearance.colour(label.object));
    context.restore();
  }
}

// Returns what a label may say, from the longest.
function textsOf({ object, score, unsure }, name) {
  const short = name.length > LONGEST_NAME ? `${name.slice(0, LONGEST_NAME - 1)}…` : name;
  const title = `${short || object}${unsure ? '  unsure' : ''}`;
  return [`${title}  ${score.toFixed(2)}`, title];
}

// Returns whether a label covers little of an object and stands over its rim by little.
function fits(width, radius, area) {
  return 2 * radius > HEIGHT + 4 && width < 4 * radius && width * HEIGHT < LARGEST_SHARE * area;
}

function isBetter(a, b) {
  return a.score > b.score || (a.score === b.score && a.object > b.object);
}

function boxAround(x, y, width) {
  const [left, top] = [x - width / 2, y - HEIGHT / 2];
  return { left, top, right: left + width, bottom: top + HEIGHT };
}

function markAt({ x, y }) {
  return { left: x - MARK, top: y - MARK, right: x + MARK, bottom: y + MARK };
}

// Returns the centres of labels beside a box: above, below, right, left, then farther away.
function places({ left, right, top, bottom }, width) {
  const [x, y] = [(left + right) / 2, (top + bottom) / 2];
  return GAPS.flatMap((gap) => {
    const [across, down] = [gap + width / 2, gap + HEIGHT / 2];
    const [far, near] = [right + across, left - across];
    return [
      { x, y: top - down }, { x, y: bottom + down }, { x: far, y }, { x: near, y },
      { x: far, y: top - down }, { x: near, y: top - down },
      { x: far, y: bottom + down }, { x: near, y: bottom + down },
    ];
  });
}

// Labels keep apart by so much.
function grown({ left, right, top, bottom }) {
  return { left: left - 2, right: right + 2, top: top - 2, bottom: bottom + 2 };
}

function isWithin(box, room) {
  const across = box.left >= room.left && box.right <= room.right;
  return across && box.top >= room.top && box.bottom <= room.bottom;
}

// Returns the box moved into another one.
function within(box, room) {
  const across = Math.max(room.left - box.left, 0) + Math.min(room.right - box.right, 0);
  const down = Math.max(room.top - box.top, 0) + Math.min(room.bottom - box.bottom, 0);
  return {
    left: box.left + across,
    right: box.right + across,
    top: box.top + down,
    bottom: box.bottom + down,
  };
}

function intersection(a, b) {
  return {
    left: Math.max(a.left, b.left),
    right: Math.min(a.right, b.right),
    top: Math.max(a.top, b.top),
    bottom: Math.min(a.bottom, b.bottom),
  };
}

function toPage({ x, y }, viewport, unit) {
  const at = viewport.toCanvas(x, y);
  return { x: at.x / unit, y: at.y / unit };
}

function toPageBox(box, viewport, unit) {
  const from = toPage({ x: box.left, y: box.top }, viewport, unit);
  const to = toPage({ x: box.right, y: box.bottom }, viewport, unit);
  return { left: from.x, top: from.y, right: to.x, bottom: to.y };
}

function drawLeader(context, { left, right, top, bottom, leader }, colour) {
  const x = Math.min(Math.max(leader.x, left + 6), right - 6);
  const y = leader.y < top ? top : Math.min(leader.y, bottom);
  for (const [style, width] of [['rgb(24 24 28)', 3.5], [colour, 1.5]]) {
    context.strokeStyle = style;
    context.lineWidth = width;
    context.beginPath();
    context.moveTo(x, y);
    context.lineTo(leader.x, leader.y);
    context.stroke();
  }
  context.fillStyle = colour;
  context.beginPath();
  context.arc(leader.x, leader.y, 3, 0, 2 * Math.PI);
  context.fill();
}

function drawLabel(context, { left, top, right, text }, colour) {
  context.fillStyle = 'rgb(24 24 28 / 0.84)';
  context.beginPath();
  context.roundRect(left, top, right - left, HEIGHT, 6);
  context.fill();
  context.fillStyle = colour;
  context.beginPath();
  context.arc(left + 11, top + HEIGHT / 2, 4.5, 0, 2 * Math.PI);
  context.fill();
  context.fillStyle = 'white';
  context.fillText(text, left + 20, top + HEIGHT / 2 + 0.5);
}
