// What was pointed at, as text for elsewhere: a message by `ros2 topic pub`, a command, Python.

// Names of files that are the same in quotes and without.
const PLAIN = /^\w[\w.+@-]*$/;

// Each returns the text for what is in `known`: `prompt` (points, box, step) of the object with the number
// `object`, `topic` of prompts, `file` (name of the image's file), `model` ('' for the default).
export const COPIES = {
  topic({ topic, object, prompt: { points, box, step } }) {
    const fields = ['header: {stamp: {sec: 0, nanosec: 0}}', 'action: 0', `object_id: ${object}`];
    if (points.length) fields.push(`points: [${points.map(pointMessage).join(', ')}]`);
    if (box) fields.push(`box: {${corners(box).map(([name, at]) => `${name}: ${real(at)}`).join(', ')}}`);
    if (step) fields.push(`size_step: ${step}`);
    return `ros2 topic pub --once ${topic} picosam_ros/msg/Prompt '{${fields.join(', ')}}'`;
  },

  command({ file, model, prompt: { points, box, step } }) {
    const words = ['picosam segment', quoted(file)];
    for (const { x, y, positive } of points) words.push(`--point ${x},${y}${positive ? '' : ',0'}`);
    if (box) words.push(`--box ${corners(box).map(([, at]) => at).join(',')}`);
    if (step) words.push(`--size-step=${step}`);
    if (model) words.push(`--model ${model}`);
    return `${words.join(' ')} -o mask.png`;
  },

  python({ file, model, prompt: { points, box, step } }) {
    const given = ({ x, y, positive }) => `Point(${x}, ${y}${positive ? '' : ', False'})`;
    const fields = [];
    if (points.length) fields.push(`points=(${points.map(given).join(', ')},)`);
    if (box) fields.push(`box=Box(${corners(box).map(([, at]) => at).join(', ')})`);
    if (step) fields.push(`size_step=${step}`);
    return `import cv2
from picosam_ros import Box, Point, Prompt, open_engine

rgb = cv2.imread(${PLAIN.test(file) ? `'${file}'` : JSON.stringify(file)})[..., ::-1]
prompt = Prompt(${fields.join(', ')})
with open_engine('host'${model && `, model='${model}'`}) as engine:
    [mask] = engine.segment(rgb, [prompt])
inside = mask.to_image()  # H×W bool
`;
  },
};

// Returns the name of the network that made a mask; '' where the command would not take it.
export function modelOf({ engine }, { model = '' }) {
  // It is told by a node, and will be pasted into a shell.
  return engine === 'host' && /^\w[\w.-]*$/.test(model) ? model : '';
}

// Returns a prompt within the image, to a tenth of a pixel: what moved with its object may be beside it.
export function rounded({ points, box, step }, { width, height }) {
  const across = (x) => tenth(Math.min(Math.max(x, 0), width - 1));
  const down = (y) => tenth(Math.min(Math.max(y, 0), height - 1));
  return {
    points: points.map(({ x, y, positive }) => ({ x: across(x), y: down(y), positive })),
    box: box && { x0: across(box.x0), y0: down(box.y0), x1: across(box.x1), y1: down(box.y1) },
    step,
  };
}

// Copies a text; where the page may not (http from another machine), `dialog` shows it selected.
// Returns a promise of whether it was copied.
export async function copyText(text, dialog) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const field = dialog.querySelector('textarea');
    field.value = text;
    dialog.showModal();
    field.select();
    return false;
  }
}

// Returns a file's name for a shell: it may come from another browser.
function quoted(file) {
  if (PLAIN.test(file)) return file;
  return `'${file.startsWith('-') ? './' : ''}${file.replaceAll("'", "'\\''")}'`;
}

function pointMessage({ x, y, positive }) {
  return `{x: ${real(x)}, y: ${real(y)}, label: ${positive ? 1 : 0}}`;
}

function corners({ x0, y0, x1, y1 }) {
  return Object.entries({ x0, y0, x1, y1 });
}

function tenth(value) {
  return Math.round(10 * value) / 10;
}

// ROS takes no whole number for a real one.
function real(value) {
  return Number.isInteger(value) ? `${value}.0` : `${value}`;
}
