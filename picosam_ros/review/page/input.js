// Keys, buttons, and clicks on the image.

import { $ } from './elements.js';
import { listenToZoom } from './gestures.js';
import { listKeys } from './key_list.js';
import { listenToTapSwitch, tapsExclude } from './tap_switch.js';

// Longer movements, in CSS pixels, are no clicks.
const CLICK_DISTANCE = 6;

// What keys do: the first name of each is the button's, too.
const KEYS = [
  { keys: ['Enter', ' '], act: 'accept' },
  { keys: ['x', 'Backspace'], act: 'reject' },
  { keys: ['z'], act: 'undo' },
  { keys: ['ArrowRight'], act: 'next' },
  { keys: ['ArrowLeft'], act: 'previous' },
  { keys: ['n', 'Delete'], act: 'absent' },
  { keys: ['a'], act: 'alike' },
  { keys: ['r'], act: 'rejectAlike' },
  { keys: ['o'], act: 'fills' },
  { keys: ['0'], act: 'zoomOut' },
];

const LISTED = [
  ['enter, space', 'accept'],
  ['x, backspace', 'reject'],
  ['z', 'take back'],
  ['← →', 'image before, after'],
  ['1 … 9', 'select an object'],
  ['click', 'on the object'],
  ['shift click', 'not on the object'],
  ['n', 'it is not there'],
  ['a', 'accept all alike'],
  ['r', 'reject all alike'],
  ['o', 'outlines only'],
  ['wheel, 0', 'zoom, show all'],
];

// `actions`: accept(), reject(), undo(), next(), previous(), absent(), alike(), rejectAlike(), fills(),
// zoomOut(), select(object), point({x, y, positive}).
export function listen(view, actions) {
  listenToZoom(view);
  listenToClicks(view, actions);
  listenToKeys(actions);
  listenToButtons(actions);
  listKeys($('keys'), LISTED);
}

function listenToClicks(view, { point, select }) {
  const { canvas } = view;
  let start = null;

  canvas.addEventListener('pointerdown', (event) => {
    const { clientX, clientY } = event;
    if (event.button === 0 && event.isPrimary) start = { clientX, clientY };
  });

  canvas.addEventListener('pointerup', (event) => {
    if (!start) return;
    const { clientX, clientY } = start;
    start = null;
    if (Math.hypot(event.clientX - clientX, event.clientY - clientY) > CLICK_DISTANCE) return;
    const object = view.labelAt(clientX, clientY);
    const at = view.toImage(clientX, clientY);
    if (object && object !== view.selected) select(object);
    else if (at) point({ ...at, positive: !event.shiftKey && !tapsExclude() });
  });

  canvas.addEventListener('pointercancel', () => {
    start = null;
  });

  // The right button, or a long press on a touch screen.
  canvas.addEventListener('contextmenu', (event) => {
    event.preventDefault();
    start = null;
    const at = view.toImage(event.clientX, event.clientY);
    if (at) point({ ...at, positive: false });
  });
}

function listenToKeys(actions) {
  const acts = new Map(KEYS.flatMap(({ keys, act }) => keys.map((key) => [key, act])));
  window.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    // Who has gone to a button by the tabulator means that one.
    if (event.target.closest?.('button') && (key === 'Enter' || key === ' ')) return;
    const act = acts.get(key);
    if (act) {
      event.preventDefault();
      // A key that is held would answer what nobody has seen.
      if (!event.repeat || act === 'next' || act === 'previous') actions[act]();
    } else if (/^[1-9]$/.test(key)) actions.select(Number(key));
  });
}

function listenToButtons(actions) {
  for (const act of ['accept', 'reject', 'undo', 'next', 'previous', 'absent', 'alike', 'rejectAlike']) {
    $(act).addEventListener('click', () => actions[act]());
  }
  $('zoom').addEventListener('click', () => actions.zoomOut());
  listenToTapSwitch();
  // Clicked by a pointer it does not keep the focus: the next key is for the image.
  document.addEventListener('click', ({ target, detail }) => {
    if (detail) target.closest?.('button')?.blur();
  });
}
