// Which network answers, beside the objects that it finds.

import { setText } from './elements.js';

const NO_INPUT =
  'This network has no input for corrections: each further point is answered in a square of its own.';

// `facts`: what the diagnostics tell of the segmentation; `inSensor`: whether the sensor answers.
export function showNetwork(node, { model = '', corrections }, inSensor) {
  const refuses = corrections === 'not taken';
  const name = inSensor ? 'in the sensor' : model;
  setText(node, refuses && name ? `${name} · no corrections` : name);
  node.title = refuses ? NO_INPUT : '';
}
