// The canvas: a frame, its masks, and the markers of prompts. Coordinates are pixels of the image,
// the centre of the top-left pixel being (0, 0).

import { Labels } from './labels.js';
import { drawMasks } from './masks.js';
import { toShapes } from './outline.js';
import { MarkerPen } from './pen.js';
import { Viewport } from './viewport.js';

// Short side of a snapshot up to which lines and letters have their nominal size.
const NOMINAL_SIDE = 640;

export class ImageCanvas {
  constructor(canvas, stage, markers, appearance) {
    Object.assign(this, { canvas, stage, markers, appearance });
    this.context = canvas.getContext('2d');
    this.frame = null;
    this.shapes = [];
    this.labels = new Labels();
    this.viewport = new Viewport(1, 1, canvas);
    this.selected = 0;
    this.selectionBox = null;
    this.crosshair = null;
    this.preview = null;
    this.everything = null;
    // Called with each new zoom.
    this.onZoom = () => {};
    new ResizeObserver(() => this.fit()).observe(stage);
  }

  show(frame) {
    const { width, height } = this.frame ?? {};
    const resized = frame.width !== width || frame.height !== height;
    if (this.frame) this.release(this.frame);
    this.frame = frame;
    this.shapes = toShapes(frame.masks);
    if (resized) {
      this.viewport = new Viewport(frame.width, frame.height, this.canvas);
      this.onZoom(1);
      this.fit();
    }
    this.draw();
  }

  // Frees the pixels of a frame that another one has followed.
  release(frame) {
    frame.bitmap.close();
  }

  // Zooms about a position, given as fractions of the canvas.
  zoomBy(factor, { across, down }) {
    this.viewport.zoomBy(factor, across, down);
    this.onZoom(this.viewport.zoom);
    this.draw();
  }

  // Moves the image from a position to another one, given as fractions of the canvas.
  pan(from, to) {
    this.viewport.panBy(to.across - from.across, to.down - from.down);
    this.draw();
  }

  resetZoom() {
    this.viewport.reset();
    this.onZoom(1);
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
    // Large screens that do not scale by themselves get wider lines and larger letters.
    const size = Number(getComputedStyle(this.canvas).getPropertyValue('--scale')) || 1;
    this.unit = density * size;
    this.draw();
  }

  // Returns the image pixel at a position in the window; null outside the image.
  toImage(clientX, clientY, { clamp = false } = {}) {
    if (!this.frame) return null;
    const { across, down } = this.fractions(clientX, clientY);
    const { x, y } = this.viewport.toImage(across, down);
    const nearest = { x: clampTo(x, this.frame.width), y: clampTo(y, this.frame.height) };
    if (clamp) return nearest;
    const inImage = Math.abs(nearest.x - x) <= 0.5 && Math.abs(nearest.y - y) <= 0.5;
    return inImage ? nearest : null;
  }

  // Returns a position in the window as fractions of the canvas.
  fractions(clientX, clientY) {
    const box = this.canvas.getBoundingClientRect();
    return { across: (clientX - box.left) / box.width, down: (clientY - box.top) / box.height };
  }

  // Returns the position of an image pixel within the stage, in CSS pixels.
  toStage(x, y) {
    const at = this.viewport.toCanvas(x, y);
    return this.onStage(at.x / this.canvas.width, at.y / this.canvas.height);
  }

  onStage(across, down) {
    const box = this.canvas.getBoundingClientRect();
    const stage = this.stage.getBoundingClientRect();
    return {
      left: box.left - stage.left + across * box.width,
      top: box.top - stage.top + down * box.height,
    };
  }

  // Returns the smallest object at a pixel; 0 if there is none.
  objectAt(x, y) {
    const hits = this.shapes.filter((shape) => this.contains(shape, x, y));
    hits.sort((a, b) => a.area - b.area);
    return hits.length ? hits[0].object : 0;
  }

  contains(shape, x, y) {
    return this.isIn(shape.path, { x, y });
  }

  isIn(path, { x, y }) {
    this.context.save();
    this.context.resetTransform();
    const hit = this.context.isPointInPath(path, x, y, 'evenodd');
    this.context.restore();
    return hit;
  }

  // Shows masks that came after their frame in the place of those that it had.
  addLate(masks) {
    const came = new Set(masks.map(({ object }) => object));
    this.setMasks([...this.frame.masks.filter(({ object }) => !came.has(object)), ...masks]);
  }

  // Takes the mask of an object off the frame, which stays.
  take(object) {
    if (this.frame) this.setMasks(this.frame.masks.filter((mask) => mask.object !== object));
  }

  setMasks(masks) {
    this.frame.masks = masks;
    this.shapes = toShapes(masks);
    this.draw();
  }

  // Returns the object whose label is at a position in the window; 0 if there is none.
  labelAt(clientX, clientY) {
    const { across, down } = this.fractions(clientX, clientY);
    const { width, height } = this.canvas;
    return this.labels.at((across * width) / this.unit, (down * height) / this.unit);
  }

  // Returns where an object's label is in the stage, in CSS pixels; null if it has none.
  labelPosition(object) {
    const label = this.labels.of(object);
    const { width, height } = this.canvas;
    return label && this.onStage((label.left * this.unit) / width, (label.top * this.unit) / height);
  }

  draw() {
    if (!this.frame) return;
    this.render(this.context, this.viewport, this.labels, this.unit);
    this.everything?.draw(this.context, this.viewport, this.unit);
    this.preview?.draw(this.context, this.viewport, this.unit);
    this.drawMarkers();
  }

  render(context, viewport, labels, unit) {
    const { frame, shapes, appearance, selected } = this;
    const points = this.markers.kept().filter(({ box }) => !box);
    const look = { appearance, selected, opacity: appearance.opacity, unit, points };
    const { width, height } = context.canvas;
    // The JPEG may be smaller than the image.
    const size = frame.bitmap.width / frame.width;
    const source = [viewport.left, viewport.top, viewport.shownWidth, viewport.shownHeight];
    context.resetTransform();
    context.imageSmoothingQuality = 'high';
    context.drawImage(frame.bitmap, ...source.map((value) => value * size), 0, 0, width, height);
    drawMasks(context, shapes, viewport, look);
    labels.place(context, shapes, viewport, look);
    labels.draw(context, look);
  }

  drawMarkers() {
    const pen = new MarkerPen(this.context, this.viewport, this.unit);
    for (const marker of this.markers.visible()) {
      const refused = marker.state === 'refused';
      const colour = refused ? 'rgb(190 190 196)' : this.appearance.colour(marker.object);
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
    const { width, height } = this.frame;
    Object.assign(copy, { width, height });
    const unit = Math.max(1, Math.min(width, height) / NOMINAL_SIDE);
    this.render(copy.getContext('2d'), new Viewport(width, height, copy), new Labels(), unit);
    return new Promise((resolve) => copy.toBlob(resolve, 'image/png'));
  }
}

function clampTo(value, size) {
  return Math.min(Math.max(value, 0), size - 1);
}
