// The list of objects: their names, and the images in which each is pointed at.

import { $, element, setText } from './elements.js';

const LONGEST_NAME = 60;

export class ObjectList {
  // `on`: select(object), rename(object, name), removeObject(object), show(prompt),
  // removePrompt(object, prompt), scope(object, prompt, everywhere). `several`: recordings.
  constructor(look, several, on) {
    Object.assign(this, { look, several, on });
    this.rows = new Map();
  }

  // `labels`: of the image that is shown.
  update(objects, selected, labels) {
    $('no-objects').hidden = objects.length > 0;
    const ids = new Set(objects.map(({ object }) => object));
    for (const [object, { root }] of this.rows) {
      if (ids.has(object)) continue;
      root.remove();
      this.rows.delete(object);
    }
    objects.forEach((one, i) => {
      const row = this.rows.get(one.object) ?? this.makeRow(one.object);
      this.fill(row, one, selected, labels.find(({ object }) => object === one.object));
      const present = $('objects').children[i];
      if (present !== row.root) $('objects').insertBefore(row.root, present ?? null);
    });
  }

  fill({ root, choose, field, doubt, prompts }, { object, name, prompts: given }, selected, label) {
    root.dataset.selected = choose.ariaPressed = String(object === selected);
    choose.setAttribute('aria-label', `object ${object}, ${name}`);
    choose.style.background = this.look.colour(object);
    choose.classList.toggle('dark', this.look.isDark(object));
    if (document.activeElement !== field) field.value = name;
    field.dataset.name = name;
    setText(doubt, label?.doubt ?? '');
    doubt.hidden = !label?.doubt;
    prompts.replaceChildren(...given.map((prompt) => this.promptRow(object, prompt)));
  }

  // The next letters are the name of an object.
  askName(object) {
    const { field } = this.rows.get(object);
    field.focus();
    field.select();
  }

  makeRow(object) {
    const [root, choose, remove] = [element('li'), element('button', 'chip'), element('button', 'cross')];
    const [field, doubt, prompts] = [element('input', 'name'), element('p', 'doubt'), element('ul', 'prompts')];
    root.dataset.object = object;
    choose.type = remove.type = 'button';
    choose.textContent = object;
    choose.addEventListener('click', () => this.on.select(object));
    Object.assign(field, { type: 'text', maxLength: LONGEST_NAME, spellcheck: false, autocomplete: 'off' });
    field.setAttribute('list', 'names');
    field.setAttribute('aria-label', `class of object ${object}`);
    field.addEventListener('change', () => this.renamed(object, field));
    remove.textContent = '×';
    remove.title = `remove object ${object}`;
    remove.setAttribute('aria-label', remove.title);
    remove.addEventListener('click', () => this.on.removeObject(object));
    root.append(choose, field, remove, doubt, prompts);
    this.rows.set(object, { root, choose, field, doubt, prompts });
    return this.rows.get(object);
  }

  renamed(object, field) {
    const name = field.value.trim();
    if (!name) field.value = field.dataset.name;
    else if (name !== field.dataset.name) this.on.rename(object, name);
  }

  promptRow(object, prompt) {
    const [row, place, remove] = [element('li'), element('button', 'place'), element('button', 'cross')];
    const { pattern, everywhere, image } = prompt;
    const of = everywhere ? 'all recordings' : pattern;
    place.type = remove.type = 'button';
    place.textContent = this.several ? `image ${image} · ${of}` : `image ${image}`;
    place.title = `show image ${image} of ${of}`;
    place.addEventListener('click', () => this.on.show(object, prompt));
    remove.textContent = '×';
    remove.setAttribute('aria-label', `remove the prompt in image ${image} of ${of}`);
    remove.addEventListener('click', () => this.on.removePrompt(object, prompt));
    row.append(place, ...(this.several ? [this.scopeSwitch(object, prompt)] : []), remove);
    return row;
  }

  scopeSwitch(object, prompt) {
    const [label, box] = [element('label', 'scope'), element('input')];
    box.type = 'checkbox';
    box.checked = prompt.everywhere;
    box.addEventListener('change', () => this.on.scope(object, prompt, box.checked));
    label.title = 'apply it to this image of all recordings';
    label.append(box, ' all');
    return label;
  }
}

// Offers names of classes, the last ones first.
export function offerNames(names) {
  const options = names.map((name) => Object.assign(element('option'), { value: name }));
  $('names').replaceChildren(...options);
}
