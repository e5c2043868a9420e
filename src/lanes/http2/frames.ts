import { ErrorCode, Flag, FRAME_HEAD_BYTES, FrameType } from './protocol.ts';

/** Writes the head of a frame into `out` at 0 (RFC 9113, section 4.1). */
function writeHead(out: Uint8Array, length: number, type: number, flags: number, stream: number): void {
  out[0] = length >>> 16;
  out[1] = length >>> 8;
  out[2] = length;
  out[3] = type;
  out[4] = flags;
  writeUint32(out, 5, stream);
}

function writeUint32(out: Uint8Array, at: number, value: number): void {
  out[at] = value >>> 24;
  out[at + 1] = value >>> 16;
  out[at + 2] = value >>> 8;
  out[at + 3] = value;
}

/** The head of a frame whose payload follows by itself. */
export function frameHead(length: number, type: number, flags: number, stream: number): Uint8Array {
  const head = Buffer.allocUnsafe(FRAME_HEAD_BYTES);
  writeHead(head, length, type, flags, stream);
  return head;
}

/** A frame with `payload[start, end)`, which is copied. */
export function frame(
  type: number,
  flags: number,
  stream: number,
  payload: Uint8Array,
  start = 0,
  end: number = payload.length,
): Uint8Array {
  const out = Buffer.allocUnsafe(FRAME_HEAD_BYTES + end - start);
  writeHead(out, end - start, type, flags, stream);
  out.set(start === 0 && end === payload.length ? payload : payload.subarray(start, end), FRAME_HEAD_BYTES);
  return out;
}

function numberFrame(type: number, stream: number, value: number): Uint8Array {
  const out = Buffer.allocUnsafe(FRAME_HEAD_BYTES + 4);
  writeHead(out, 4, type, Flag.NONE, stream);
  writeUint32(out, FRAME_HEAD_BYTES, value);
  return out;
}

export function resetFrame(stream: number, code: number): Uint8Array {
  return numberFrame(FrameType.RST_STREAM, stream, code);
}

/** @param increment from 1 to 2^31 - 1 */
export function windowUpdateFrame(stream: number, increment: number): Uint8Array {
  return numberFrame(FrameType.WINDOW_UPDATE, stream, increment);
}

export function goAwayFrame(lastStream: number, code: number, detail: string): Uint8Array {
  const debug = Buffer.from(code === ErrorCode.NO_ERROR ? '' : detail, 'latin1');
  const payload = Buffer.allocUnsafe(8 + debug.length);
  writeUint32(payload, 0, lastStream);
  writeUint32(payload, 4, code);
  payload.set(debug, 8);
  return frame(FrameType.GOAWAY, Flag.NONE, 0, payload);
}

/** @param values number of a setting and its value, in turn */
export function settingsFrame(values: readonly (readonly [number, number])[]): Uint8Array {
  const payload = Buffer.allocUnsafe(6 * values.length);
  values.forEach(([setting, value], index) => {
    payload.writeUInt16BE(setting, 6 * index);
    payload.writeUInt32BE(value, 6 * index + 2);
  });
  return frame(FrameType.SETTINGS, Flag.NONE, 0, payload);
}

export const SETTINGS_ACK: Uint8Array = frame(FrameType.SETTINGS, Flag.ACK, 0, new Uint8Array(0));
