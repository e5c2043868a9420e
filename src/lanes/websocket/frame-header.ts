/** First byte of an unfragmented frame of each kind that the gateway sends: FIN and opcode (RFC 6455 section 5.2). */
export const FrameStart = { TEXT: 0x81, BINARY: 0x82, PING: 0x89, PONG: 0x8a } as const;

/** Bytes of an unmasked frame header before `payloadLength` bytes. */
export function headerSize(payloadLength: number): number {
  if (payloadLength < 126) return 2;
  return payloadLength < 65536 ? 4 : 10;
}

/** Writes an unmasked frame header at `position`; returns the position behind it. */
export function writeHeader(out: Uint8Array, position: number, start: number, payloadLength: number): number {
  out[position] = start;
  if (payloadLength < 126) {
    out[position + 1] = payloadLength;
    return position + 2;
  }
  if (payloadLength < 65536) {
    out[position + 1] = 126;
    out[position + 2] = payloadLength >>> 8;
    out[position + 3] = payloadLength & 0xff;
    return position + 4;
  }
  out[position + 1] = 127;
  out.fill(0, position + 2, position + 6);
  out[position + 6] = payloadLength >>> 24;
  out[position + 7] = (payloadLength >>> 16) & 0xff;
  out[position + 8] = (payloadLength >>> 8) & 0xff;
  out[position + 9] = payloadLength & 0xff;
  return position + 10;
}

/** One whole unmasked text frame. */
export function textFrame(text: string): Uint8Array {
  const length = Buffer.byteLength(text, 'utf8');
  const frame = Buffer.allocUnsafe(headerSize(length) + length);
  frame.write(text, writeHeader(frame, 0, FrameStart.TEXT, length), 'utf8');
  return frame;
}

/** One whole Pong frame that echoes a Ping's payload of at most 125 bytes. */
export function pongFrame(payload: Uint8Array): Uint8Array {
  const frame = Buffer.allocUnsafe(2 + payload.length);
  frame.set(payload, writeHeader(frame, 0, FrameStart.PONG, payload.length));
  return frame;
}
