// Lines with a dark halo, of the same width on the screen at every zoom.

export const HALO = 'rgb(24 24 28)';

export class MarkerPen {
  // `unit`: canvas pixels of a pixel of the page.
  constructor(context, viewport, unit) {
    Object.assign(this, { context, viewport, unit });
    context.resetTransform();
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
    const from = this.viewport.toCanvas(x0 - 0.5, y0 - 0.5);
    const to = this.viewport.toCanvas(x1 + 0.5, y1 + 0.5);
    this.stroke((context) => context.rect(from.x, from.y, to.x - from.x, to.y - from.y), colour);
    this.context.setLineDash([]);
  }

  disc(x, y, radius, colour) {
    this.context.fillStyle = colour;
    this.context.beginPath();
    this.context.arc(x, y, radius * this.unit, 0, 2 * Math.PI);
    this.context.fill();
  }

  point(imageX, imageY, colour, positive) {
    const { x, y } = this.viewport.toCanvas(imageX, imageY);
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
    const { x, y } = this.viewport.toCanvas(imageX, imageY);
    const [near, far] = [5 * this.unit, 16 * this.unit];
    this.stroke((context) => {
      for (const [dx, dy] of [[1, 0], [-1, 0], [0, 1], [0, -1]]) {
        context.moveTo(x + dx * near, y + dy * near);
        context.lineTo(x + dx * far, y + dy * far);
      }
    }, 'white');
  }
}
