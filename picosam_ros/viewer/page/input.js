// Pointer and keyboard input.

// Shorter movements, in CSS pixels, are clicks.
const DRAG_DISTANCE = 6;
// Of the crosshair, in pixels of the image.
const STEP = 8;
const FINE_STEP = 1;
// Of the wheel, in pixels: about one notch.
const WHEEL_STEP = 50;

const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

// `actions`: point(x, y, {positive, refine}), box(box), removeAt(x, y), removeSelected(),
// freeze(), snapshot(), engine(), select(object), step(1 or -1), undo(), redo(), hover({x, y} or
// null), togglePreview(), everything(), escape().
export function listen(view, actions) {
  listenToPointer(view, actions);
  listenToHover(view, actions);
  listenToWheel(view, actions);
  listenToKeys(view, actions);
}

function listenToPointer(view, actions) {
  const { canvas } = view;
  let start = null;

  canvas.addEventListener('pointerdown', (event) => {
    if (event.button !== 0 || !event.isPrimary) return;
    const at = view.toImage(event.clientX, event.clientY);
    if (!at) return;
    canvas.setPointerCapture(event.pointerId);
    view.crosshair = null;
    start = { at, clientX: event.clientX, clientY: event.clientY };
  });

  canvas.addEventListener('pointermove', (event) => {
    if (!start) return;
    const moved = Math.hypot(event.clientX - start.clientX, event.clientY - start.clientY);
    if (moved < DRAG_DISTANCE && !view.selectionBox) return;
    const at = view.toImage(event.clientX, event.clientY, { clamp: true });
    view.selectionBox = boxBetween(start.at, at);
    view.draw();
  });

  canvas.addEventListener('pointerup', (event) => {
    if (!start) return;
    const { at } = start;
    const box = view.selectionBox;
    start = view.selectionBox = null;
    if (box) actions.box(box, event.timeStamp);
    else actions.point(at.x, at.y, pointOptions(event), event.timeStamp);
  });

  canvas.addEventListener('pointercancel', () => {
    start = view.selectionBox = null;
    view.draw();
  });

  // The right button, or a long press on a touch screen.
  canvas.addEventListener('contextmenu', (event) => {
    event.preventDefault();
    // On a Mac ctrl and click is this, too; it is a point all the same.
    if (event.ctrlKey && start) return;
    start = view.selectionBox = null;
    const at = view.toImage(event.clientX, event.clientY);
    if (at) actions.removeAt(at.x, at.y);
  });
}

// A finger does not hover.
function listenToHover(view, actions) {
  const { canvas } = view;
  canvas.addEventListener('pointermove', (event) => {
    if (event.pointerType === 'touch') return;
    actions.hover(event.buttons ? null : view.toImage(event.clientX, event.clientY));
  });
  for (const type of ['pointerdown', 'pointerleave', 'pointercancel']) {
    canvas.addEventListener(type, () => actions.hover(null));
  }
}

function listenToWheel(view, actions) {
  let turned = 0;
  view.canvas.addEventListener(
    'wheel',
    (event) => {
      if (!event.altKey) return;
      event.preventDefault();
      event.stopImmediatePropagation();
      turned -= event.deltaY || event.deltaX;
      if (Math.abs(turned) < WHEEL_STEP) return;
      actions.step(Math.sign(turned));
      turned = 0;
    },
    { passive: false },
  );
}

function listenToKeys(view, actions) {
  let corner = null;

  const keys = {
    Enter: (event) => {
      const at = crosshairOf(view);
      if (!at) return;
      if (corner) actions.box(boxBetween(corner, at), event.timeStamp);
      else actions.point(at.x, at.y, pointOptions(event), event.timeStamp);
      corner = view.selectionBox = null;
    },
    b: () => {
      corner = { ...crosshairOf(view) };
      view.selectionBox = boxBetween(corner, corner);
      view.draw();
    },
    Delete: () => actions.removeSelected(view.crosshair),
    Backspace: () => actions.removeSelected(view.crosshair),
    Escape: () => {
      if (corner) {
        corner = view.selectionBox = null;
        view.draw();
      } else actions.escape();
    },
    '+': () => actions.step(1),
    '-': () => actions.step(-1),
    ']': () => actions.step(1),
    '[': () => actions.step(-1),
    h: () => actions.togglePreview(),
    a: () => actions.everything(),
    s: () => actions.snapshot(),
    m: () => actions.saveMenu(),
    e: () => actions.engine(),
  };

  function move([dx, dy], event) {
    const at = crosshairOf(view);
    if (!at) return;
    const step = event.shiftKey ? FINE_STEP : STEP;
    at.x = Math.min(Math.max(at.x + dx * step, 0), view.frame.width - 1);
    at.y = Math.min(Math.max(at.y + dy * step, 0), view.frame.height - 1);
    if (corner) view.selectionBox = boxBetween(corner, at);
    view.draw();
  }

  window.addEventListener('keydown', (event) => {
    if (document.querySelector('dialog[open]') || event.target.closest?.('input, select')) return;
    if (event.ctrlKey || event.metaKey) {
      const act = turnOf(event);
      if (act) {
        event.preventDefault();
        actions[act]();
        return;
      }
    }
    const shortcut = event.ctrlKey || event.metaKey || event.altKey;
    const onControl = event.target.closest?.('button, summary, a');
    if (onControl && (event.key === 'Enter' || event.key === ' ')) return;
    if (ARROWS[event.key] && !shortcut) move(ARROWS[event.key], event);
    else if (keys[event.key] && (!shortcut || event.key === 'Enter')) keys[event.key](event);
    else if (/^[1-9]$/.test(event.key) && !shortcut) actions.select(Number(event.key));
    else return;
    event.preventDefault();
  });
}

// Returns whether a key with ctrl means undo or redo; null if neither.
function turnOf({ key, shiftKey }) {
  if (key.toLowerCase() === 'y') return 'redo';
  if (key.toLowerCase() !== 'z') return null;
  return shiftKey ? 'redo' : 'undo';
}

// Returns the crosshair; the first time in the centre of the image.
function crosshairOf(view) {
  if (!view.frame) return null;
  const { width, height } = view.frame;
  view.crosshair ??= { x: Math.floor(width / 2), y: Math.floor(height / 2) };
  return view.crosshair;
}

function pointOptions(event) {
  const negative = event.shiftKey;
  return { positive: !negative, refine: negative || event.ctrlKey || event.metaKey };
}

function boxBetween(a, b) {
  return {
    x0: Math.min(a.x, b.x),
    y0: Math.min(a.y, b.y),
    x1: Math.max(a.x, b.x),
    y1: Math.max(a.y, b.y),
  };
}
