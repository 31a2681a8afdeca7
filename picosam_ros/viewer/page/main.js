// Connects the parts of the page.

import { Appearance } from './appearance.js';
import { ImageCanvas } from './canvas.js';
import { LatencyChart } from './charts.js';
import { Connection } from './connection.js';
import { OpacityControl, TapSwitch, showZoom } from './controls.js';
import { COPIES, copyText, modelOf, rounded } from './copy.js';
import { Diagnostics, facts } from './diagnostics.js';
import { element, setText } from './elements.js';
import { Everything } from './everything.js';
import { Export, chosenMask, imageName } from './export.js';
import { FullImages } from './full_images.js';
import { listenToGestures } from './gestures.js';
import { History } from './history.js';
import { listen } from './input.js';
import { Markers } from './markers.js';
import { askName } from './naming.js';
import { Notices } from './notices.js';
import { ObjectList } from './objects.js';
import { Preview } from './preview.js';
import { ObjectPrompts, promptAround, promptOf } from './prompts.js';
import { SaveMenu } from './save_menu.js';
import { showShortcuts } from './shortcuts.js';
import { SizeSteps } from './sizes.js';

const $ = (id) => document.getElementById(id);
// What the node says of an object that a prompt removed.
const REMOVED = 'removed';
const NO_CONNECTION = 'Not connected to the viewer.';

const prompts = new ObjectPrompts();
const markers = new Markers(() => prompts.markers(view.selected));
const steps = new SizeSteps();
const appearance = new Appearance();
const view = new ImageCanvas($('image'), $('stage'), markers, appearance);
const opacity = new OpacityControl($('opacity'), $('opacity-text'), view);
const tapSwitch = new TapSwitch($('tap-switch'));
showZoom($('zoom'), view);
const history = new History(prompts, { change: showHistory });
const preview = (view.preview = new Preview(view, (asked, stamp) => {
  const live = !document.body.classList.contains('offline');
  return live && connection.request('preview', { prompts: asked, stamp });
}));
const everything = (view.everything = new Everything(view, $('everything'), $('everything-state'), {
  ask: (fields, stamp) => {
    preview.move(null);
    const live = !document.body.classList.contains('offline');
    const tag = live && connection.request('preview', { ...fields, stamp });
    if (!tag) showMessage(null, NO_CONNECTION);
    return tag;
  },
  freeze: (wanted) => {
    const changes = wanted !== frozen;
    if (changes) freeze();
    return changes;
  },
  take: (corners, at) => box(corners, at),
  say: (text) => showMessage(null, text),
  announce,
}));
const objects = new ObjectList($('objects'), $('no-objects'), view, { select, remove, step });
const chart = new LatencyChart($('latency'));
const diagnostics = new Diagnostics($('health'), $('health-state'), $('diagnostics'));
const notices = new Notices(view, $('bubbles'), $('notices'), $('notice-list'));
const showMessage = (marker, text) => notices.say(marker, text);
const fullImages = new FullImages((number) => connection.send('full', { number }));
const exported = new Export(view, fullImages, announce);
let promptTopic = '';
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
      preview.reset();
      everything.end();
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

  hello({ node, title, palette, stages, prompt_topic: topic }) {
    promptTopic = topic;
    $('copy-topic').hidden = !topic;
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
      // What somebody else made of an object is not known here.
      if (!history.accept(tag, object)) prompts.set(object, null);
      if (reason === REMOVED) take([object]);
      else if (marker || tag !== null) select(object);
      if (view.frame) complete(markers.complete(view.frame));
      if (state === 'clamped') objects.report(object, state, reason);
      return;
    }
    objects.report(object, state, reason);
    if (state === 'lost') {
      steps.forget(object);
      appearance.forget(object);
      prompts.set(object, null);
    }
    if (state === 'lost' || tag !== null) {
      announce(`object ${object} ${state}: ${reason}`);
      notices.add(`object ${object} ${state}: ${reason}`);
    }
    refuse(tag, reason);
  },

  // Masks of an image that was shown already: that of a click into a frozen one.
  late({ stamp, masks }) {
    if (view.frame?.stamp !== stamp) return;
    view.addLate(masks);
    shown(view.frame);
  },

  preview(answer) {
    if (!everything.answer(answer)) preview.answer(answer);
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
    // Each look of the sensor is one of its objects' masks.
    preview.possible = engineFacts.network !== 'in the sensor';
    $('preview').disabled = $('everything').disabled = !preview.possible;
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
  // One that came just before the page was frozen waits, too.
  if (!next || frozen) return;
  const frame = next;
  next = null;
  $('empty').hidden = true;
  $('invitation').hidden = invited;
  document.body.classList.remove('offline');
  view.show(frame);
  shown(frame);
  preview.next();
  connection.send('ack', { number: frame.number, held: frame.held });
}

// Tells all parts that a frame, or more of its masks, is on the screen.
function shown(frame) {
  prompts.update(frame);
  objects.update(frame);
  saveMenu.update();
  complete(markers.complete(frame));
  steps.complete(frame).forEach(explain);
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

function pointOrTake(x, y, options, at) {
  if (options.refine || !everything.take(x, y, at)) point(x, y, options, at);
}

function point(x, y, { positive, refine }, at) {
  const object = refine ? view.selected : 0;
  const fields = { x, y, positive, refine: Boolean(object), object };
  const before = object ? promptFor(object) : null;
  const known = prompts.get(object) ?? promptOf({});
  const after = { ...known, points: [...known.points, { x, y, positive }] };
  prompt('point', fields, { x, y, positive, object, at }, { object, before, after });
}

function box(corners, at) {
  const change = { object: 0, before: null, after: promptOf({ box: corners }) };
  prompt('box', { ...corners, object: 0 }, { box: corners, positive: true, object: 0, at }, change);
}

function prompt(type, fields, marker, change) {
  preview.move(null);
  const live = !document.body.classList.contains('offline');
  const tag = live && connection.request(type, { ...fields, stamp: view.frame.stamp });
  if (!tag) {
    showMessage(marker, NO_CONNECTION);
    return;
  }
  $('invitation').hidden = invited = true;
  markers.add({ ...marker, tag });
  history.add(tag, change);
  view.draw();
}

// Returns whether the prompt has a marker, beside which the reason is shown.
function refuse(tag, reason) {
  steps.refuse(tag);
  history.refuse(tag);
  const marker = markers.refuse(tag, reason);
  if (marker) showMessage(marker, reason);
  view.draw();
  return Boolean(marker);
}

function remove(object) {
  steps.forget(object);
  if (!object) return;
  const tag = connection.request('remove', { object });
  if (tag) history.add(tag, { object, before: promptFor(object), after: null });
  else showMessage(null, NO_CONNECTION);
}

// Returns what leads to an object that is shown: what was pointed at here, or its box.
function promptFor(object) {
  const mask = view.frame?.masks.find((each) => each.object === object);
  return prompts.get(object) ?? (mask?.outline.length ? promptAround(mask) : null);
}

// Asks for the next larger object at the place of one, or the next smaller.
function step(object, direction) {
  if (!object) return;
  const fields = { object, step: direction, stamp: view.frame?.stamp ?? '0' };
  const tag = connection.request('size', fields);
  if (!tag) {
    showMessage(null, NO_CONNECTION);
    return;
  }
  steps.add(tag, object, direction, view.frame);
  const before = promptFor(object);
  if (before) {
    history.add(tag, { object, before, after: { ...before, step: before.step + direction } });
  }
}

function clear() {
  if (!connection.send('clear')) {
    showMessage(null, NO_CONNECTION);
    return;
  }
  const all = (view.frame?.masks ?? []).map(({ object }) => object);
  const changes = all.map((object) => ({ object, before: promptFor(object), after: null }));
  history.addAll(changes.filter(({ before }) => before));
  if (frozen) take(all);
}

// Takes objects off an image that may be frozen.
function take(gone) {
  gone.forEach((object) => view.take(object));
  if (view.frame) objects.update(view.frame);
}

// Makes each object what it was, or is to be again, where it is now.
function turn(changes) {
  for (const { change, prompt: wanted } of changes) {
    const { object } = change;
    const present = view.frame?.masks.some((mask) => mask.object === object);
    if (!wanted && !present && !prompts.get(object)) continue;
    const now = wanted && prompts.moved(object, wanted);
    // Its id may be another one's by now.
    const taken = present && !prompts.get(object);
    const fields = { ...now, object: taken ? 0 : object, stamp: view.frame?.stamp ?? '0' };
    const tag = connection.request(wanted ? 'set' : 'remove', fields);
    if (tag) history.ask(tag, change, now);
    else showMessage(null, NO_CONNECTION);
  }
}

function showHistory() {
  $('undo').disabled = !history.done.length;
  $('redo').disabled = !history.undone.length;
}

function undo() {
  turn(history.back());
  showHistory();
}

function redo() {
  turn(history.forth());
  showHistory();
}

function togglePreview() {
  preview.toggle();
  $('preview').setAttribute('aria-pressed', String(preview.enabled));
  announce(preview.enabled ? 'preview on' : 'preview off');
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
  if (!frozen) everything.end();
  $('freeze').setAttribute('aria-pressed', String(frozen));
  setText($('freeze'), frozen ? 'Resume' : 'Freeze');
  $('frozen').hidden = !frozen;
  announce(frozen ? 'frozen' : 'live');
  delete $('frozen').dataset.full;
  if (frozen && next) next.held = true;
  if (frozen) sharpen();
  else requestAnimationFrame(draw);
}

// Shows the frozen image at full size.
async function sharpen() {
  const { frame } = view;
  if (!frame) return;
  if (!frame.full) {
    const full = await fullImages.request(frame);
    if (!full || view.frame !== frame) return;
    frame.bitmap.close();
    Object.assign(frame, { bitmap: full.bitmap, full: true });
    view.draw();
  }
  $('frozen').dataset.full = frame.number;
}

// Copies what leads to the object that is selected: a key of COPIES.
async function copy(kind) {
  const mask = chosenMask(view);
  if (!mask) return;
  const prompt = rounded(promptFor(mask.object), view.frame);
  const text = COPIES[kind]({
    prompt,
    object: mask.object,
    topic: promptTopic,
    file: imageName(view.frame),
    model: modelOf(mask, engineFacts),
  });
  if (await copyText(text, $('copy-dialog'))) showMessage(null, 'copied');
}

// Returns whether a value of the menu can be had now.
function canTake(what) {
  if (what === 'snapshot' || what === 'image') return Boolean(view.frame);
  return what === 'objects' ? view.shapes.length > 0 : Boolean(chosenMask(view));
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

const saveMenu = new SaveMenu(
  $('save-menu'),
  $('save'),
  {
    snapshot: () => exported.snapshot(),
    image: () => exported.image(),
    mask: () => exported.mask(),
    cutOut: () => exported.cutOut(),
    objects: () => exported.objects(),
    topic: () => copy('topic'),
    command: () => copy('command'),
    python: () => copy('python'),
  },
  canTake,
);
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
  point: (x, y, options, at) => pointOrTake(x, y, tapSwitch.apply(options), at),
  box,
  removeAt: (x, y) => remove(view.objectAt(x, y)),
  removeSelected: (at) => remove((at && view.objectAt(at.x, at.y)) || view.selected),
  escape: () => (everything.active ? everything.end() : clear()),
  freeze,
  snapshot: () => exported.snapshot(),
  saveMenu: () => saveMenu.open(),
  engine,
  select,
  step: (direction) => step(view.selected, direction),
  undo,
  redo,
  hover: (at) => (everything.active ? everything.hover(at) : preview.move(at)),
  everything: () => everything.toggle(),
  togglePreview,
});
$('undo').addEventListener('click', undo);
$('redo').addEventListener('click', redo);
$('preview').addEventListener('click', togglePreview);
$('freeze').addEventListener('click', freeze);
$('clear').addEventListener('click', clear);
$('next-scene').addEventListener('click', nextScene);
$('engine').addEventListener('click', engine);
$('retry').addEventListener('click', () => connection.retry());
$('all-shortcuts').addEventListener('click', () => $('shortcuts-dialog').showModal());
showShortcuts($('shortcuts'), $('shortcuts-body'), $('shortcuts-dialog'));
