// Zooming and panning, and clicks on labels; what is left of the pointer goes to input.js.

// Of a wheel's step, or of pixels that two fingers move on a touchpad.
const WHEEL_SPEED = 0.002;
const PINCH_SPEED = 0.01;
const PIXELS_PER_LINE = 16;

// `actions`: freeze(), select(object), remove(object), name(object), opacity(), isRefining(event).
export function listenToGestures(view, actions) {
  const keys = { held: false, panned: false };
  listenToZoom(view, keys);
  listenToLabels(view, actions);
  listenToKeys(view, keys, actions);
}

// `keys`: `held` while the space key lets the left button pan.
export function listenToZoom(view, keys = {}) {
  listenToWheel(view);
  listenToPan(view, keys);
  listenToPinch(view);
}

function listenToWheel(view) {
  view.canvas.addEventListener('wheel', (event) => {
    if (event.altKey || event.shiftKey) return;
    event.preventDefault();
    const pixels = event.deltaY * (event.deltaMode === WheelEvent.DOM_DELTA_LINE ? PIXELS_PER_LINE : 1);
    // A pinch on a touchpad is sent as a wheel with ctrl.
    const factor = 2 ** (-pixels * (event.ctrlKey ? PINCH_SPEED : WHEEL_SPEED));
    view.zoomBy(factor, view.fractions(event.clientX, event.clientY));
  }, { passive: false });
}

// By the middle button, or with the space key held.
function listenToPan(view, keys) {
  const { canvas } = view;
  let last = null;

  canvas.addEventListener('pointerdown', (event) => {
    if (event.pointerType === 'touch') return;
    const left = event.button === 0 && keys.held;
    if (event.button !== 1 && !left) return;
    take(event);
    keys.panned = left;
    last = view.fractions(event.clientX, event.clientY);
    canvas.setPointerCapture(event.pointerId);
  }, { capture: true });

  canvas.addEventListener('pointermove', (event) => {
    if (!last) return;
    take(event);
    const at = view.fractions(event.clientX, event.clientY);
    view.pan(last, at);
    last = at;
  }, { capture: true });

  // Nor does the middle button scroll the page.
  canvas.addEventListener('mousedown', (event) => event.button === 1 && event.preventDefault());

  for (const end of ['pointerup', 'pointercancel']) {
    canvas.addEventListener(end, (event) => {
      if (last) take(event);
      last = null;
    }, { capture: true });
  }
}

// Two fingers.
function listenToPinch(view) {
  const { canvas } = view;
  const fingers = new Map();

  canvas.addEventListener('pointerdown', (event) => {
    if (event.pointerType !== 'touch') return;
    fingers.set(event.pointerId, view.fractions(event.clientX, event.clientY));
    if (fingers.size < 2) return;
    take(event);
    // The first finger is no longer the start of a point or a box.
    if (fingers.size === 2) canvas.dispatchEvent(new PointerEvent('pointercancel', { pointerId: -1 }));
  }, { capture: true });

  canvas.addEventListener('pointermove', (event) => {
    if (!fingers.has(event.pointerId)) return;
    const before = between(fingers);
    fingers.set(event.pointerId, view.fractions(event.clientX, event.clientY));
    if (fingers.size !== 2) return;
    take(event);
    const after = between(fingers);
    view.zoomBy(after.distance / before.distance, before);
    view.pan(before, after);
  }, { capture: true });

  for (const end of ['pointerup', 'pointercancel']) {
    canvas.addEventListener(end, ({ pointerId }) => fingers.delete(pointerId), { capture: true });
  }
}

// Returns the middle between two fingers, and their distance.
function between(fingers) {
  const [a, b = a] = fingers.values();
  return {
    across: (a.across + b.across) / 2,
    down: (a.down + b.down) / 2,
    distance: Math.max(Math.hypot(a.across - b.across, a.down - b.down), 1e-3),
  };
}

// A click on a label selects its object, a right click removes it, two open the field for its name.
function listenToLabels(view, { select, remove, name, isRefining }) {
  const labelAt = (event) => view.labelAt(event.clientX, event.clientY);

  view.canvas.addEventListener('pointerdown', (event) => {
    // A point of the selected object may be where its label is.
    if (event.button !== 0 || isRefining(event)) return;
    const object = labelAt(event);
    if (!object) return;
    take(event);
    select(object);
  }, { capture: true });

  view.canvas.addEventListener('contextmenu', (event) => {
    const object = labelAt(event);
    if (!object) return;
    event.preventDefault();
    take(event);
    remove(object);
  }, { capture: true });

  view.canvas.addEventListener('dblclick', (event) => {
    const object = labelAt(event);
    if (object) name(object);
  });

  view.stage.addEventListener('dblclick', (event) => {
    if (event.target === view.stage) view.resetZoom();
  });
}

function listenToKeys(view, keys, { freeze, name, opacity }) {
  const hold = (held) => {
    Object.assign(keys, { held, panned: false });
    view.canvas.classList.toggle('grab', held);
  };
  const actions = {
    0: () => view.resetZoom(),
    o: opacity,
    n: () => view.selected && name(view.selected),
    ' ': () => hold(true),
  };

  window.addEventListener('keydown', (event) => {
    if (document.querySelector('dialog[open]') || !actions[event.key]) return;
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest?.('select')) return;
    if (event.key === ' ' && event.target.closest?.('button, summary, a')) return;
    event.preventDefault();
    if (!event.repeat) actions[event.key]();
  });

  // The space key freezes, unless it was held for panning.
  window.addEventListener('keyup', (event) => {
    if (event.key !== ' ' || !keys.held) return;
    if (!keys.panned) freeze();
    hold(false);
  });

  window.addEventListener('blur', () => hold(false));
}

// Keeps the event from input.js.
function take(event) {
  event.stopImmediatePropagation();
}
