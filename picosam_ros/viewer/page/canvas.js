// The canvas: a frame, its masks, what the user points at. Coordinates are pixels of the image,
// the centre of the top-left pixel being (0, 0).

const DARK = 'rgb(24 24 28)';
const FILL = 0.42;
const FONT = '600 12px system-ui, sans-serif';

export class Picture {
  constructor(canvas, stage, marks) {
    this.canvas = canvas;
    this.context = canvas.getContext('2d');
    this.stage = stage;
    this.marks = marks;
    this.palette = [];
    this.scene = null;
    this.paths = new Map();
    this.selected = 0;
    this.rubber = null;
    this.crosshair = null;
    new ResizeObserver(() => this.fit()).observe(stage);
  }

  colour(object, alpha = 1) {
    if (!object || !this.palette.length) return `rgb(255 255 255 / ${alpha})`;
    return `rgb(${this.palette[(object - 1) % this.palette.length].join(' ')} / ${alpha})`;
  }

  show(scene) {
    const sized = !this.scene || scene.width !== this.scene.width || scene.height !== this.scene.height;
    this.scene?.bitmap.close();
    this.scene = scene;
    this.paths = new Map(scene.masks.map((mask) => [mask.object, toPath(mask.outline)]));
    if (sized) this.fit();
    this.draw();
  }

  // As large as the stage allows.
  fit() {
    if (!this.scene) return;
    const { width, height } = this.scene;
    const room = this.stage.getBoundingClientRect();
    const scale = Math.min(room.width / width, room.height / height);
    const density = window.devicePixelRatio || 1;
    this.canvas.style.width = `${Math.floor(width * scale)}px`;
    this.canvas.style.height = `${Math.floor(height * scale)}px`;
    this.canvas.width = Math.floor(width * scale * density);
    this.canvas.height = Math.floor(height * scale * density);
    this.density = density;
    this.draw();
  }

  // A position in the window as a pixel of the image; null beside it.
  toImage(clientX, clientY, { clamp = false } = {}) {
    if (!this.scene) return null;
    const box = this.canvas.getBoundingClientRect();
    const x = ((clientX - box.left) * this.scene.width) / box.width - 0.5;
    const y = ((clientY - box.top) * this.scene.height) / box.height - 0.5;
    const inside = { x: within(x, this.scene.width), y: within(y, this.scene.height) };
    if (clamp) return inside;
    const near = Math.abs(inside.x - x) <= 0.5 && Math.abs(inside.y - y) <= 0.5;
    return near ? inside : null;
  }

  // A pixel of the image as a position within the stage, in CSS pixels.
  toStage(x, y) {
    const box = this.canvas.getBoundingClientRect();
    const room = this.stage.getBoundingClientRect();
    return {
      left: box.left - room.left + ((x + 0.5) * box.width) / this.scene.width,
      top: box.top - room.top + ((y + 0.5) * box.height) / this.scene.height,
    };
  }

  // The smallest object at a pixel; 0 if there is none.
  objectAt(x, y) {
    const hits = this.scene ? this.scene.masks.filter((mask) => this.covers(mask.object, x, y)) : [];
    hits.sort((a, b) => extent(a.outline).area - extent(b.outline).area);
    return hits.length ? hits[0].object : 0;
  }

  covers(object, x, y) {
    this.context.save();
    this.context.resetTransform();
    const hit = this.context.isPointInPath(this.paths.get(object), x, y, 'evenodd');
    this.context.restore();
    return hit;
  }

  draw() {
    if (!this.scene) return;
    const scale = this.canvas.width / this.scene.width;
    render(this.context, this, { scale, unit: this.density });
    this.drawMarks(scale);
  }

  drawMarks(scale) {
    const pen = new Pen(this.context, scale, this.density);
    for (const mark of this.marks.visible()) {
      const colour = mark.state === 'refused' ? 'rgb(190 190 196)' : this.colour(mark.object);
      this.context.globalAlpha = mark.opacity;
      if (mark.box) pen.box(mark.box, colour);
      else pen.point(mark.x, mark.y, colour, mark.positive);
      this.context.globalAlpha = 1;
    }
    if (this.rubber) pen.box(this.rubber, 'white');
    if (this.crosshair) pen.crosshair(this.crosshair.x, this.crosshair.y);
  }

  // The scene at its own size, as a PNG.
  async snapshot() {
    const copy = document.createElement('canvas');
    copy.width = this.scene.width;
    copy.height = this.scene.height;
    render(copy.getContext('2d'), this, { scale: 1, unit: 1 });
    return new Promise((resolve) => copy.toBlob(resolve, 'image/png'));
  }
}

function render(context, picture, { scale, unit }) {
  const { scene } = picture;
  context.resetTransform();
  context.imageSmoothingQuality = 'high';
  context.drawImage(scene.bitmap, 0, 0, context.canvas.width, context.canvas.height);
  // The centre of the first pixel is half a pixel off the canvas's corner.
  context.setTransform(scale, 0, 0, scale, scale / 2, scale / 2);
  for (const mask of scene.masks) fill(context, picture, mask, (2 * unit) / scale);
  context.resetTransform();
  const taken = [];
  for (const mask of scene.masks) label(context, picture, mask, { scale, unit, taken });
}

function fill(context, picture, mask, line) {
  const path = picture.paths.get(mask.object);
  const chosen = mask.object === picture.selected;
  context.lineJoin = 'round';
  context.fillStyle = picture.colour(mask.object, FILL);
  context.fill(path, 'evenodd');
  context.strokeStyle = DARK;
  context.lineWidth = line * (chosen ? 2.4 : 1.9);
  context.stroke(path);
  context.strokeStyle = picture.colour(mask.object);
  context.lineWidth = line * (chosen ? 1.5 : 1);
  context.stroke(path);
}

function label(context, picture, mask, { scale, unit, taken }) {
  if (!mask.outline.length) return;
  const text = `${mask.object}  ${mask.score.toFixed(2)}`;
  context.save();
  context.scale(unit, unit);
  context.font = FONT;
  const size = { width: Math.ceil(context.measureText(text).width) + 26, height: 20 };
  const box = extent(mask.outline, scale / unit);
  const corner = place(box, size, context.canvas.width / unit, context.canvas.height / unit, taken);
  taken.push({ ...corner, ...size });
  context.fillStyle = 'rgb(24 24 28 / 0.84)';
  context.beginPath();
  context.roundRect(corner.x, corner.y, size.width, size.height, 6);
  context.fill();
  context.fillStyle = picture.colour(mask.object);
  context.beginPath();
  context.arc(corner.x + 11, corner.y + 10, 4.5, 0, 2 * Math.PI);
  context.fill();
  context.fillStyle = 'white';
  context.textBaseline = 'middle';
  context.fillText(text, corner.x + 20, corner.y + 10.5);
  context.restore();
}

// Above the object, below it, right or left of it: where the picture is, and no other label.
function place(box, size, width, height, taken) {
  const middle = (box.left + box.right - size.width) / 2;
  const beside = (box.top + box.bottom - size.height) / 2;
  const wishes = [
    [middle, box.top - size.height - 5],
    [middle, box.bottom + 5],
    [box.right + 5, beside],
    [box.left - size.width - 5, beside],
    [middle, box.top + 5],
  ];
  const fits = ([x, y]) =>
    y >= 0 && y + size.height <= height && x > -size.width / 2 && x < width - size.width / 2;
  const corners = wishes.filter(fits).map(([x, y]) => ({
    x: Math.min(Math.max(x, 2), width - size.width - 2),
    y: Math.min(Math.max(y, 2), height - size.height - 2),
  }));
  const free = corners.find((corner) => !taken.some((other) => meets({ ...corner, ...size }, other)));
  return free ?? corners[0] ?? { x: 2, y: 2 };
}

function meets(a, b) {
  return a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;
}

// Thin lines with a dark halo, at one width on every screen.
class Pen {
  constructor(context, scale, unit) {
    Object.assign(this, { context, scale, unit });
    context.resetTransform();
  }

  at(value) {
    return (value + 0.5) * this.scale;
  }

  stroke(trace, colour, width = 1.5) {
    const { context, unit } = this;
    context.lineCap = 'round';
    for (const [ink, wide] of [[DARK, width + 2], [colour, width]]) {
      context.strokeStyle = ink;
      context.lineWidth = wide * unit;
      context.beginPath();
      trace(context);
      context.stroke();
    }
  }

  box({ x0, y0, x1, y1 }, colour) {
    this.context.setLineDash([6 * this.unit, 6 * this.unit]);
    const [left, top] = [x0 * this.scale, y0 * this.scale];
    const [width, height] = [(x1 - x0 + 1) * this.scale, (y1 - y0 + 1) * this.scale];
    this.stroke((context) => context.rect(left, top, width, height), colour);
    this.context.setLineDash([]);
  }

  disc(x, y, radius, colour) {
    this.context.fillStyle = colour;
    this.context.beginPath();
    this.context.arc(x, y, radius * this.unit, 0, 2 * Math.PI);
    this.context.fill();
  }

  point(imageX, imageY, colour, positive) {
    const [x, y] = [this.at(imageX), this.at(imageY)];
    this.disc(x, y, 8, DARK);
    this.disc(x, y, 6.5, colour);
    this.disc(x, y, positive ? 3 : 5, positive ? 'white' : DARK);
    if (positive) return;
    const arm = 2.4 * this.unit;
    this.stroke((context) => {
      context.moveTo(x - arm, y - arm);
      context.lineTo(x + arm, y + arm);
      context.moveTo(x - arm, y + arm);
      context.lineTo(x + arm, y - arm);
    }, 'white');
  }

  crosshair(imageX, imageY) {
    const [x, y] = [this.at(imageX), this.at(imageY)];
    const [near, far] = [5 * this.unit, 16 * this.unit];
    this.stroke((context) => {
      for (const [dx, dy] of [[1, 0], [-1, 0], [0, 1], [0, -1]]) {
        context.moveTo(x + dx * near, y + dy * near);
        context.lineTo(x + dx * far, y + dy * far);
      }
    }, 'white');
  }
}

function toPath(outline) {
  const path = new Path2D();
  for (const curve of outline) {
    path.moveTo(curve[0], curve[1]);
    for (let i = 2; i < curve.length; i += 2) path.lineTo(curve[i], curve[i + 1]);
    path.closePath();
  }
  return path;
}

function extent(outline, scale = 1) {
  const [xs, ys] = [[], []];
  for (const curve of outline) curve.forEach((value, i) => (i % 2 ? ys : xs).push(value));
  const box = {
    left: Math.min(...xs) * scale,
    right: (Math.max(...xs) + 1) * scale,
    top: Math.min(...ys) * scale,
    bottom: (Math.max(...ys) + 1) * scale,
  };
  return { ...box, area: (box.right - box.left) * (box.bottom - box.top) };
}

function within(value, size) {
  return Math.min(Math.max(value, 0), size - 1);
}
