// The switch of touch screens: whether a tap is on the object or not.

import { $ } from './elements.js';

export function tapsExclude() {
  return $('tap-switch').querySelector('[aria-pressed="true"]').value === 'exclude';
}

export function listenToTapSwitch() {
  for (const button of $('tap-switch').children) {
    button.addEventListener('click', () => {
      for (const one of $('tap-switch').children) one.setAttribute('aria-pressed', one === button);
    });
  }
}
