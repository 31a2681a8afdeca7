// What the pointer and the keys do: one table for the footer and the dialog.

import { element } from './elements.js';

// `footer`: what the footer says of it, in a word; `touch`: the gesture on a touch screen.
export const SHORTCUTS = [
  { pointer: 'click', touch: 'tap', keys: 'arrows, enter', does: 'add an object', footer: 'object' },
  { pointer: 'drag', touch: 'drag', keys: 'b, arrows, enter', does: 'add an object by a box', footer: 'box' },
  { pointer: 'ctrl click', keys: 'ctrl enter', does: 'add a point to the selected object' },
  { pointer: 'shift click', keys: 'shift enter', does: 'add a negative point to it' },
  { pointer: 'alt wheel', keys: '+ -, [ ]', does: 'the next larger or smaller object at its place' },
  { pointer: 'right-click', touch: 'long-press', keys: 'del', does: 'remove the object', footer: 'remove' },
  { keys: '1 … 9', does: 'select an object' },
  { pointer: 'double-click', keys: 'n', does: 'name the object' },
  { keys: 'a', does: 'outline everything; a click takes one of the things' },
  { keys: 'esc', does: 'end that, or remove all objects' },
  { keys: 'ctrl z', does: 'take back' },
  { keys: 'ctrl shift z, ctrl y', does: 'do again' },
  { pointer: 'wheel', touch: 'two-fingers', keys: '0', does: 'zoom and pan; 0 shows all of the image' },
  { keys: 'o', does: 'opacity of masks, down to their outlines' },
  { keys: 'h', does: 'show, or not, what a click would find' },
  { keys: 'space', does: 'freeze or resume' },
  { keys: 's', does: 'save the image with its masks' },
  { keys: 'm', does: 'save a mask, a cut-out, all objects; copy commands' },
  { pointer: 'drop', keys: 'ctrl v', does: 'show a picture of yours (`picosam view`)' },
  { keys: 'e', does: 'show the engine' },
  { keys: '?', does: 'show these' },
];

// `footer`: before whose last child the three of every day are put; `body`: of the dialog's table.
export function showShortcuts(footer, body, dialog) {
  footer.prepend(...SHORTCUTS.filter(({ footer }) => footer).map(short));
  body.append(...SHORTCUTS.map(row));
  window.addEventListener('keydown', (event) => {
    if (event.key !== '?' || event.target.closest?.('input')) return;
    if (!document.querySelector('dialog[open]')) dialog.showModal();
  });
}

function short({ pointer, touch, footer }) {
  const text = element('span');
  text.append(keyed(pointer, 'by-mouse'), keyed(touch, 'by-touch'), ` ${footer}`);
  return text;
}

function row({ pointer = '', touch = '', keys = '', does }) {
  const made = element('tr');
  const [gesture, key, meaning] = [element('td'), element('td'), element('td')];
  if (pointer) gesture.append(keyed(pointer, 'by-mouse'));
  if (touch) gesture.append(keyed(touch, 'by-touch'));
  if (keys) key.append(keyed(keys));
  meaning.textContent = does;
  made.append(gesture, key, meaning);
  return made;
}

// Returns `text` as keys: each word one, `…` and `,` between them as they are.
function keyed(text, name = '') {
  const keys = element('span', name);
  for (const word of text.split(' ')) {
    const key = element('kbd');
    key.textContent = word.replace(',', '');
    keys.append(word === '…' ? '…' : key, word.endsWith(',') ? ', ' : ' ');
  }
  return keys;
}
