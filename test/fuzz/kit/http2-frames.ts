/** HTTP/2 frames taken apart and put together, right or wrong (RFC 9113, 4.1). */
export interface Http2Frame {
  type: number;
  flags: number;
  stream: number;
  payload: Uint8Array;
  /** Added to the length that its header says. */
  lengthError: number;
}

export const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'latin1');
export const FrameType = {
  DATA: 0,
  HEADERS: 1,
  PRIORITY: 2,
  RST_STREAM: 3,
  SETTINGS: 4,
  PUSH_PROMISE: 5,
  PING: 6,
  GOAWAY: 7,
  WINDOW_UPDATE: 8,
  CONTINUATION: 9,
} as const;
export const END_STREAM = 1;
export const END_HEADERS = 4;
export const PADDED = 8;
export const PRIORITY_FLAG = 0x20;

export function http2Frame(type: number, flags: number, stream: number, payload: Uint8Array): Http2Frame {
  return { type, flags, stream, payload, lengthError: 0 };
}

/** The whole frames in bytes; what is cut off at the end is left out. */
export function readFrames(bytes: Uint8Array): Http2Frame[] {
  const source = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const frames: Http2Frame[] = [];
  for (let at = 0; at + 9 <= source.length; ) {
    const end = at + 9 + source.readUIntBE(at, 3);
    if (end > source.length) break;
    const stream = source.readUInt32BE(at + 5) & 0x7fffffff;
    frames.push(http2Frame(source[at + 3] ?? 0, source[at + 4] ?? 0, stream, source.subarray(at + 9, end)));
    at = end;
  }
  return frames;
}

export function writeFrame({ type, flags, stream, payload, lengthError }: Http2Frame): Uint8Array {
  const out = new Uint8Array(9 + payload.length);
  const view = Buffer.from(out.buffer);
  view.writeUIntBE(Math.min(0xffffff, Math.max(0, payload.length + lengthError)), 0, 3);
  view[3] = type;
  view[4] = flags;
  view.writeUInt32BE(stream >>> 0, 5);
  out.set(payload, 9);
  return out;
}

export function settings(...pairs: readonly (readonly [id: number, value: number])[]): Uint8Array {
  const out = Buffer.alloc(pairs.length * 6);
  for (const [index, [id, value]] of pairs.entries()) {
    out.writeUInt16BE(id, index * 6);
    out.writeUInt32BE(value >>> 0, index * 6 + 2);
  }
  return new Uint8Array(out);
}

export function uint32(value: number): Uint8Array {
  const out = Buffer.alloc(4);
  out.writeUInt32BE(value >>> 0, 0);
  return new Uint8Array(out);
}
