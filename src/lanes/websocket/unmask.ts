/** Below this many bytes the set-up of the word-wise loop costs more than it saves (measured: equal at 64, 2 × at 300). */
const WORDWISE_FROM = 64;

/**
 * Removes a client's mask from `bytes[start, end)` in place (RFC 6455 section 5.3).
 *
 * `key` is the masking key as four bytes in wire order, first byte highest; `phase` is the number of payload bytes of
 * the same frame that were unmasked before, modulo 4.
 */
export function unmask(bytes: Uint8Array, start: number, end: number, key: number, phase: number): void {
  const turn = (phase & 3) << 3;
  let rotated = turn === 0 ? key : (key << turn) | (key >>> (32 - turn));
  let position = start;
  if (end - start >= WORDWISE_FROM) {
    const ahead = (4 - ((bytes.byteOffset + start) & 3)) & 3;
    unmaskBytes(bytes, start, start + ahead, rotated);
    if (ahead > 0) rotated = (rotated << (ahead << 3)) | (rotated >>> (32 - (ahead << 3)));
    position += ahead;
    const words = new Int32Array(bytes.buffer, bytes.byteOffset + position, (end - position) >> 2);
    // Every platform that Node 26 ships for and this package pins is little-endian.
    const word = swapBytes(rotated);
    for (let index = 0; index < words.length; index++) words[index] = (words[index] ?? 0) ^ word;
    position += words.length << 2;
  }
  unmaskBytes(bytes, position, end, rotated);
}

function swapBytes(word: number): number {
  return ((word & 0xff) << 24) | ((word & 0xff00) << 8) | ((word >>> 8) & 0xff00) | ((word >>> 24) & 0xff);
}

function unmaskBytes(bytes: Uint8Array, start: number, end: number, key: number): void {
  const first = key >>> 24;
  const second = (key >>> 16) & 0xff;
  const third = (key >>> 8) & 0xff;
  const fourth = key & 0xff;
  let position = start;
  for (const whole = end - 3; position < whole; position += 4) {
    bytes[position] = (bytes[position] ?? 0) ^ first;
    bytes[position + 1] = (bytes[position + 1] ?? 0) ^ second;
    bytes[position + 2] = (bytes[position + 2] ?? 0) ^ third;
    bytes[position + 3] = (bytes[position + 3] ?? 0) ^ fourth;
  }
  if (position < end) bytes[position] = (bytes[position] ?? 0) ^ first;
  if (position + 1 < end) bytes[position + 1] = (bytes[position + 1] ?? 0) ^ second;
  if (position + 2 < end) bytes[position + 2] = (bytes[position + 2] ?? 0) ^ third;
}
