// What the canvas shows of the image: all of it, or a part that is zoomed and panned.

const LARGEST_ZOOM = 16;

// Canvas pixels are device pixels. The corner `left`, `top` of what is shown is in pixels of the
// image, counted from its outer edge: there, the centre of the top-left pixel is (0.5, 0.5).
export class Viewport {
  constructor(width, height, canvas) {
    Object.assign(this, { width, height, canvas, zoom: 1, left: 0, top: 0 });
  }

  // Canvas pixels per pixel of the image.
  get scale() {
    return (this.zoom * this.canvas.width) / this.width;
  }

  get shownWidth() {
    return this.width / this.zoom;
  }

  get shownHeight() {
    return this.height / this.zoom;
  }

  // Returns the position on the canvas of a position in the image.
  toCanvas(x, y) {
    return { x: (x + 0.5 - this.left) * this.scale, y: (y + 0.5 - this.top) * this.scale };
  }

  // Returns the position in the image at fractions of the canvas's width and height.
  toImage(across, down) {
    return {
      x: this.left + across * this.shownWidth - 0.5,
      y: this.top + down * this.shownHeight - 0.5,
    };
  }

  // Zooms about a position, given as fractions of the canvas, which stays where it is.
  zoomBy(factor, across, down) {
    const { x, y } = this.toImage(across, down);
    this.zoom = Math.min(Math.max(this.zoom * factor, 1), LARGEST_ZOOM);
    this.left = x + 0.5 - across * this.shownWidth;
    this.top = y + 0.5 - down * this.shownHeight;
    this.clamp();
  }

  // Moves the image by fractions of the canvas.
  panBy(across, down) {
    this.left -= across * this.shownWidth;
    this.top -= down * this.shownHeight;
    this.clamp();
  }

  reset() {
    Object.assign(this, { zoom: 1, left: 0, top: 0 });
  }

  clamp() {
    this.left = Math.min(Math.max(this.left, 0), this.width - this.shownWidth);
    this.top = Math.min(Math.max(this.top, 0), this.height - this.shownHeight);
  }

  // Returns the part of the image that is shown, in coordinates of its pixels' centres.
  bounds() {
    const { x, y } = this.toImage(0, 0);
    return { left: x, top: y, right: x + this.shownWidth, bottom: y + this.shownHeight };
  }
}
