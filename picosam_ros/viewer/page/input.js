// Pointer and keys, as what they mean.

// A movement that is shorter, in CSS pixels, is a click.
const DRAG = 6;
const STEP = 8;
const FINE = 1;

const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

// `act`: point(x, y, {positive, refine}), box(box), removeAt(x, y), removeSelected(), clear(),
// freeze(), snapshot(), engine(), select(object).
export function listen(picture, act) {
  followPointer(picture, act);
  followKeys(picture, act);
}

function followPointer(picture, act) {
  const { canvas } = picture;
  let start = null;

  canvas.addEventListener('pointerdown', (event) => {
    if (event.button !== 0 || !event.isPrimary) return;
    const at = picture.toImage(event.clientX, event.clientY);
    if (!at) return;
    canvas.setPointerCapture(event.pointerId);
    picture.crosshair = null;
    start = { at, clientX: event.clientX, clientY: event.clientY };
  });

  canvas.addEventListener('pointermove', (event) => {
    if (!start) return;
    const far = Math.hypot(event.clientX - start.clientX, event.clientY - start.clientY) >= DRAG;
    if (!far && !picture.rubber) return;
    picture.rubber = span(start.at, picture.toImage(event.clientX, event.clientY, { clamp: true }));
    picture.draw();
  });

  canvas.addEventListener('pointerup', (event) => {
    if (!start) return;
    const { at } = start;
    const box = picture.rubber;
    start = picture.rubber = null;
    if (box) act.box(box, event.timeStamp);
    else act.point(at.x, at.y, meaning(event), event.timeStamp);
  });

  canvas.addEventListener('pointercancel', () => {
    start = picture.rubber = null;
    picture.draw();
  });

  // The right button, and a long press on a touch screen.
  canvas.addEventListener('contextmenu', (event) => {
    event.preventDefault();
    start = picture.rubber = null;
    const at = picture.toImage(event.clientX, event.clientY);
    if (at) act.removeAt(at.x, at.y);
  });
}

function followKeys(picture, act) {
  let corner = null;

  const keys = {
    Enter: (event) => {
      const at = crosshair(picture);
      if (!at) return;
      if (corner) act.box(span(corner, at), event.timeStamp);
      else act.point(at.x, at.y, meaning(event), event.timeStamp);
      corner = picture.rubber = null;
    },
    b: () => {
      corner = { ...crosshair(picture) };
      picture.rubber = span(corner, corner);
      picture.draw();
    },
    Delete: () => act.removeSelected(picture.crosshair),
    Backspace: () => act.removeSelected(picture.crosshair),
    Escape: () => {
      if (corner) {
        corner = picture.rubber = null;
        picture.draw();
      } else act.clear();
    },
    ' ': () => act.freeze(),
    s: () => act.snapshot(),
    e: () => act.engine(),
  };

  function move([dx, dy], event) {
    const at = crosshair(picture);
    if (!at) return;
    const step = event.shiftKey ? FINE : STEP;
    at.x = Math.min(Math.max(at.x + dx * step, 0), picture.scene.width - 1);
    at.y = Math.min(Math.max(at.y + dy * step, 0), picture.scene.height - 1);
    if (corner) picture.rubber = span(corner, at);
    picture.draw();
  }

  window.addEventListener('keydown', (event) => {
    if (document.querySelector('dialog[open]')) return;
    const shortcut = event.ctrlKey || event.metaKey || event.altKey;
    const onControl = event.target.closest?.('button, summary, a');
    if (onControl && (event.key === 'Enter' || event.key === ' ')) return;
    if (ARROWS[event.key] && !shortcut) move(ARROWS[event.key], event);
    else if (keys[event.key] && (!shortcut || event.key === 'Enter')) keys[event.key](event);
    else if (/^[1-9]$/.test(event.key) && !shortcut) act.select(Number(event.key));
    else return;
    event.preventDefault();
  });
}

// In the middle of the picture, once a key asks for it.
function crosshair(picture) {
  if (!picture.scene) return null;
  const { width, height } = picture.scene;
  picture.crosshair ??= { x: Math.floor(width / 2), y: Math.floor(height / 2) };
  return picture.crosshair;
}

function meaning(event) {
  const negative = event.shiftKey;
  return { positive: !negative, refine: negative || event.ctrlKey || event.metaKey };
}

function span(a, b) {
  return {
    x0: Math.min(a.x, b.x),
    y0: Math.min(a.y, b.y),
    x1: Math.max(a.x, b.x),
    y1: Math.max(a.y, b.y),
  };
}
