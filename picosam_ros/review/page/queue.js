// The images in their order, and how each of them is answered: 'accepted', 'rejected' or ''.

export class Queue {
  // `state`: what the server tells of all.
  constructor({ recordings, images, answers }) {
    Object.assign(this, { recordings, images });
    this.answers = new Map();
    this.apply(answers);
  }

  get total() {
    return this.images.length;
  }

  get left() {
    return this.total - this.answers.size;
  }

  count(answer) {
    return [...this.answers.values()].filter((one) => one === answer).length;
  }

  answer(place) {
    return this.answers.get(place) ?? '';
  }

  // Takes answers, pairs of place and answer; returns the places whose answer is another one now.
  apply(answers) {
    const changed = answers.filter(([place, answer]) => this.answer(place) !== answer);
    for (const [place, answer] of changed) this.set(place, answer);
    return changed.map(([place]) => place);
  }

  set(place, answer) {
    if (answer) this.answers.set(place, answer);
    else this.answers.delete(place);
  }

  // Returns name of the recording and number of the image.
  named(place) {
    const [recording, number] = this.images[place];
    return { recording: this.recordings[recording], number };
  }

  // Returns up to `most` places without an answer, the next ones first, after the last the first.
  nextOpen(place, most = 1) {
    const found = [];
    for (let step = 1; step <= this.total && found.length < most; step += 1) {
      const other = (place + step) % this.total;
      if (!this.answer(other)) found.push(other);
    }
    return found;
  }
}
