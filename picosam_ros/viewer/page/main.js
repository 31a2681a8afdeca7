// Wires the page together.

import { LatencyChart, element } from './charts.js';
import { Connection } from './connection.js';
import { listen } from './input.js';
import { Marks } from './markers.js';
import { Diagnostics, Objects, facts, set } from './panel.js';
import { Picture } from './canvas.js';

const $ = (id) => document.getElementById(id);
const BUBBLE_MS = 6000;
const NO_CONNECTION = 'There is no connection to the viewer.';

const marks = new Marks();
const picture = new Picture($('picture'), $('stage'), marks);
const objects = new Objects($('objects'), $('no-objects'), picture, { select, remove });
const chart = new LatencyChart($('latency'));
const diagnostics = new Diagnostics($('diagnostics'));
let next = null;
let frozen = false;
let engineFacts = {};

const connection = new Connection({
  state(name, sentence) {
    $('connection').dataset.state = name;
    set($('connection-text'), sentence);
    // Until the next picture: the old one is not live, and nothing in it can be pointed at.
    document.body.classList.add('offline');
    if (name === 'lost') {
      marks.clear();
      next?.bitmap.close();
      next = null;
    }
    say(sentence);
  },

  hello({ node, title, palette }) {
    set($('title'), `${node} on ${title}`);
    document.title = `${node} · picosam`;
    picture.palette = palette;
  },

  scene(scene) {
    next?.bitmap.close();
    next = scene;
    // Not acknowledged before it is drawn: to a page that nobody sees, nothing more is sent.
    scene.held = frozen || document.hidden;
    if (!frozen) requestAnimationFrame(paint);
  },

  answer({ tag, object, state, generation, reason }) {
    if (state === 'accepted' || state === 'clamped') {
      const mark = marks.accepted(tag, object, generation);
      if (mark) select(object);
      if (picture.scene) celebrate(marks.seen(picture.scene));
      if (state === 'clamped') objects.tell(object, state, reason);
      return;
    }
    objects.tell(object, state, reason);
    if (state === 'lost' || tag !== null) say(`object ${object} ${state}: ${reason}`);
    refuse(tag, reason);
  },

  notice({ tag, text }) {
    if (tag !== null) refuse(tag, text);
    else bubble(null, text);
    say(text);
  },

  figures({ stages, rate, dropped }) {
    set($('rate'), rate ? `${rate.toFixed(0)} per second, ${dropped} dropped` : '');
    chart.show(stages);
  },

  diagnostics({ components }) {
    diagnostics.show(components);
    const engine = components.find(({ name }) => name.endsWith(': segmentation'));
    engineFacts = engine?.values ?? {};
  },

  link({ round_trip_ms: trip, side, quality, clients }) {
    const looking = clients === 1 ? 'you alone' : `${clients} browsers`;
    const way = trip === null ? '' : `, ${trip.toFixed(0)} ms there and back`;
    set($('link'), `${looking} · up to ${side} px, quality ${quality}${way}`);
  },
});

function paint() {
  if (!next) return;
  const scene = next;
  next = null;
  $('empty').hidden = true;
  document.body.classList.remove('offline');
  picture.show(scene);
  objects.scene(scene);
  celebrate(marks.seen(scene));
  connection.send('ack', { number: scene.number, held: scene.held });
}

// From the click to its mask on the screen: a timer set in a frame runs once it is painted.
function celebrate(seen) {
  for (const mark of seen) {
    setTimeout(() => {
      const took = performance.now() - mark.at;
      $('last-click').dataset.ms = took.toFixed(1);
      $('last-click').dataset.object = mark.object;
      set($('last-click'), `click to mask ${took.toFixed(0)} ms`);
    });
    say(`object ${mark.object} found`);
  }
}

function point(x, y, { positive, refine }, at) {
  const object = refine ? picture.selected : 0;
  ask('point', { x, y, positive, refine: Boolean(object), object }, { x, y, positive, object, at });
}

function box(corners, at) {
  ask('box', { ...corners, object: 0 }, { box: corners, positive: true, object: 0, at });
}

function ask(type, fields, mark) {
  if (frozen) {
    bubble(mark, 'The picture is frozen. Press space to go on, then point.');
    return;
  }
  const live = !document.body.classList.contains('offline');
  const tag = live && connection.ask(type, { ...fields, stamp: picture.scene.stamp });
  if (!tag) {
    bubble(mark, NO_CONNECTION);
    return;
  }
  marks.add({ ...mark, tag });
  picture.draw();
}

function refuse(tag, reason) {
  const mark = marks.refused(tag, reason);
  if (mark) bubble(mark, reason);
  picture.draw();
}

function remove(object) {
  if (object && !connection.ask('remove', { object })) bubble(null, NO_CONNECTION);
}

function clear() {
  if (!connection.send('clear')) bubble(null, NO_CONNECTION);
}

function select(object) {
  picture.selected = object;
  objects.draw();
  picture.draw();
}

function freeze() {
  frozen = !frozen;
  $('freeze').setAttribute('aria-pressed', String(frozen));
  set($('freeze'), frozen ? 'Go on' : 'Freeze');
  $('frozen').hidden = !frozen;
  say(frozen ? 'frozen' : 'live');
  if (!frozen) requestAnimationFrame(paint);
}

async function snapshot() {
  if (!picture.scene) return;
  const link = element('a');
  link.download = `picosam-${picture.scene.stamp}.png`;
  link.href = URL.createObjectURL(await picture.snapshot());
  link.click();
  URL.revokeObjectURL(link.href);
  say('snapshot saved');
}

function engine() {
  $('engine-facts').replaceChildren(...facts(engineFacts));
  $('engine-dialog').showModal();
}

// A sentence on the picture, at a mark if there is one.
function bubble(mark, text) {
  if (!picture.scene) return;
  const made = element('p', 'bubble');
  made.textContent = text;
  const anchor = mark?.box ? { x: mark.box.x0, y: mark.box.y1 } : mark;
  const middle = { x: picture.scene.width / 2, y: picture.scene.height * 0.9 };
  const { left, top } = picture.toStage((anchor ?? middle).x, (anchor ?? middle).y);
  $('bubbles').append(made);
  const room = $('stage').getBoundingClientRect();
  const size = made.getBoundingClientRect();
  made.style.left = `${Math.min(Math.max(left - size.width / 2, 8), room.width - size.width - 8)}px`;
  const below = top + 16 + size.height < room.height;
  made.style.top = `${below ? top + 16 : Math.max(top - 16 - size.height, 8)}px`;
  setTimeout(() => made.remove(), BUBBLE_MS);
}

// For those who do not see it.
function say(text) {
  set($('live'), text);
}

listen(picture, {
  point,
  box,
  removeAt: (x, y) => remove(picture.objectAt(x, y)),
  removeSelected: (at) => remove((at && picture.objectAt(at.x, at.y)) || picture.selected),
  clear,
  freeze,
  snapshot,
  engine,
  select,
});
$('freeze').addEventListener('click', freeze);
$('clear').addEventListener('click', clear);
$('snapshot').addEventListener('click', snapshot);
$('engine').addEventListener('click', engine);
