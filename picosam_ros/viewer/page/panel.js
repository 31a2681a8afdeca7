// Avoids a layout where the text is the same.
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text ?? '';
}
