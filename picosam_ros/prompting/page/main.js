// The page: which image is shown, and what is pointed at there.

import { ImageCanvas } from './canvas.js';
import { $, element, setText } from './elements.js';
import { listen } from './input.js';
import { Loader, masksOf } from './loader.js';
import { Look } from './look.js';
import { say } from './notice.js';
import { ObjectList, offerNames } from './panel.js';
import { Pointing } from './pointing.js';
import { getJson, post } from './server.js';

const DEFAULT_NAME = 'object';

// The loader keeps the pixels, and frees them.
class PromptCanvas extends ImageCanvas {
  release() {}
}

class Page {
  constructor(state) {
    this.recordings = new Map(state.recordings.map(({ name, images }) => [name, images]));
    this.place = { recording: state.recordings[0].name, image: 0 };
    this.correctsBoxes = state.corrects_boxes;
    this.look = new Look(state.palette);
    this.loaded = null;
    this.loader = new Loader({
      frame: (frame) => this.show(frame),
      fault: (place, message) => isAt(this.place, place) && this.blank(message),
    });
    this.names = [];
    this.done = false;
    this.pointing = new Pointing(this);
    const markers = { kept: () => this.markers(), visible: () => this.markers() };
    this.view = new PromptCanvas($('image'), $('stage'), markers, this.look);
    this.view.onZoom = (zoom) => {
      $('zoom').hidden = zoom === 1;
      setText($('zoom'), `${zoom.toFixed(1)}×`);
    };
    this.list = new ObjectList(this.look, this.recordings.size > 1, this.listActions());
    setText($('title'), state.title);
    this.offerRecordings();
    listen(this.view, this.actions());
    this.take(state.objects);
    this.go(this.place);
  }

  actions() {
    return {
      point: (point) => this.frame && this.pointing.point(point),
      box: (box) => this.frame && this.pointing.box(box),
      step: (images) => this.go({ ...this.place, image: this.place.image + images }),
      first: () => this.go({ ...this.place, image: 0 }),
      last: () => this.total && this.go({ ...this.place, image: this.total - 1 }),
      go: (image) => this.go({ ...this.place, image }),
      record: (recording) => this.go({ recording, image: 0 }),
      fresh: () => this.select(0),
      select: (object) => this.select(object),
      undo: () => this.pointing.undo(),
      remove: () => this.removeHere(),
      label: () => this.label(),
      fills: () => {
        this.look.toggleFills();
        this.view.draw();
      },
      zoomOut: () => this.view.resetZoom(),
    };
  }

  listActions() {
    return {
      select: (object) => this.select(object),
      show: (object, { everywhere, pattern, image }) => {
        this.select(object);
        const known = !everywhere && this.recordings.has(pattern);
        this.go({ recording: known ? pattern : this.place.recording, image });
      },
      rename: (object, name) => this.change('name', { object, name }),
      removeObject: (object) => this.change('remove', { object }),
      removePrompt: (object, { pattern, image }) => this.change('remove', { object, pattern, image }),
      scope: (object, { pattern, image }, everywhere) => {
        const { recording } = this.recordings.has(pattern) ? { recording: pattern } : this.place;
        this.change('scope', { object, pattern, image, recording, everywhere });
      },
    };
  }

  get total() {
    return this.recordings.get(this.place.recording);
  }

  // What is shown, if it is where the page is.
  get frame() {
    const { frame } = this.view;
    return frame && isAt(frame, this.place) && !this.done ? frame : null;
  }

  get lastName() {
    return this.names[0] ?? DEFAULT_NAME;
  }

  markers() {
    const { selected, frame } = this.view;
    const label = frame?.labels.find(({ object }) => object === selected);
    const waiting = this.pointing.waitingAt(frame);
    const boxes = label?.box ? [{ box: label.box }] : [];
    const all = [...boxes, ...(label?.points ?? []), ...waiting];
    return all.map((marker) => ({ ...marker, object: selected || 1, opacity: 1 }));
  }

  // Shows an image, the nearest that there is.
  go({ recording, image }) {
    const total = this.recordings.get(recording);
    const last = total ? total - 1 : Infinity;
    this.place = { recording, image: Math.min(Math.max(Math.trunc(image) || 0, 0), last) };
    this.showPlace();
    this.loader.load(this.place);
    this.update();
  }

  // Shows what came; on a way that takes long, also the images in between.
  show(frame) {
    if (!isAt(frame, this.place) && !this.loader.wanted) return;
    $('image').hidden = false;
    $('empty').hidden = true;
    this.loaded = frame;
    this.view.show({ ...frame, masks: frame.labels });
    this.update();
  }

  blank(text) {
    $('image').hidden = true;
    this.view.frame = null;
    setText($('empty'), text);
    $('empty').hidden = false;
    this.update();
  }

  showPlace() {
    const { recording, image } = this.place;
    const last = this.total ? this.total - 1 : 0;
    $('recording').value = recording;
    $('slider').max = last;
    $('slider').hidden = !last;
    $('slider').value = $('number').value = image;
    setText($('last'), last ? `of 0–${last}` : '');
  }

  offerRecordings() {
    const options = [...this.recordings.keys()].map((name) =>
      Object.assign(element('option'), { value: name, textContent: name }));
    $('recording').replaceChildren(...options);
    $('recording').hidden = options.length < 2;
  }

  // The user means an object from now on; 0 for a new one.
  select(object) {
    if (this.done || (object && !this.objects.some((one) => one.object === object))) return;
    this.pointing.turn += 1;
    this.view.selected = object;
    this.update();
  }

  // Takes the objects that there are by now.
  take(objects) {
    this.objects = objects;
    this.look.names = new Map(objects.map(({ object, name }) => [object, name]));
    const known = new Set(objects.map(({ name }) => name));
    const others = [...known].filter((name) => !this.names.includes(name));
    this.names = [...this.names.filter((name) => known.has(name)), ...others];
    offerNames(this.names);
    if (!this.look.names.has(this.view.selected)) this.view.selected = 0;
    this.update();
  }

  update() {
    const { selected } = this.view;
    const { objects } = this;
    $('label').disabled = !objects.length || this.done;
    const prompts = objects.reduce((sum, one) => sum + one.prompts.length, 0);
    setText($('count'), objects.length ? `${counted(objects.length, 'object')}, ${counted(prompts, 'prompt')}` : '');
    setText($('mode'), selected ? `clicks are for ${this.look.name(selected)}` : 'a click begins a new object');
    $('mode').hidden = this.done || !this.view.frame;
    $('fresh').ariaPressed = String(!selected);
    const labels = this.view.frame?.labels ?? [];
    $('remove').disabled = !labels.some(({ object }) => object === selected);
    setText($('busy'), this.loader.wanted ? 'loading …' : 'looking …');
    $('busy').hidden = !this.pointing.working && !(this.loader.wanted && this.view.frame);
    this.list.update(objects, selected, labels);
    if (this.view.frame) this.view.setMasks(labels);
  }

  // Changes objects; what is shown is fetched anew.
  async change(path, content) {
    say('');
    try {
      await this.pointing.idle;
      this.renew((await post(path, content)).objects, path === 'name' ? content.name : null);
    } catch ({ message }) {
      say(message);
      this.update();
    }
  }

  async renew(objects, name = null) {
    if (name) this.names = [name, ...this.names.filter((one) => one !== name)];
    this.take(objects);
    const { loaded } = this;
    this.loader.keepOnly(loaded);
    if (!loaded) return;
    const { labels } = await masksOf(loaded);
    this.setLabels(loaded, labels);
  }

  setLabels(frame, labels) {
    frame.labels = labels;
    if (this.view.frame && isAt(this.view.frame, frame)) this.view.frame.labels = labels;
    this.update();
  }

  removeHere() {
    const object = this.view.selected;
    const label = this.frame?.labels.find((one) => one.object === object);
    if (label) this.change('remove', { object, pattern: label.pattern, image: label.image });
  }

  async label() {
    try {
      await this.pointing.idle;
      const { advice } = await post('label', {});
      this.done = true;
      setText($('advice'), advice);
      $('done').hidden = false;
      for (const part of document.querySelectorAll('#place, #tools, aside')) part.inert = true;
      setText($('live'), $('done').innerText);
      this.update();
    } catch ({ message }) {
      say(message);
    }
  }
}

function isAt(frame, { recording, image }) {
  return frame.recording === recording && frame.image === image;
}

function counted(count, what) {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}

try {
  new Page(await getJson('state'));
} catch ({ message }) {
  setText($('empty'), message);
}
