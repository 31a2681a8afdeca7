// The canvas: a frame, its masks, and the markers of prompts. Coordinates are pixels of the image,
// the centre of the top-left pixel being (0, 0).

const HALO = 'rgb(24 24 28)';
const FILL_OPACITY = 0.42;
const FONT = '600 12px system-ui, sans-serif';

export class ImageCanvas {
  constructor(canvas, stage, markers) {
    this.canvas = canvas;
    this.context = canvas.getContext('2d');
    this.stage = stage;
    this.markers = markers;
    this.palette = [];
    this.frame = null;
    this.paths = new Map();
    this.selected = 0;
    this.selectionBox = null;
    this.crosshair = null;
    new ResizeObserver(() => this.fit()).observe(stage);
  }

  colour(object, alpha = 1) {
    if (!object || !this.palette.length) return `rgb(255 255 255 / ${alpha})`;
    return `rgb(${this.palette[(object - 1) % this.palette.length].join(' ')} / ${alpha})`;
  }

  show(frame) {
    const { width, height } = this.frame ?? {};
    const resized = frame.width !== width || frame.height !== height;
    this.frame?.bitmap.close();
    this.frame = frame;
    this.paths = new Map(frame.masks.map((mask) => [mask.object, toPath(mask.outline)]));
    if (resized) this.fit();
    this.draw();
  }

  // Scales the canvas to the stage.
  fit() {
    if (!this.frame) return;
    const { width, height } = this.frame;
    const stage = this.stage.getBoundingClientRect();
    const scale = Math.min(stage.width / width, stage.height / height);
    const density = window.devicePixelRatio || 1;
    this.canvas.style.width = `${Math.floor(width * scale)}px`;
    this.canvas.style.height = `${Math.floor(height * scale)}px`;
    this.canvas.width = Math.floor(width * scale * density);
    this.canvas.height = Math.floor(height * scale * density);
    this.density = density;
    this.draw();
  }

  // Returns the image pixel at a position in the window; null outside the image.
  toImage(clientX, clientY, { clamp = false } = {}) {
    if (!this.frame) return null;
    const box = this.canvas.getBoundingClientRect();
    const x = ((clientX - box.left) * this.frame.width) / box.width - 0.5;
    const y = ((clientY - box.top) * this.frame.height) / box.height - 0.5;
    const nearest = { x: clampTo(x, this.frame.width), y: clampTo(y, this.frame.height) };
    if (clamp) return nearest;
    const inImage = Math.abs(nearest.x - x) <= 0.5 && Math.abs(nearest.y - y) <= 0.5;
    return inImage ? nearest : null;
  }

  // Returns the position of an image pixel within the stage, in CSS pixels.
  toStage(x, y) {
    const box = this.canvas.getBoundingClientRect();
    const stage = this.stage.getBoundingClientRect();
    return {
      left: box.left - stage.left + ((x + 0.5) * box.width) / this.frame.width,
      top: box.top - stage.top + ((y + 0.5) * box.height) / this.frame.height,
    };
  }

  // Returns the smallest object at a pixel; 0 if there is none.
  objectAt(x, y) {
    const masks = this.frame?.masks ?? [];
    const hits = masks.filter((mask) => this.contains(mask.object, x, y));
    hits.sort((a, b) => boundsOf(a.outline).area - boundsOf(b.outline).area);
    return hits.length ? hits[0].object : 0;
  }

  contains(object, x, y) {
    this.context.save();
    this.context.resetTransform();
    const hit = this.context.isPointInPath(this.paths.get(object), x, y, 'evenodd');
    this.context.restore();
    return hit;
  }

  draw() {
    if (!this.frame) return;
    const scale = this.canvas.width / this.frame.width;
    render(this.context, this, { scale, unit: this.density });
    this.drawMarkers(scale);
  }

  drawMarkers(scale) {
    const pen = new MarkerPen(this.context, scale, this.density);
    for (const marker of this.markers.visible()) {
      const colour = marker.state === 'refused' ? 'rgb(190 190 196)' : this.colour(marker.object);
      this.context.globalAlpha = marker.opacity;
      if (marker.box) pen.box(marker.box, colour);
      else pen.point(marker.x, marker.y, colour, marker.positive);
      this.context.globalAlpha = 1;
    }
    if (this.selectionBox) pen.box(this.selectionBox, 'white');
    if (this.crosshair) pen.crosshair(this.crosshair.x, this.crosshair.y);
  }

  // Returns the frame at its own size, as a PNG.
  async snapshot() {
    const copy = document.createElement('canvas');
    copy.width = this.frame.width;
    copy.height = this.frame.height;
    render(copy.getContext('2d'), this, { scale: 1, unit: 1 });
    return new Promise((resolve) => copy.toBlob(resolve, 'image/png'));
  }
}

function render(context, view, { scale, unit }) {
  const { frame } = view;
  context.resetTransform();
  context.imageSmoothingQuality = 'high';
  context.drawImage(frame.bitmap, 0, 0, context.canvas.width, context.canvas.height);
  // The centre of the first pixel is half a pixel off the canvas's corner.
  context.setTransform(scale, 0, 0, scale, scale / 2, scale / 2);
  for (const mask of frame.masks) fill(context, view, mask, (2 * unit) / scale);
  context.resetTransform();
  const occupied = [];
  for (const mask of frame.masks) label(context, view, mask, { scale, unit, occupied });
}

function fill(context, view, mask, line) {
  const path = view.paths.get(mask.object);
  const selected = mask.object === view.selected;
  context.lineJoin = 'round';
  context.fillStyle = view.colour(mask.object, FILL_OPACITY);
  context.fill(path, 'evenodd');
  context.strokeStyle = HALO;
  context.lineWidth = line * (selected ? 2.4 : 1.9);
  context.stroke(path);
  context.strokeStyle = view.colour(mask.object);
  context.lineWidth = line * (selected ? 1.5 : 1);
  context.stroke(path);
}

function label(context, view, mask, { scale, unit, occupied }) {
  if (!mask.outline.length) return;
  const text = `${mask.object}  ${mask.score.toFixed(2)}`;
  context.save();
  context.scale(unit, unit);
  context.font = FONT;
  const size = { width: Math.ceil(context.measureText(text).width) + 26, height: 20 };
  const box = boundsOf(mask.outline, scale / unit);
  const [width, height] = [context.canvas.width / unit, context.canvas.height / unit];
  const corner = placeLabel(box, size, width, height, occupied);
  occupied.push({ ...corner, ...size });
  context.fillStyle = 'rgb(24 24 28 / 0.84)';
  context.beginPath();
  context.roundRect(corner.x, corner.y, size.width, size.height, 6);
  context.fill();
  context.fillStyle = view.colour(mask.object);
  context.beginPath();
  context.arc(corner.x + 11, corner.y + 10, 4.5, 0, 2 * Math.PI);
  context.fill();
  context.fillStyle = 'white';
  context.textBaseline = 'middle';
  context.fillText(text, corner.x + 20, corner.y + 10.5);
  context.restore();
}

// Returns the label's corner: above, below, right or left of the object, wherever it is inside the
// image and free of other labels.
function placeLabel(box, size, width, height, occupied) {
  const middle = (box.left + box.right - size.width) / 2;
  const beside = (box.top + box.bottom - size.height) / 2;
  const candidates = [
    [middle, box.top - size.height - 5],
    [middle, box.bottom + 5],
    [box.right + 5, beside],
    [box.left - size.width - 5, beside],
    [middle, box.top + 5],
  ];
  const fits = ([x, y]) =>
    y >= 0 && y + size.height <= height && x > -size.width / 2 && x < width - size.width / 2;
  const corners = candidates.filter(fits).map(([x, y]) => ({
    x: Math.min(Math.max(x, 2), width - size.width - 2),
    y: Math.min(Math.max(y, 2), height - size.height - 2),
  }));
  const isFree = (corner) => !occupied.some((other) => overlap({ ...corner, ...size }, other));
  const free = corners.find(isFree);
  return free ?? corners[0] ?? { x: 2, y: 2 };
}

function overlap(a, b) {
  return a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;
}

// Draws thin lines with a dark halo, of the same width on every screen.
class MarkerPen {
  constructor(context, scale, unit) {
    Object.assign(this, { context, scale, unit });
    context.resetTransform();
  }

  at(value) {
    return (value + 0.5) * this.scale;
  }

  stroke(path, colour, width = 1.5) {
    const { context, unit } = this;
    context.lineCap = 'round';
    for (const [style, lineWidth] of [[HALO, width + 2], [colour, width]]) {
      context.strokeStyle = style;
      context.lineWidth = lineWidth * unit;
      context.beginPath();
      path(context);
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
    this.disc(x, y, 8, HALO);
    this.disc(x, y, 6.5, colour);
    this.disc(x, y, positive ? 3 : 5, positive ? 'white' : HALO);
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

function boundsOf(outline, scale = 1) {
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

function clampTo(value, size) {
  return Math.min(Math.max(value, 0), size - 1);
}
