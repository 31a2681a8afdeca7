// Images at the size and quality of the camera: the viewer sends one of a frame that is shown.

export class FullImages {
  // `ask`: sends the number of a frame, and returns whether there is a connection.
  constructor(ask) {
    this.ask = ask;
    this.waiting = new Map();
  }

  // Returns a promise of the frame; of null where it is not to be had any more.
  request({ number }) {
    const known = this.waiting.get(number);
    if (known) return known.promise;
    if (!this.ask(number)) return Promise.resolve(null);
    const request = {};
    request.promise = new Promise((resolve) => {
      request.resolve = resolve;
    });
    this.waiting.set(number, request);
    return request.promise;
  }

  receive(frame) {
    this.answer(frame.number, frame);
  }

  answer(number, frame) {
    this.waiting.get(number)?.resolve(frame);
    this.waiting.delete(number);
  }

  // The connection is lost: nothing will come.
  clear() {
    for (const number of [...this.waiting.keys()]) this.answer(number, null);
  }
}
