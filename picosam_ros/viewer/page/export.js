// What the user takes along, as files: the image, masks, a cut-out, all objects, the last seconds.

import { toCoco } from './coco.js';
import { element } from './elements.js';
import { toGreyPng } from './png.js';
import { makeCanvas, rasterise } from './raster.js';

// Longer than this (ms), and the user is told what is waited for.
const PATIENCE = 700;

// Returns the mask that is meant where one is needed: the selected object's, or the only one; undefined
// if there is none.
export function chosenMask({ frame, selected }) {
  const seen = (frame?.masks ?? []).filter(({ outline }) => outline.length);
  return seen.find(({ object }) => object === selected) ?? (seen.length === 1 ? seen[0] : undefined);
}

// Returns the name of the file of a frame's image.
export function imageName({ stamp }) {
  return `picosam-${stamp}-image.png`;
}

// Saves what `view` shows when it is asked; `announce` is called with what was saved, for screen
// readers, and `say` with what takes long, or cannot be saved.
export class Export {
  constructor(view, fullImages, { announce, say }) {
    Object.assign(this, { view, fullImages, announce, say });
  }

  async snapshot() {
    if (!this.view.frame) return;
    const still = await this.still();
    this.save(`picosam-${still.frame.stamp}.png`, await still.snapshot(), 'snapshot');
  }

  async image() {
    if (!this.view.frame) return;
    const { frame } = await this.still();
    const context = drawn(frame, { x: 0, y: 0, ...frame });
    this.save(imageName(frame), await toPng(context), 'image');
  }

  async mask() {
    const { frame } = this.view;
    const mask = chosenMask(this.view);
    const raster = mask && rasterise(mask, frame);
    if (!raster) return;
    const name = this.nameOf(frame, mask, 'mask');
    const whole = new Uint8Array(frame.width * frame.height);
    for (let row = 0; row < raster.height; row += 1) {
      const values = raster.inside.subarray(row * raster.width, (row + 1) * raster.width);
      whole.set(values, (raster.y + row) * frame.width + raster.x);
    }
    this.save(name, await toGreyPng(whole, frame.width, frame.height), 'mask');
  }

  // The object's pixels; around it the image is transparent.
  async cutOut() {
    if (!chosenMask(this.view)) return;
    const still = await this.still();
    const mask = chosenMask(still);
    const raster = mask && rasterise(mask, still.frame);
    if (!raster) return;
    const context = drawn(still.frame, raster);
    const pixels = context.getImageData(0, 0, raster.width, raster.height);
    raster.inside.forEach((value, i) => {
      pixels.data[4 * i + 3] = value;
    });
    context.putImageData(pixels, 0, 0);
    this.save(this.nameOf(still.frame, mask, 'cutout'), await toPng(context), 'cut-out');
  }

  async objects() {
    const { frame, appearance } = this.view;
    if (!frame) return;
    const coco = toCoco(frame, imageName(frame), (object) => appearance.name(object));
    const file = new Blob([`${JSON.stringify(coco)}\n`], { type: 'application/json' });
    this.save(`picosam-${frame.stamp}-coco.json`, file, 'objects');
  }

  // What the viewer sent to the pages of a camera in the last 30 s; it puts the file together.
  async recording(camera) {
    const { stamp } = this.view.frame;
    const waiting = setTimeout(() => this.say('The last 30 s are put together …'), PATIENCE);
    try {
      const response = await fetch(`recording?camera=${encodeURIComponent(camera)}`, { method: 'POST' });
      if (response.ok) this.save(`picosam-${stamp}-last-30-s.mcap`, await response.blob(), 'recording');
      else this.say((await response.text()).trim());
    } catch {
      this.say('The connection was lost before the recording was here.');
    } finally {
      clearTimeout(waiting);
    }
  }

  // Returns the view as it is now, while further images come, with the image at full size; where that is
  // not to be had any more, the view itself.
  async still() {
    const { view } = this;
    const still = Object.assign(Object.create(Object.getPrototypeOf(view)), view);
    const full = still.frame.full ? still.frame : await this.fullImages.request(still.frame);
    // Its own bitmap is closed as soon as the next image is shown.
    if (!full) return view;
    still.frame = { ...still.frame, bitmap: full.bitmap };
    return still;
  }

  nameOf({ stamp }, { object }, kind) {
    const name = this.view.appearance.name(object) || `object-${object}`;
    return `picosam-${stamp}-${name.replace(/[^\p{L}\p{N}_-]+/gu, '-')}-${kind}.png`;
  }

  save(name, file, what) {
    const link = element('a');
    Object.assign(link, { download: name, href: URL.createObjectURL(file) });
    link.click();
    URL.revokeObjectURL(link.href);
    this.announce(`${what} saved`);
  }
}

// Returns the context of a canvas with a rectangle of a frame's image, at the image's size.
function drawn(frame, { x, y, width, height }) {
  const context = makeCanvas(width, height);
  context.imageSmoothingQuality = 'high';
  context.drawImage(frame.bitmap, -x, -y, frame.width, frame.height);
  return context;
}

function toPng({ canvas }) {
  return new Promise((resolve) => canvas.toBlob(resolve, 'image/png'));
}
