// What stands around the image: progress, doubts, objects, and the end.

import { $, element, setText } from './elements.js';

// `place`: of the image that is shown; -1 when all is answered.
export function showProgress(queue, place) {
  const { total, left } = queue;
  setText($('position'), place < 0 ? `${total - left} of ${total}` : `${place + 1} of ${total}`);
  setText($('left'), left === 1 ? '1 left' : `${left} left`);
  $('bar').style.transform = `scaleX(${total ? (total - left) / total : 1})`;
  const answer = place < 0 ? '' : queue.answer(place);
  setText($('answer'), answer);
  $('answer').dataset.answer = answer;
  $('answer').hidden = !answer;
}

export function showDoubts(doubts, { recording, number }) {
  setText($('where'), `${recording}, image ${number}`);
  const rows = doubts.map((doubt) => {
    const row = element('li');
    row.textContent = doubt;
    return row;
  });
  $('doubts').replaceChildren(...rows);
}

// `select(object)`: called with the object whose row is chosen.
export function showObjects(draft, look, selected, select) {
  const rows = [...draft.labels.values()].map((label) => objectRow(label, look, selected, select));
  $('objects').replaceChildren(...rows);
}

function objectRow({ object, name, counts, score }, look, selected, select) {
  const [row, choose] = [element('li'), element('button')];
  const [chip, title, state] = [element('span', 'chip'), element('span', 'name'), element('span', 'state')];
  row.dataset.object = object;
  choose.type = 'button';
  choose.setAttribute('aria-pressed', object === selected);
  choose.addEventListener('click', () => select(object));
  chip.textContent = object;
  chip.style.background = look.colour(object);
  chip.classList.toggle('dark', look.isDark(object));
  title.textContent = name;
  state.textContent = counts ? score.toFixed(2) : 'not there';
  choose.append(chip, title, state);
  row.append(choose);
  return row;
}

export function showEnd(queue, advice) {
  const { total } = queue;
  const [accepted, rejected] = [queue.count('accepted'), queue.count('rejected')];
  const all = total === 1 ? 'The only image is answered' : `All ${total} images are answered`;
  setText($('done').querySelector('h2'), total ? all : 'No image is in doubt');
  setText($('counts'), total ? `${accepted} accepted, ${rejected} rejected` : '');
  setText($('advice'), advice);
  $('done').hidden = false;
}
