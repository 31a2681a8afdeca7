// Masks as pixels of the image, and what of files is made of them.

import { boundsOf, toPath } from './outline.js';

const HALF = 128;

// Returns the pixels of a mask within the rectangle that holds them: x, y, width and height, and
// `inside`, row by row, 255 on the object and else 0; null where it has none.
// `size`: width and height of the image.
export function rasterise({ outline }, size) {
  if (!outline.length) return null;
  const { left, right, top, bottom } = boundsOf(outline);
  const [x, y] = [Math.max(Math.floor(left), 0), Math.max(Math.floor(top), 0)];
  const width = Math.min(Math.ceil(right) + 1, size.width) - x;
  const height = Math.min(Math.ceil(bottom) + 1, size.height) - y;
  if (width <= 0 || height <= 0) return null;
  const context = makeCanvas(width, height);
  // The centre of the first pixel is half a pixel off the image's corner.
  context.translate(0.5 - x, 0.5 - y);
  const path = toPath(outline);
  context.fill(path, 'evenodd');
  // Outlines run through the centres of the outermost pixels, which are the object's to their rims.
  context.lineJoin = 'round';
  context.stroke(path);
  const { data } = context.getImageData(0, 0, width, height);
  return cropped({ x, y, width, height, inside: alphaOf(data) });
}

// Returns the 2D context of a canvas whose pixels will be read: no graphics card draws on it.
export function makeCanvas(width, height) {
  const canvas = Object.assign(document.createElement('canvas'), { width, height });
  return canvas.getContext('2d', { willReadFrequently: true });
}

function alphaOf(data) {
  const alpha = new Uint8Array(data.length / 4);
  // A loop: a callback for each of 12 million pixels would take a second.
  for (let i = 0; i < alpha.length; i += 1) alpha[i] = data[4 * i + 3] < HALF ? 0 : 255;
  return alpha;
}

function cropped({ x, y, width, height, inside }) {
  let [left, right, top, bottom] = [width, -1, height, -1];
  for (let i = 0; i < inside.length; i += 1) {
    if (!inside[i]) continue;
    const column = i % width;
    left = Math.min(left, column);
    right = Math.max(right, column);
    top = Math.min(top, (i - column) / width);
    bottom = (i - column) / width;
  }
  if (right < 0) return null;
  const kept = new Uint8Array((right - left + 1) * (bottom - top + 1));
  const columns = right - left + 1;
  for (let row = top; row <= bottom; row += 1) {
    const start = row * width + left;
    kept.set(inside.subarray(start, start + columns), (row - top) * columns);
  }
  return { x: x + left, y: y + top, width: columns, height: bottom - top + 1, inside: kept };
}

// Returns the run lengths of a raster in the whole image, background first, down the columns.
export function runLengths({ x, y, width, height, inside }, size) {
  const counts = [];
  let end = 0;
  for (let column = 0; column < width; column += 1) {
    for (let row = 0; row < height; row += 1) {
      if (!inside[row * width + column]) continue;
      const at = (x + column) * size.height + y + row;
      if (counts.length && at === end) counts[counts.length - 1] += 1;
      else counts.push(at - end, 1);
      end = at + 1;
    }
  }
  const rest = size.width * size.height - end;
  return rest ? [...counts, rest] : counts;
}
