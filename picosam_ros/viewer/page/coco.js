// The objects of a frame as a COCO data set of one image.

import { rasterise, runLengths } from './raster.js';

const UNNAMED = 'object';

// `nameOf`: returns the name of an object, '' if it has none. Names are the categories.
export function toCoco(frame, fileName, nameOf) {
  const { width, height } = frame;
  const labelled = frame.masks.map((mask) => ({ mask, name: nameOf(mask.object) || UNNAMED }));
  const rasters = labelled.map((each) => ({ ...each, raster: rasterise(each.mask, frame) }));
  const objects = rasters.filter(({ raster }) => raster);
  const names = [...new Set(objects.map(({ name }) => name))];
  return {
    info: { description: 'picosam' },
    images: [{ id: 1, file_name: fileName, width, height }],
    categories: names.map((name, i) => ({ id: i + 1, name })),
    annotations: objects.map(({ mask, name, raster }) => ({
      id: mask.object,
      image_id: 1,
      category_id: names.indexOf(name) + 1,
      segmentation: { size: [height, width], counts: compressed(runLengths(raster, frame)) },
      area: raster.inside.reduce((sum, value) => sum + (value ? 1 : 0), 0),
      bbox: [raster.x, raster.y, raster.width, raster.height],
      iscrowd: 0,
      score: mask.score,
    })),
  };
}

// Returns run lengths as pycocotools writes them: groups of five bits, low ones first, a character
// (offset 48) each; bit 5: more follow; from the fourth count on, the difference to the one two before.
function compressed(counts) {
  let text = '';
  counts.forEach((count, i) => {
    let value = i > 2 ? count - counts[i - 2] : count;
    for (let more = true; more; ) {
      const group = value & 31;
      value >>= 5;
      more = group & 16 ? value !== -1 : value !== 0;
      text += String.fromCharCode(48 + (more ? group | 32 : group));
    }
  });
  return text;
}
