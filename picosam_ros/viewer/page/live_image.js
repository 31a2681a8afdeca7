// The image on the page: the newest one, or one that was frozen.

import { $, setText } from './elements.js';

export class LiveImage {
  // `on`: shown(frame), resume(), announce(text).
  constructor(view, connection, fullImages, on) {
    Object.assign(this, { view, connection, fullImages, on });
    this.next = null;
    this.frozen = false;
    this.invited = false;
  }

  // Whether the image is one of the connection that is there: only then may it be clicked.
  get isCurrent() {
    return !document.body.classList.contains('offline');
  }

  // Until the next frame.
  outdate() {
    document.body.classList.add('offline');
  }

  // Forgets the frame that is not on the screen yet.
  drop() {
    this.next?.bitmap.close();
    this.next = null;
  }

  receive(frame) {
    this.drop();
    this.next = frame;
    // Acknowledged once it is drawn, so that a hidden page receives no further frames.
    frame.held = this.frozen || document.hidden;
    if (!this.frozen) this.drawSoon();
  }

  drawSoon() {
    requestAnimationFrame(() => this.draw());
  }

  draw() {
    const { next: frame } = this;
    // One that came just before the page was frozen waits, too.
    if (!frame || this.frozen) return;
    this.next = null;
    $('empty').hidden = true;
    $('invitation').hidden = this.invited;
    document.body.classList.remove('offline');
    this.view.show(frame);
    this.on.shown(frame);
    this.connection.send('ack', { number: frame.number, held: frame.held });
  }

  // The user knows what to do.
  endInvitation() {
    $('invitation').hidden = this.invited = true;
  }

  // Freezes the image, or resumes.
  toggle() {
    this.frozen = !this.frozen;
    const { frozen, next } = this;
    if (!frozen) this.on.resume();
    $('freeze').setAttribute('aria-pressed', String(frozen));
    setText($('freeze'), frozen ? 'Resume' : 'Freeze');
    $('frozen').hidden = !frozen;
    this.on.announce(frozen ? 'frozen' : 'live');
    delete $('frozen').dataset.full;
    if (frozen && next) next.held = true;
    if (frozen) this.sharpen();
    else this.drawSoon();
  }

  // Shows the frozen image at full size.
  async sharpen() {
    const { frame } = this.view;
    if (!frame) return;
    if (!frame.full) {
      const full = await this.fullImages.request(frame);
      if (!full || this.view.frame !== frame) return;
      frame.bitmap.close();
      Object.assign(frame, { bitmap: full.bitmap, full: true });
      this.view.draw();
    }
    $('frozen').dataset.full = frame.number;
  }
}
