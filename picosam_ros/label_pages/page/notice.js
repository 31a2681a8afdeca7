// A sentence on the image, for a while.

import { $, setText } from './elements.js';

const NOTICE_MS = 8000;
let hiding = 0;

// Shows a sentence; an empty one takes it away.
export function say(text) {
  clearTimeout(hiding);
  setText($('notice'), text);
  $('notice').hidden = !text;
  if (text) hiding = setTimeout(() => say(''), NOTICE_MS);
}
