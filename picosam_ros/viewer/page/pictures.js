// Pictures of the user's own: dropped onto the page, pasted, or opened; shown in the camera's place.

import { setText } from './elements.js';

const MIB = 2 ** 20;
const NOT_HERE = "This page shows a robot's camera; `picosam view` takes pictures.";

const DROP_ONE = 'Drop a picture here, or open one below';
const OPEN_ONE = 'Open a picture below';

export class Pictures {
  // `elements`: target (an outline over the image), open, file (an input), back, empty (what stands in the
  // place of the first image).
  // `on`: say(text), another() where another source is shown.
  constructor(elements, on) {
    Object.assign(this, elements, { on });
    // What the viewer shows: whether it takes pictures, the name of one, whether there is a camera.
    this.shown = { offered: null, name: null, camera: true, largest: Infinity };
    this.sending = false;
    listenToDrops(this);
    this.open.addEventListener('click', () => this.file.click());
    this.file.addEventListener('change', () => {
      this.take([...this.file.files]);
      // The same file may be chosen again.
      this.file.value = '';
    });
  }

  // Takes the viewer's word.
  update(shown) {
    const other = shown.name !== this.shown.name;
    this.shown = shown;
    document.body.classList.toggle('takes-pictures', shown.offered);
    this.back.hidden = shown.name === null || !shown.camera;
    document.body.classList.toggle('without-camera', !shown.camera);
    if (!shown.camera) setText(this.empty, matchMedia('(pointer: coarse)').matches ? OPEN_ONE : DROP_ONE);
    if (other) this.on.another();
  }

  // The name of the file whose picture is shown; '' if there is none.
  get fileName() {
    return this.shown.name ?? '';
  }

  async take([file, ...further]) {
    if (!file) return;
    // Until it is known, the viewer is asked.
    if (this.shown.offered === false) {
      this.on.say(NOT_HERE);
      return;
    }
    if (file.size > this.shown.largest) {
      const size = `${(file.size / MIB).toFixed(1)} MiB`;
      this.on.say(`${file.name} has ${size}; allowed are up to ${this.shown.largest / MIB} MiB: scale it down.`);
      return;
    }
    if (further.length) this.on.say(`One picture at a time: ${file.name}.`);
    await this.send(file);
  }

  async send(file) {
    this.point(`sending ${file.name} …`);
    this.sending = true;
    try {
      const response = await fetch(`picture?${new URLSearchParams({ name: file.pasted ? '' : file.name })}`, {
        method: 'POST',
        body: file,
        headers: { 'Content-Type': 'application/octet-stream' },
      });
      if (!response.ok) this.on.say(`${file.name}: ${(await response.text()).trim()}`);
    } catch {
      this.on.say(`${file.name} could not be sent: the viewer is not reachable, or refused it.`);
    } finally {
      this.sending = false;
      this.point('');
    }
  }

  // Shows the outline with a text, or hides it.
  point(text) {
    if (this.sending) return;
    this.target.hidden = !text;
    setText(this.target, text);
  }
}

function listenToDrops(pictures) {
  const isFile = (event) => [...event.dataTransfer.types].includes('Files');

  window.addEventListener('dragover', (event) => {
    if (!isFile(event)) return;
    // Else the browser opens the file in the page's place.
    event.preventDefault();
    if (pictures.shown.offered) pictures.point('drop the picture');
  });
  window.addEventListener('dragleave', (event) => {
    // Out of the window, not from one element to another.
    if (!event.relatedTarget) pictures.point('');
  });
  window.addEventListener('drop', (event) => {
    if (!isFile(event)) return;
    event.preventDefault();
    pictures.point('');
    pictures.take([...event.dataTransfer.files]);
  });
  window.addEventListener('paste', (event) => {
    if (event.target.closest?.('input, textarea')) return;
    // Of a picture that was copied, not its file, the browser makes up a name.
    pictures.take([...event.clipboardData.files].map((file) => Object.assign(file, { pasted: true })));
  });
}
