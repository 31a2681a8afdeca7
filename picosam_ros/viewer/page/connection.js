// The WebSocket: messages in and out; reconnects when it closes.

const FIRST_DELAY = 500;
const LONGEST_DELAY = 4000;
const decoder = new TextDecoder();

export class Connection {
  // `on`: state(name, text), frame(frame), and a function for each type of message.
  constructor(on) {
    this.on = on;
    this.delay = FIRST_DELAY;
    this.tag = 0;
    this.open();
  }

  open() {
    // Beside the page, wherever that is: a reverse proxy may serve it in a folder.
    const address = new URL('socket', location.href);
    address.protocol = location.protocol === 'https:' ? 'wss:' : 'ws:';
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
    if (message.type === 'hello') {
      this.delay = FIRST_DELAY;
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
    if (socket.readyState === WebSocket.OPEN) this.on.frame(frame);
    else frame.bitmap.close();
  }

  async lost(event) {
    const delay = this.delay;
    this.delay = Math.min(2 * delay, LONGEST_DELAY);
    const reason = event.reason || (await this.reason());
    this.on.state('lost', `${reason}; retrying in ${delay / 1000} s`);
    setTimeout(() => this.open(), delay);
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
