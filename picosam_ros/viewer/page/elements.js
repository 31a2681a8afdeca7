// Elements of the page.

export const $ = (id) => document.getElementById(id);

export function element(kind, name = '') {
  const made = document.createElement(kind);
  if (name) made.className = name;
  return made;
}

// Avoids a layout where the text is the same.
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text ?? '';
}
