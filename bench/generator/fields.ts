/** Protobuf by hand, of bytes that the gateway wrote. */

export function readVarint(bytes: Buffer, position: number): number {
  let value = 0;
  for (let at = position, scale = 1; ; at += 1, scale *= 128) {
    const byte = bytes[at] ?? 0;
    value += (byte & 0x7f) * scale;
    if (byte < 0x80) return value;
  }
}

/** Where what stands behind the varint at `position` begins. */
export function skipVarint(bytes: Buffer, position: number): number {
  let at = position;
  while ((bytes[at] ?? 0) >= 0x80) at += 1;
  return at + 1;
}

/** Calls `visit` for each field in `bytes[start, end)`: its number, and its content, or where it is a varint its place. */
export function eachField(
  bytes: Buffer,
  start: number,
  end: number,
  visit: (number: number, from: number, to: number) => void,
): void {
  let at = start;
  while (at < end) {
    const tag = readVarint(bytes, at);
    const from = skipVarint(bytes, at);
    switch (tag & 7) {
      case 0:
        at = skipVarint(bytes, from);
        visit(tag >>> 3, from, at);
        break;
      case 2: {
        const content = skipVarint(bytes, from);
        at = content + readVarint(bytes, from);
        visit(tag >>> 3, content, at);
        break;
      }
      default:
        throw new Error(`a field of wire type ${tag & 7}`);
    }
  }
}
