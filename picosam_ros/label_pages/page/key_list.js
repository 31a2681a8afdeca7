// The list of keys beside the image.

import { element } from './elements.js';

// Lists keys and what they do in a <dl>: pairs such as ['enter, space', 'accept'].
export function listKeys(list, keysAndMeanings) {
  for (const [keys, does] of keysAndMeanings) {
    const [key, meaning] = [element('dt'), element('dd')];
    for (const word of keys.split(' ')) {
      const shown = element('kbd');
      shown.textContent = word.replace(',', '');
      key.append(word === '…' ? '…' : shown, word.endsWith(',') ? ', ' : ' ');
    }
    meaning.textContent = does;
    list.append(key, meaning);
  }
}
