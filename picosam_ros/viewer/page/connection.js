// The WebSocket: messages in and out; reconnects when it closes.

import { askedCamera } from './picker.js';

const FIRST_DELAY = 500;
const LONGEST_DELAY = 4000;
const decoder = new TextDecoder();

export class Connection {
  constructor() {
    this.delay = FIRST_DELAY;
    this.tag = 0;
    this.isLost = false;
  }

  // `on`: state(name, text), countdown(text), frame(frame), full(frame), and a function for each
  // type of message.
  start(on) {
    this.on = on;
    this.open();
  }

  open() {
    // Beside the page, wherever that is: a reverse proxy may serve it in a folder.
    const address = new URL('socket', location.href);
    address.protocol = location.protocol === 'https:' ? 'wss:' : 'ws:';
    if (askedCamera) address.searchParams.set('camera', askedCamera);
    this.socket = new WebSocket(address);
    this.socket.binaryType = 'arraybuffer';
    this.socket.onmessage = (event) => this.receive(event.data);
    this.socket.onclose = (event) => this.lost(event);
  }

  receive(data) {
    if (typeof data !== 'string') {
      this.receiveFrame(data);
      return;
    }
    const message = JSON.parse(data);
    // That list comes also where the camera is not known yet: it may be found at any moment.
    if (message.type === 'hello' || message.type === 'cameras') this.delay = FIRST_DELAY;
    if (message.type === 'hello') {
      this.isLost = false;
      this.on.state('live', 'live');
    }
    this.on[message.type]?.(message);
  }

  // A frame: length of the header (uint32, little-endian), header (JSON), image (JPEG).
  async receiveFrame(buffer) {
    const { socket } = this;
    const length = new DataView(buffer).getUint32(0, true);
    const frame = JSON.parse(decoder.decode(new Uint8Array(buffer, 4, length)));
    const jpeg = new Blob([new Uint8Array(buffer, 4 + length)], { type: 'image/jpeg' });
    frame.bitmap = await createImageBitmap(jpeg);
    // The connection may have closed while the image was decoded: then it is not live.
    if (socket.readyState !== WebSocket.OPEN) frame.bitmap.close();
    else if (frame.full) this.on.full(frame);
    else this.on.frame(frame);
  }

  async lost(event) {
    const { delay } = this;
    this.delay = Math.min(2 * delay, LONGEST_DELAY);
    if (!this.isLost) this.on.state('lost', event.reason || 'connection lost');
    this.isLost = true;
    const reason = event.reason || (await this.reason());
    this.wait(reason, performance.now() + delay);
  }

  // Counts the seconds until `end`, then tries again.
  wait(reason, end) {
    const left = end - performance.now();
    if (left <= 0) {
      this.retry();
      return;
    }
    this.on.countdown(`${reason}; retrying in ${Math.ceil(left / 1000)} s`);
    this.timer = setTimeout(() => this.wait(reason, end), left % 1000 || 1000);
  }

  // Connects now; does nothing where it is connected, or about to be.
  retry() {
    clearTimeout(this.timer);
    if (this.socket.readyState === WebSocket.CLOSED) this.open();
  }

  // A refused WebSocket carries no reason; a plain request to the same address returns it.
  async reason() {
    try {
      const response = await fetch('socket', { cache: 'no-store' });
      return response.status === 400 ? 'connection lost' : (await response.text()).trim();
    } catch {
      return 'viewer not reachable';
    }
  }

  send(type, fields) {
    if (this.socket.readyState !== WebSocket.OPEN) return false;
    this.socket.send(JSON.stringify({ type, ...fields }));
    return true;
  }

  // Sends a message that is answered; returns the tag of the answer, or 0 without a connection.
  request(type, fields) {
    this.tag += 1;
    return this.send(type, { tag: this.tag, ...fields }) ? this.tag : 0;
  }
}
