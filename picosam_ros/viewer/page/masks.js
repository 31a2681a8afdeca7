// Masks on the canvas: a fill, and an outline with a dark halo.

import { overlap } from './outline.js';
import { HALO } from './pen.js';

const DASH = [5, 4];

// `look`: appearance, selected (an object), opacity (of fills), unit (canvas pixels of a page's).
export function drawMasks(context, shapes, viewport, look) {
  const { scale, left, top } = viewport;
  // The centre of the first pixel is half a pixel off the image's corner.
  context.setTransform(scale, 0, 0, scale, (0.5 - left) * scale, (0.5 - top) * scale);
  context.lineJoin = 'round';
  context.lineCap = 'butt';
  const line = (2 * look.unit) / scale;
  // The best comes last. Of equal scores, the newest object.
  const ranked = shapes.toSorted((a, b) => a.score - b.score || a.object - b.object);
  ranked.forEach((shape, i) => {
    context.save();
    // Where masks overlap, the better score has the pixel.
    for (const better of ranked.slice(i + 1)) clipOff(context, shape, better, viewport);
    context.fillStyle = look.appearance.colour(shape.object, look.opacity);
    if (look.opacity > 0) context.fill(shape.path, 'evenodd');
    if (shape.object !== look.selected) outline(context, shape, line, look);
    context.restore();
  });
  // All of it, also where it has not the pixel: it is what the user is at.
  const selected = ranked.find(({ object }) => object === look.selected);
  if (selected) outline(context, selected, 1.5 * line, look);
  context.resetTransform();
}

function clipOff(context, shape, other, { width, height }) {
  if (!overlap(shape.bounds, other.bounds)) return;
  const elsewhere = new Path2D();
  elsewhere.rect(-1, -1, width + 1, height + 1);
  elsewhere.addPath(other.path);
  context.clip(elsewhere, 'evenodd');
}

function outline(context, { path, object, unsure }, line, { appearance }) {
  context.strokeStyle = HALO;
  context.lineWidth = 1.8 * line;
  context.stroke(path);
  context.setLineDash(unsure ? DASH.map((length) => length * line) : []);
  context.strokeStyle = appearance.colour(object);
  context.lineWidth = line;
  context.stroke(path);
  context.setLineDash([]);
}
