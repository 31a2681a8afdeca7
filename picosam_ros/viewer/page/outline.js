// The geometry of masks. An outline is a list of curves, each x, y, x, y … in pixels of the image.

// A part or a hole with less of the object's area is a speck.
const SPECK = 0.01;
const ENOUGH_POINTS = 80;
// Masks with a lower score are unsure.
export const SURE = 0.35;

// Returns what is drawn of each mask that is not empty: its outline without specks.
export function toShapes(masks) {
  return masks.filter(({ outline }) => outline.length).map(toShape);
}

function toShape({ object, score, outline }) {
  const least = SPECK * areaOf(outline);
  const curves = outline.filter((curve) => Math.abs(signedArea(curve)) >= least);
  return {
    object,
    score,
    unsure: score < SURE,
    area: areaOf(curves),
    path: toPath(curves),
    bounds: boundsOf(curves),
    // For distances; of the largest part, and of all.
    part: largestPart(curves).map(thinned),
    whole: curves.map(thinned),
  };
}

// Holes run the other way round than parts: their area is negative.
export function areaOf(outline) {
  return Math.abs(outline.reduce((sum, curve) => sum + signedArea(curve), 0));
}

// Returns the middle of an outline's area.
export function centroidOf(outline) {
  const sum = { area: 0, x: 0, y: 0 };
  for (const { area, x, y } of outline.map(momentsOf)) {
    sum.area += area;
    sum.x += x;
    sum.y += y;
  }
  const [x, y] = outline[0];
  return sum.area ? { x: sum.x / sum.area, y: sum.y / sum.area } : { x, y };
}

function signedArea(curve) {
  return momentsOf(curve).area;
}

function momentsOf(curve) {
  const sum = { area: 0, x: 0, y: 0 };
  for (let i = 0; i < curve.length; i += 2) {
    const [x, y] = [curve[i], curve[i + 1]];
    const [next, below] = [curve[(i + 2) % curve.length], curve[(i + 3) % curve.length]];
    const piece = (x * below - next * y) / 2;
    sum.area += piece;
    sum.x += (piece * (x + next)) / 3;
    sum.y += (piece * (y + below)) / 3;
  }
  return sum;
}

// Returns a curve of fewer points, as many as distances for a label need.
function thinned(curve) {
  const step = Math.ceil(curve.length / 2 / ENOUGH_POINTS);
  return step > 1 ? curve.filter((_, i) => (i >> 1) % step === 0) : curve;
}

// Returns the largest part with its holes.
function largestPart(curves) {
  const areas = curves.map(signedArea);
  const sizes = areas.map(Math.abs);
  const largest = sizes.indexOf(Math.max(...sizes));
  const inPart = signedDistance([curves[largest]]);
  const isHole = (curve, i) => areas[i] * areas[largest] < 0 && inPart(curve[0], curve[1]) > 0;
  return curves.filter((curve, i) => i === largest || isHole(curve, i));
}

// Returns a function of x and y: the distance to the outline, in pixels, negative outside (even-odd).
export function signedDistance(curves) {
  return (x, y) => {
    let inside = false;
    let nearest = Infinity;
    for (const curve of curves) {
      let [x0, y0] = [curve[curve.length - 2], curve[curve.length - 1]];
      for (let i = 0; i < curve.length; i += 2) {
        const [x1, y1] = [curve[i], curve[i + 1]];
        if (y0 > y !== y1 > y && x < ((x1 - x0) * (y - y0)) / (y1 - y0) + x0) inside = !inside;
        nearest = Math.min(nearest, squaredDistance(x - x0, y - y0, x1 - x0, y1 - y0));
        [x0, y0] = [x1, y1];
      }
    }
    return (inside ? 1 : -1) * Math.sqrt(nearest);
  };
}

// Of a point to the segment from the origin to (dx, dy).
function squaredDistance(x, y, dx, dy) {
  const length = dx * dx + dy * dy;
  const along = length ? Math.min(Math.max((x * dx + y * dy) / length, 0), 1) : 0;
  return (x - along * dx) ** 2 + (y - along * dy) ** 2;
}

export function boundsOf(curves) {
  const box = { left: Infinity, top: Infinity, right: -Infinity, bottom: -Infinity };
  for (const curve of curves) {
    for (let i = 0; i < curve.length; i += 2) {
      box.left = Math.min(box.left, curve[i]);
      box.right = Math.max(box.right, curve[i]);
      box.top = Math.min(box.top, curve[i + 1]);
      box.bottom = Math.max(box.bottom, curve[i + 1]);
    }
  }
  return box;
}

export function overlap(a, b) {
  return a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
}

export function toPath(curves) {
  const path = new Path2D();
  for (const curve of curves) {
    path.moveTo(curve[0], curve[1]);
    for (let i = 2; i < curve.length; i += 2) path.lineTo(curve[i], curve[i + 1]);
    path.closePath();
  }
  return path;
}
