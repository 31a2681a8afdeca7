// Keys, buttons, and clicks and boxes on the image.

import { $ } from './elements.js';
import { listenToZoom } from './gestures.js';
import { listKeys } from './key_list.js';
import { listenToTapSwitch, tapsExclude } from './tap_switch.js';

// Shorter movements, in CSS pixels, are clicks.
const DRAG_DISTANCE = 6;
const FAR = 30;

const LISTED = [
  ['click', 'on the object'],
  ['shift click', 'not on it; right click, too'],
  ['drag', 'a box around it'],
  ['← →', 'image before, after'],
  ['PgUp PgDn', '30 images before, after'],
  ['1 … 9', 'select an object'],
  ['n', 'a new object'],
  ['z', 'take the last click back'],
  ['del', 'remove it from this image'],
  ['o', 'outlines only'],
  ['wheel, 0', 'zoom, show all'],
];

// `actions`: point({x, y, positive}), box({x0, y0, x1, y1}), step(images), first(), last(),
// fresh(), undo(), remove(), fills(), zoomOut(), select(object), label(), go(image), record(name).
export function listen(view, actions) {
  listenToZoom(view);
  listenToPointer(view, actions);
  listenToKeys(actions);
  listenToControls(actions);
  listKeys($('keys'), LISTED);
}

function listenToPointer(view, actions) {
  const { canvas } = view;
  let start = null;

  canvas.addEventListener('pointerdown', (event) => {
    if (event.button !== 0 || !event.isPrimary) return;
    const at = view.toImage(event.clientX, event.clientY);
    if (!at) return;
    canvas.setPointerCapture(event.pointerId);
    start = { at, clientX: event.clientX, clientY: event.clientY };
  });

  canvas.addEventListener('pointermove', (event) => {
    if (!start) return;
    const moved = Math.hypot(event.clientX - start.clientX, event.clientY - start.clientY);
    if (moved < DRAG_DISTANCE && !view.selectionBox) return;
    view.selectionBox = boxBetween(start.at, view.toImage(event.clientX, event.clientY, { clamp: true }));
    view.draw();
  });

  canvas.addEventListener('pointerup', (event) => {
    if (!start) return;
    const { at } = start;
    const box = view.selectionBox;
    start = view.selectionBox = null;
    if (box) actions.box(box);
    else click(view, actions, event, at);
  });

  canvas.addEventListener('pointercancel', () => {
    start = view.selectionBox = null;
    view.draw();
  });

  // The right button, or a long press on a touch screen.
  canvas.addEventListener('contextmenu', (event) => {
    event.preventDefault();
    start = view.selectionBox = null;
    const at = view.toImage(event.clientX, event.clientY);
    if (at) actions.point({ ...at, positive: false });
  });
}

function click(view, actions, event, at) {
  const object = view.labelAt(event.clientX, event.clientY);
  if (object && object !== view.selected) actions.select(object);
  else actions.point({ ...at, positive: !event.shiftKey && !tapsExclude() });
}

function boxBetween(a, b) {
  return {
    x0: Math.min(a.x, b.x),
    y0: Math.min(a.y, b.y),
    x1: Math.max(a.x, b.x),
    y1: Math.max(a.y, b.y),
  };
}

function listenToKeys(actions) {
  const keys = {
    ArrowLeft: () => actions.step(-1),
    ArrowRight: () => actions.step(1),
    PageUp: () => actions.step(-FAR),
    PageDown: () => actions.step(FAR),
    Home: actions.first,
    End: actions.last,
    n: actions.fresh,
    Escape: actions.fresh,
    z: actions.undo,
    Delete: actions.remove,
    Backspace: actions.remove,
    o: actions.fills,
    0: actions.zoomOut,
  };
  window.addEventListener('keydown', (event) => {
    // Letters are names or numbers there; arrows on the slider are those of the page.
    if (event.target.closest?.('input:not([type="range"]):not([type="checkbox"]), select')) return;
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    if (Object.hasOwn(keys, key)) {
      event.preventDefault();
      keys[key]();
    } else if (/^[1-9]$/.test(key)) actions.select(Number(key));
  });
}

function listenToControls(actions) {
  for (const act of ['fresh', 'undo', 'remove', 'label']) $(act).addEventListener('click', actions[act]);
  $('previous').addEventListener('click', () => actions.step(-1));
  $('next').addEventListener('click', () => actions.step(1));
  $('zoom').addEventListener('click', actions.zoomOut);
  $('slider').addEventListener('input', () => actions.go(Number($('slider').value)));
  $('number').addEventListener('change', () => actions.go(Number($('number').value)));
  $('recording').addEventListener('change', () => actions.record($('recording').value));
  // Enter is the end of a name or a number: the next key is for the image.
  document.addEventListener('keydown', ({ key, target }) => {
    if (key === 'Enter' && target.matches?.('input')) target.blur();
  });
  listenToTapSwitch();
  document.addEventListener('click', ({ target, detail }) => {
    if (detail) target.closest?.('button')?.blur();
  });
}
