// Connects the parts of the page.

import { Appearance } from './appearance.js';
import { ImageCanvas } from './canvas.js';
import { LatencyChart } from './charts.js';
import { Connection } from './connection.js';
import { OpacityControl, TapSwitch, showZoom } from './controls.js';
import { COPIES, copyText, modelOf, rounded } from './copy.js';
import { Diagnostics, facts } from './diagnostics.js';
import { $, setText } from './elements.js';
import { Everything } from './everything.js';
import { Export, chosenMask, imageName } from './export.js';
import { FullImages } from './full_images.js';
import { listenToGestures } from './gestures.js';
import { History } from './history.js';
import { listen } from './input.js';
import { LiveImage } from './live_image.js';
import { Markers } from './markers.js';
import { askName } from './naming.js';
import { Notices } from './notices.js';
import { ObjectList } from './objects.js';
import { CameraPicker } from './picker.js';
import { Pictures } from './pictures.js';
import { Preview } from './preview.js';
import { NO_CONNECTION, Prompting } from './prompting.js';
import { ObjectPrompts } from './prompts.js';
import { receivers } from './received.js';
import { SaveMenu } from './save_menu.js';
import { showShortcuts } from './shortcuts.js';

const connection = new Connection();
const prompts = new ObjectPrompts();
const markers = new Markers(() => prompts.markers(view.selected));
const appearance = new Appearance();
const view = new ImageCanvas($('image'), $('stage'), markers, appearance);
const opacity = new OpacityControl($('opacity'), $('opacity-text'), view);
const tapSwitch = new TapSwitch($('tap-switch'));
showZoom($('zoom'), view);
const history = new History(prompts, { change: showHistory });
const chart = new LatencyChart($('latency'));
const diagnostics = new Diagnostics($('health'), $('health-state'), $('diagnostics'));
const notices = new Notices(view, $('bubbles'), $('notices'), $('notice-list'));
const fullImages = new FullImages((number) => connection.send('full', { number }));
const exported = new Export(view, fullImages, { announce, say: (text) => notices.say(null, text) });
const picker = new CameraPicker($('cameras'), $('title'), announce);
const told = { promptTopic: '', camera: '', recordingNeeds: '', engine: {} };
const image = new LiveImage(view, connection, fullImages, {
  shown(frame) {
    shown(frame);
    preview.next();
  },
  resume: () => everything.end(),
  announce,
});
const preview = (view.preview = new Preview(
  view,
  (asked, stamp) => image.isCurrent && connection.request('preview', { prompts: asked, stamp }),
));
const everything = (view.everything = new Everything(view, $('everything'), $('everything-state'), {
  ask(fields, stamp) {
    preview.move(null);
    const tag = image.isCurrent && connection.request('preview', { ...fields, stamp });
    if (!tag) notices.say(null, NO_CONNECTION);
    return tag;
  },
  freeze(wanted) {
    const changes = wanted !== image.frozen;
    if (changes) image.toggle();
    return changes;
  },
  take: (corners, at) => prompting.box(corners, at),
  say: (text) => notices.say(null, text),
  announce,
}));
const objects = new ObjectList($('objects'), $('no-objects'), view, {
  select,
  remove: (object) => prompting.remove(object),
  step: (object, direction) => prompting.step(object, direction),
});
const prompting = new Prompting(
  { view, connection, image, prompts, markers, history, objects, preview },
  { say: (marker, text) => notices.say(marker, text), announce, select },
);

const pictures = new Pictures(
  {
    target: $('drop'),
    open: $('open-picture'),
    file: $('picture-file'),
    back: $('show-camera'),
    empty: $('empty'),
  },
  {
    say: (text) => notices.say(null, text),
    another: () => image.frozen && image.toggle(),
  },
);

// Tells the parts that a frame, or more of its masks, is on the screen.
function shown(frame) {
  objects.update(frame);
  saveMenu.update();
  prompting.update(frame);
}

function pointOrTake(x, y, options, at) {
  if (options.refine || !everything.take(x, y, at)) prompting.point(x, y, options, at);
}

function select(object) {
  view.selected = object;
  objects.draw();
  view.draw();
}

function showHistory() {
  $('undo').disabled = !history.done.length;
  $('redo').disabled = !history.undone.length;
}

function togglePreview() {
  preview.toggle();
  $('preview').setAttribute('aria-pressed', String(preview.enabled));
  announce(preview.enabled ? 'preview on' : 'preview off');
}

// Asks for what needs no answer: a type of message.
function ask(type) {
  if (!connection.send(type)) notices.say(null, NO_CONNECTION);
}

// Copies what leads to the object that is selected: a key of COPIES.
async function copy(kind) {
  const mask = chosenMask(view);
  if (!mask) return;
  const prompt = rounded(prompting.promptFor(mask.object), view.frame);
  const text = COPIES[kind]({
    prompt,
    object: mask.object,
    topic: told.promptTopic,
    file: pictures.fileName || imageName(view.frame),
    model: modelOf(mask, told.engine),
  });
  if (await copyText(text, $('copy-dialog'))) notices.say(null, 'copied');
}

// Returns whether a value of the menu can be had now.
function canTake(what) {
  if (what === 'snapshot' || what === 'image') return Boolean(view.frame);
  if (what === 'recording') return Boolean(view.frame) && !told.recordingNeeds;
  return what === 'objects' ? view.shapes.length > 0 : Boolean(chosenMask(view));
}

function engine() {
  $('engine-facts').replaceChildren(...facts(told.engine));
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
    recording: () => exported.recording(told.camera),
    topic: () => copy('topic'),
    command: () => copy('command'),
    python: () => copy('python'),
  },
  canTake,
);
listenToGestures(view, {
  freeze: () => image.toggle(),
  select,
  remove: (object) => prompting.remove(object),
  name,
  opacity: () => opacity.next(),
  isRefining: (event) =>
    event.ctrlKey || event.metaKey || event.shiftKey || tapSwitch.value !== 'new',
});
listen(view, {
  point: (x, y, options, at) => pointOrTake(x, y, tapSwitch.apply(options), at),
  box: (corners, at) => prompting.box(corners, at),
  removeAt: (x, y) => prompting.remove(view.objectAt(x, y)),
  removeSelected: (at) => prompting.remove((at && view.objectAt(at.x, at.y)) || view.selected),
  escape: () => (everything.active ? everything.end() : prompting.clear()),
  freeze: () => image.toggle(),
  snapshot: () => exported.snapshot(),
  saveMenu: () => saveMenu.open(),
  engine,
  select,
  step: (direction) => prompting.step(view.selected, direction),
  undo: () => prompting.undo(),
  redo: () => prompting.redo(),
  hover: (at) => (everything.active ? everything.hover(at) : preview.move(at)),
  everything: () => everything.toggle(),
  togglePreview,
});
$('undo').addEventListener('click', () => prompting.undo());
$('redo').addEventListener('click', () => prompting.redo());
$('preview').addEventListener('click', togglePreview);
$('freeze').addEventListener('click', () => image.toggle());
$('clear').addEventListener('click', () => prompting.clear());
$('next-scene').addEventListener('click', () => ask('next_scene'));
$('show-camera').addEventListener('click', () => ask('show_camera'));
$('engine').addEventListener('click', engine);
$('retry').addEventListener('click', () => connection.retry());
$('all-shortcuts').addEventListener('click', () => $('shortcuts-dialog').showModal());
showShortcuts($('shortcuts'), $('shortcuts-body'), $('shortcuts-dialog'));
connection.start(
  receivers(
    {
      ...{ view, image, fullImages, prompting, markers, objects, preview, everything, pictures },
      ...{ chart, diagnostics, notices, picker },
    },
    told,
    { shown, announce },
  ),
);
