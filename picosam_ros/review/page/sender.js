// Answers on their way to the server, one after the other, and those of other pages.

import { getJson, post } from './server.js';

export class Sender {
  // `state`: what the server tells of all.
  constructor({ session, changes, last_step: lastStep }) {
    Object.assign(this, { session, changes, lastStep });
    // Of this page, to be taken back.
    this.steps = [];
    this.idle = Promise.resolve();
  }

  // Resolves to what the server tells; rejects if it does not take the answer.
  decide(answer) {
    const sent = this.idle.then(async () => {
      const taken = await post('decision', answer);
      this.steps.push(taken.step);
      this.lastStep = taken.last_step;
      return taken;
    });
    this.idle = sent.catch(() => {});
    return sent;
  }

  // Takes the last step back, of this page or else of all; resolves to null if there is none.
  async undo() {
    await this.idle;
    const step = this.steps.pop() ?? this.lastStep;
    if (!step) return null;
    const taken = await post('undo', { step });
    this.lastStep = taken.last_step;
    return taken;
  }

  // Returns what changed since the last time.
  async poll() {
    const state = await getJson(`state?session=${this.session}&since=${this.changes}`);
    // The program was started again.
    if (state.session !== this.session) location.reload();
    this.changes = state.changes;
    this.lastStep = state.last_step;
    return state;
  }
}
