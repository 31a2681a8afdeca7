// Pixels of images, decoded for the canvas.

// In pixels: more are not seen, and a few of them fill a phone's memory.
const LONGEST_SIDE = 2560;

export function decoded(blob, { width, height }) {
  const scale = LONGEST_SIDE / Math.max(width, height);
  if (scale >= 1) return createImageBitmap(blob);
  const [resizeWidth, resizeHeight] = [Math.round(width * scale), Math.round(height * scale)];
  return createImageBitmap(blob, { resizeWidth, resizeHeight, resizeQuality: 'high' });
}
