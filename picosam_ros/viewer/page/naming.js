// A field for the name of an object.

import { element } from './elements.js';

const LONGEST = 60;

// Puts the field into a container, with the name that it has. `done` is called with the name typed,
// or with null where the user escaped.
export function askName(container, name, done) {
  const field = element('input', 'name-field');
  Object.assign(field, { type: 'text', value: name, maxLength: LONGEST, placeholder: 'name' });
  field.setAttribute('aria-label', 'name of the object');
  let open = true;
  const end = (answer) => {
    if (!open) return;
    open = false;
    field.remove();
    done(answer);
  };
  field.addEventListener('keydown', (event) => {
    // Letters are no shortcuts here.
    event.stopPropagation();
    if (event.key === 'Enter') end(field.value);
    if (event.key === 'Escape') end(null);
  });
  field.addEventListener('blur', () => end(field.value));
  container.append(field);
  field.focus();
  field.select();
  return field;
}
