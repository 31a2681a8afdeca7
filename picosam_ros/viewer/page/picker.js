// The picker of cameras. The address of the page says which one is shown: ?camera=/front/camera

import { element, setText } from './elements.js';
import { keep, kept } from './kept.js';

// Before another camera is shown than the viewer's own, which may be found a little later.
const GRACE = 1000;

// The camera that the address names; '' for the viewer's own.
export const askedCamera = new URLSearchParams(location.search).get('camera') ?? '';

export class CameraPicker {
  constructor(label, title, announce) {
    this.label = label;
    this.select = label.querySelector('select');
    this.title = title;
    this.announce = announce;
    this.cameras = [];
    this.shown = askedCamera;
    this.node = this.host = '';
    // Another camera is another page: nothing of this one may be left on it.
    this.select.addEventListener('change', () => {
      keep('focus on picker', this.select.matches(':focus-visible'));
      location.assign(addressOf(this.select.value));
    });
  }

  hello({ node, title, camera }) {
    this.shown = askedCamera || camera;
    this.node = node;
    this.host = title;
    this.draw();
  }

  // `cameras`: each has a `name`, and whether it is `there`.
  list(cameras) {
    this.tell(cameras);
    this.cameras = cameras;
    const known = cameras.some(({ name }) => name === this.shown);
    if (askedCamera && !known) this.cameras = [...cameras, { name: askedCamera, there: false }];
    clearTimeout(this.timer);
    const other = cameras.find(({ there }) => there);
    if (!askedCamera && !known && other) {
      this.timer = setTimeout(() => location.replace(addressOf(other.name)), GRACE);
    }
    this.draw();
    if (!this.label.hidden && kept('focus on picker', false)) {
      keep('focus on picker', false);
      this.select.focus();
    }
  }

  // Says which one came or went, if there was a list before.
  tell(cameras) {
    for (const { name, there } of cameras) {
      const before = this.cameras.find((each) => each.name === name);
      if (this.cameras.length && there !== Boolean(before?.there)) {
        this.announce(`${shortened(name)} ${there ? 'is there' : 'is gone'}`);
      }
    }
  }

  draw() {
    const several = this.cameras.length > 1;
    this.label.hidden = !several;
    if (this.host) setText(this.title, `${several ? '' : `${this.node} `}on ${this.host}`);
    this.select.replaceChildren(...this.cameras.map(option));
    this.select.value = this.shown;
    this.label.classList.toggle('gone', this.gone);
  }

  // Whether the camera that is shown is not there any more.
  get gone() {
    return this.cameras.find(({ name }) => name === this.shown)?.there === false;
  }
}

function option({ name, there }) {
  const made = element('option');
  made.value = name;
  made.textContent = shortened(name) + (there ? '' : ' (gone)');
  return made;
}

function shortened(name) {
  return name.replace(/^\//, '');
}

// Names of ROS have no character that would have to be written otherwise.
function addressOf(name) {
  return `?camera=${name}`;
}
