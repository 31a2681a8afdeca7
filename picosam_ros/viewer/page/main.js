// Connects the parts of the page.

import { Appearance } from './appearance.js';
import { ImageCanvas } from './canvas.js';
import { LatencyChart, element } from './charts.js';
import { Connection } from './connection.js';
import { OpacityControl, TapSwitch, showZoom } from './controls.js';
import { listenToGestures } from './gestures.js';
import { listen } from './input.js';
import { Markers } from './markers.js';
import { askName } from './naming.js';
import { ObjectList } from './objects.js';
import { Diagnostics, facts, setText } from './panel.js';
import { SizeSteps } from './sizes.js';

const $ = (id) => document.getElementById(id);
const MESSAGE_MS = 6000;
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
const diagnostics = new Diagnostics($('diagnostics'));
let next = null;
let frozen = false;
let engineFacts = {};

const connection = new Connection({
  state(name, text) {
    $('connection').dataset.state = name;
    setText($('connection-text'), text);
    // Until the next frame: the old one is not live, so that clicks in it are refused.
    document.body.classList.add('offline');
    if (name === 'lost') {
      markers.clear();
      next?.bitmap.close();
      next = null;
    }
    announce(text);
  },

  hello({ node, title, palette }) {
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
    if (state === 'lost' || tag !== null) announce(`object ${object} ${state}: ${reason}`);
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

  statistics({ stages, rate, dropped }) {
    setText($('rate'), rate ? `${rate.toFixed(0)} per second, ${dropped} dropped` : '');
    chart.show(stages);
  },

  diagnostics({ components }) {
    diagnostics.show(components);
    const engine = components.find(({ name }) => name.endsWith(': segmentation'));
    engineFacts = engine?.values ?? {};
    const camera = components.find(({ name }) => name.endsWith(': camera'));
    // What the user waits for, for minutes where a network is uploaded.
    if (camera?.level) setText($('empty'), camera.message);
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
  if (!frozen) requestAnimationFrame(draw);
}

async function snapshot() {
  if (!view.frame) return;
  const link = element('a');
  link.download = `picosam-${view.frame.stamp}.png`;
  link.href = URL.createObjectURL(await view.snapshot());
  link.click();
  URL.revokeObjectURL(link.href);
  announce('snapshot saved');
}

function engine() {
  $('engine-facts').replaceChildren(...facts(engineFacts));
  $('engine-dialog').showModal();
}

// Shows a text on the image, beside a marker if there is one.
function showMessage(marker, text) {
  if (!view.frame) return;
  // Said again, it moves.
  for (const said of $('bubbles').children) if (said.textContent === text) said.remove();
  const message = element('p', 'bubble');
  message.textContent = text;
  const anchor = marker?.box ? { x: marker.box.x0, y: marker.box.y1 } : marker;
  const middle = { x: view.frame.width / 2, y: view.frame.height * 0.9 };
  const { left, top } = view.toStage((anchor ?? middle).x, (anchor ?? middle).y);
  $('bubbles').append(message);
  const stage = $('stage').getBoundingClientRect();
  const size = message.getBoundingClientRect();
  const right = stage.width - size.width - 8;
  message.style.left = `${Math.min(Math.max(left - size.width / 2, 8), right)}px`;
  const below = top + 16 + size.height < stage.height;
  message.style.top = `${below ? top + 16 : Math.max(top - 16 - size.height, 8)}px`;
  setTimeout(() => message.remove(), MESSAGE_MS);
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
  field.style.left = `${place.left}px`;
  field.style.top = `${place.top}px`;
}

listenToGestures(view, {
  freeze,
  select,
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
