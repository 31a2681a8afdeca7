// Connects the parts of the page.

import { Appearance } from './appearance.js';
import { ImageCanvas } from './canvas.js';
import { LatencyChart, element } from './charts.js';
import { Connection } from './connection.js';
import { OpacityControl, TapSwitch, showZoom } from './controls.js';
import { Diagnostics, facts } from './diagnostics.js';
import { FullImages } from './full_images.js';
import { listenToGestures } from './gestures.js';
import { listen } from './input.js';
import { Markers } from './markers.js';
import { askName } from './naming.js';
import { Notices } from './notices.js';
import { ObjectList } from './objects.js';
import { setText } from './panel.js';
import { showShortcuts } from './shortcuts.js';
import { SizeSteps } from './sizes.js';

const $ = (id) => document.getElementById(id);
const NO_CONNECTION = 'Not connected to the viewer.';

const markers = new Markers();
const steps = new SizeSteps();
const appearance = new Appearance();
const view = new ImageCanvas($('image'), $('stage'), markers, appearance);
const opacity = new OpacityControl($('opacity'), $('opacity-text'), view);
const tapSwitch = new TapSwitch($('tap-switch'));
showZoom($('zoom'), view);
const objects = new ObjectList($('objects'), $('no-objects'), view, { select, remove, step });
const chart = new LatencyChart($('latency'));
const diagnostics = new Diagnostics($('health'), $('health-state'), $('diagnostics'));
const notices = new Notices(view, $('bubbles'), $('notices'), $('notice-list'));
const showMessage = (marker, text) => notices.say(marker, text);
const fullImages = new FullImages((number) => connection.send('full', { number }));
let next = null;
let frozen = false;
let invited = false;
let engineFacts = {};

const connection = new Connection({
  state(name, text) {
    $('connection').dataset.state = name;
    setText($('connection-text'), text);
    $('retry').hidden = name === 'live';
    // Until the next frame: the old one is not live, so that clicks in it are refused.
    document.body.classList.add('offline');
    if (name === 'lost') {
      markers.clear();
      next?.bitmap.close();
      next = null;
      fullImages.clear();
    }
    if (name === 'live') announce(text);
  },

  countdown(text) {
    setText($('connection-text'), text);
    // Not each second.
    if (!$('live').textContent.startsWith(text.split(';')[0])) announce(text);
  },

  hello({ node, title, palette, stages }) {
    chart.name(stages);
    setText($('title'), `${node} on ${title}`);
    document.title = `${node} · picosam`;
    appearance.palette = palette;
  },

  frame(frame) {
    next?.bitmap.close();
    next = frame;
    // Acknowledged once it is drawn, so that a hidden page receives no further frames.
    frame.held = frozen || document.hidden;
    if (!frozen) requestAnimationFrame(draw);
  },

  full(frame) {
    fullImages.receive(frame);
  },

  gone({ number }) {
    fullImages.answer(number, null);
  },

  answer({ tag, object, state, generation, reason }) {
    if (state === 'accepted' || state === 'clamped') {
      steps.accept(tag, generation);
      const marker = markers.accept(tag, object, generation);
      if (marker) select(object);
      if (view.frame) complete(markers.complete(view.frame));
      if (state === 'clamped') objects.report(object, state, reason);
      return;
    }
    objects.report(object, state, reason);
    if (state === 'lost') {
      steps.forget(object);
      appearance.forget(object);
    }
    if (state === 'lost' || tag !== null) {
      announce(`object ${object} ${state}: ${reason}`);
      notices.add(`object ${object} ${state}: ${reason}`);
    }
    refuse(tag, reason);
  },

  notice({ tag, text }) {
    // A step or a removal has no marker beside which it could be said.
    if (tag === null || !refuse(tag, text)) showMessage(null, text);
    announce(text);
  },

  scenes({ several }) {
    $('next-scene').hidden = !several;
  },

  statistics({ stages, rate, skipped }) {
    const left = skipped ? `, ${skipped.toFixed(skipped < 9.95 ? 1 : 0)} skipped` : '';
    setText($('rate'), rate ? `${rate.toFixed(0)} per second${left}` : '');
    chart.show(stages);
  },

  diagnostics({ components }) {
    diagnostics.show(components);
    const engine = components.find(({ name }) => name.endsWith(': segmentation'));
    engineFacts = engine?.values ?? {};
    const camera = components.find(({ name }) => name.endsWith(': camera'));
    // What the user waits for, for minutes where a network is uploaded.
    if (camera?.level) setText($('empty'), camera.message);
    // Where the images are not what a camera sees now.
    for (const mark of [$('origin'), $('origin-mark')]) {
      setText(mark, camera?.values.images);
      mark.hidden = !mark.textContent;
    }
  },

  link({ round_trip_ms: roundTrip, side, quality, clients }) {
    const browsers = clients === 1 ? '1 browser' : `${clients} browsers`;
    const trip = roundTrip === null ? '' : ` · round trip ${roundTrip.toFixed(0)} ms`;
    setText($('link'), `${browsers} · up to ${side} px, JPEG quality ${quality}${trip}`);
  },
});

function draw() {
  if (!next) return;
  const frame = next;
  next = null;
  $('empty').hidden = true;
  $('invitation').hidden = invited;
  document.body.classList.remove('offline');
  view.show(frame);
  objects.update(frame);
  complete(markers.complete(frame));
  steps.complete(frame).forEach(explain);
  connection.send('ack', { number: frame.number, held: frame.held });
}

// Shows the time from a click to its mask: a timer set in an animation frame runs once it is drawn.
function complete(markersWithMask) {
  for (const marker of markersWithMask) {
    setTimeout(() => {
      const took = performance.now() - marker.at;
      $('last-click').dataset.ms = took.toFixed(1);
      $('last-click').dataset.object = marker.object;
      setText($('last-click'), `click to mask ${took.toFixed(0)} ms`);
    });
    announce(`object ${marker.object} found`);
  }
}

// A step that changed nothing: there is no such object.
function explain({ direction, mask }) {
  const text = `There is no ${direction > 0 ? 'larger' : 'smaller'} object at this place.`;
  const [x, y] = mask.outline[0] ?? [];
  showMessage(mask.outline.length ? { x, y } : null, text);
  announce(text);
}

function point(x, y, { positive, refine }, at) {
  const object = refine ? view.selected : 0;
  const fields = { x, y, positive, refine: Boolean(object), object };
  prompt('point', fields, { x, y, positive, object, at });
}

function box(corners, at) {
  prompt('box', { ...corners, object: 0 }, { box: corners, positive: true, object: 0, at });
}

function prompt(type, fields, marker) {
  if (frozen) {
    showMessage(marker, 'The image is frozen. Press space to resume, then click.');
    return;
  }
  const live = !document.body.classList.contains('offline');
  const tag = live && connection.request(type, { ...fields, stamp: view.frame.stamp });
  if (!tag) {
    showMessage(marker, NO_CONNECTION);
    return;
  }
  $('invitation').hidden = invited = true;
  markers.add({ ...marker, tag });
  view.draw();
}

// Returns whether the prompt has a marker, beside which the reason is shown.
function refuse(tag, reason) {
  steps.refuse(tag);
  const marker = markers.refuse(tag, reason);
  if (marker) showMessage(marker, reason);
  view.draw();
  return Boolean(marker);
}

function remove(object) {
  steps.forget(object);
  if (object && !connection.request('remove', { object })) showMessage(null, NO_CONNECTION);
}

// Asks for the next larger object at the place of one, or the next smaller.
function step(object, direction) {
  if (!object) return;
  const fields = { object, step: direction, stamp: view.frame?.stamp ?? '0' };
  const tag = connection.request('size', fields);
  if (tag) steps.add(tag, object, direction, view.frame);
  else showMessage(null, NO_CONNECTION);
}

function clear() {
  if (!connection.send('clear')) showMessage(null, NO_CONNECTION);
}

function nextScene() {
  if (!connection.send('next_scene')) showMessage(null, NO_CONNECTION);
}

function select(object) {
  view.selected = object;
  objects.draw();
  view.draw();
}

function freeze() {
  frozen = !frozen;
  $('freeze').setAttribute('aria-pressed', String(frozen));
  setText($('freeze'), frozen ? 'Resume' : 'Freeze');
  $('frozen').hidden = !frozen;
  announce(frozen ? 'frozen' : 'live');
  if (frozen) sharpen();
  else requestAnimationFrame(draw);
}

// Shows the frozen image at full size.
async function sharpen() {
  const { frame } = view;
  if (!frame || frame.full) return;
  const full = await fullImages.request(frame);
  if (!full || view.frame !== frame) return;
  frame.bitmap.close();
  Object.assign(frame, { bitmap: full.bitmap, full: true });
  view.draw();
}

async function snapshot() {
  if (!view.frame) return;
  // As it is now, while further images come.
  const still = Object.assign(Object.create(Object.getPrototypeOf(view)), view);
  const full = still.frame.full ? still.frame : await fullImages.request(still.frame);
  if (full) still.frame = { ...still.frame, bitmap: full.bitmap };
  const link = element('a');
  link.download = `picosam-${(full ? still : view).frame.stamp}.png`;
  link.href = URL.createObjectURL(await (full ? still : view).snapshot());
  link.click();
  URL.revokeObjectURL(link.href);
  announce('snapshot saved');
}

function engine() {
  $('engine-facts').replaceChildren(...facts(engineFacts));
  $('engine-dialog').showModal();
}

// For screen readers.
function announce(text) {
  setText($('live'), text);
}

// Opens the field for a name over the object's label, or in the list.
function name(object) {
  const place = view.labelPosition(object);
  if (!place) {
    objects.askName(object);
    return;
  }
  const field = askName($('stage'), appearance.name(object), (text) => {
    if (text !== null) objects.rename(object, text);
  });
  field.style.left = `min(${place.left}px, calc(100% - ${field.offsetWidth + 8}px))`;
  field.style.top = `${place.top}px`;
}

listenToGestures(view, {
  freeze,
  select,
  remove,
  name,
  opacity: () => opacity.next(),
  isRefining: (event) =>
    event.ctrlKey || event.metaKey || event.shiftKey || tapSwitch.value !== 'new',
});
listen(view, {
  point: (x, y, options, at) => point(x, y, tapSwitch.apply(options), at),
  box,
  removeAt: (x, y) => remove(view.objectAt(x, y)),
  removeSelected: (at) => remove((at && view.objectAt(at.x, at.y)) || view.selected),
  clear,
  freeze,
  snapshot,
  engine,
  select,
  step: (direction) => step(view.selected, direction),
});
$('freeze').addEventListener('click', freeze);
$('clear').addEventListener('click', clear);
$('next-scene').addEventListener('click', nextScene);
$('snapshot').addEventListener('click', snapshot);
$('engine').addEventListener('click', engine);
$('retry').addEventListener('click', () => connection.retry());
$('all-shortcuts').addEventListener('click', () => $('shortcuts-dialog').showModal());
showShortcuts($('shortcuts'), $('shortcuts-body'), $('shortcuts-dialog'));
