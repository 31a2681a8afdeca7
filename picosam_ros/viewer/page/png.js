// PNG files of one channel, which a canvas does not write.

const SIGNATURE = Uint8Array.of(137, 80, 78, 71, 13, 10, 26, 10);
const EIGHT_BITS_GREY = [8, 0, 0, 0, 0];

const CRCS = Uint32Array.from({ length: 256 }, (_, value) => {
  for (let bit = 0; bit < 8; bit += 1) value = (value >>> 1) ^ (value & 1 ? 0xedb88320 : 0);
  return value;
});

// Returns a promise of the file (a Blob); `values`: a byte a pixel, row by row.
export async function toGreyPng(values, width, height) {
  // Before each row the number of its filter: none.
  const rows = new Uint8Array((width + 1) * height);
  for (let row = 0; row < height; row += 1) {
    rows.set(values.subarray(row * width, (row + 1) * width), row * (width + 1) + 1);
  }
  const stream = new Blob([rows]).stream().pipeThrough(new CompressionStream('deflate'));
  const packed = new Uint8Array(await new Response(stream).arrayBuffer());
  const header = Uint8Array.of(...bytesOf(width), ...bytesOf(height), ...EIGHT_BITS_GREY);
  const parts = [chunk('IHDR', header), chunk('IDAT', packed), chunk('IEND', new Uint8Array())];
  return new Blob([SIGNATURE, ...parts], { type: 'image/png' });
}

function chunk(name, data) {
  const made = new Uint8Array(data.length + 12);
  made.set(bytesOf(data.length));
  made.set(new TextEncoder().encode(name), 4);
  made.set(data, 8);
  made.set(bytesOf(crc(made.subarray(4, -4))), made.length - 4);
  return made;
}

function crc(data) {
  let value = 0xffffffff;
  for (const byte of data) value = CRCS[(value ^ byte) & 255] ^ (value >>> 8);
  return ~value;
}

function bytesOf(number) {
  return [24, 16, 8, 0].map((shift) => (number >>> shift) & 255);
}
