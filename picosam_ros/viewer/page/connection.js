// The WebSocket: messages in and out, and a new try whenever it ends.

const FIRST_PAUSE = 500;
const LONGEST_PAUSE = 4000;
const decoder = new TextDecoder();

export class Connection {
  // `on`: state(name, sentence), scene(scene), and a function for each type of message.
  constructor(on) {
    this.on = on;
    this.pause = FIRST_PAUSE;
    this.tag = 0;
    this.open();
  }

  open() {
    const scheme = location.protocol === 'https:' ? 'wss' : 'ws';
    this.socket = new WebSocket(`${scheme}://${location.host}/socket`);
    this.socket.binaryType = 'arraybuffer';
    this.socket.onmessage = (event) => this.receive(event.data);
    this.socket.onclose = (event) => this.lost(event);
  }

  receive(data) {
    if (typeof data !== 'string') {
      this.show(data);
      return;
    }
    const message = JSON.parse(data);
    if (message.type === 'hello') {
      this.pause = FIRST_PAUSE;
      this.on.state('live', 'live');
    }
    this.on[message.type]?.(message);
  }

  // A scene: length of the header (uint32, little-endian), header (JSON), picture (JPEG).
  async show(buffer) {
    const { socket } = this;
    const length = new DataView(buffer).getUint32(0, true);
    const scene = JSON.parse(decoder.decode(new Uint8Array(buffer, 4, length)));
    const jpeg = new Blob([new Uint8Array(buffer, 4 + length)], { type: 'image/jpeg' });
    scene.bitmap = await createImageBitmap(jpeg);
    // Decoded too late: a picture of a connection that was lost is not live.
    if (socket.readyState === WebSocket.OPEN) this.on.scene(scene);
    else scene.bitmap.close();
  }

  async lost(event) {
    const pause = this.pause;
    this.pause = Math.min(2 * pause, LONGEST_PAUSE);
    const reason = event.reason || (await this.reason());
    this.on.state('lost', `${reason}; next try in ${pause / 1000} s`);
    setTimeout(() => this.open(), pause);
  }

  // A refused WebSocket tells no reason; a plain request to the same address does.
  async reason() {
    try {
      const response = await fetch('socket', { cache: 'no-store' });
      return response.status === 400 ? 'connection lost' : (await response.text()).trim();
    } catch {
      return 'no connection to the viewer';
    }
  }

  send(type, fields) {
    if (this.socket.readyState !== WebSocket.OPEN) return false;
    this.socket.send(JSON.stringify({ type, ...fields }));
    return true;
  }

  // Asks for something that is answered; returns the tag of the answer, or 0.
  ask(type, fields) {
    this.tag += 1;
    return this.send(type, { tag: this.tag, ...fields }) ? this.tag : 0;
  }
}
