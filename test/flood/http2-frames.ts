/** Writes HTTP/2 as it stands on the wire (RFC 9113, section 4.1), also what no client library would. */

export const FrameType = {
  DATA: 0,
  HEADERS: 1,
  PRIORITY: 2,
  RST_STREAM: 3,
  SETTINGS: 4,
  PING: 6,
  WINDOW_UPDATE: 8,
  CONTINUATION: 9,
} as const;

export const END_STREAM = 1;
export const ACK = 1;
export const END_HEADERS = 4;

const nothing = Buffer.alloc(0);

export const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'latin1');

export function frame(type: number, flags: number, stream: number, payload: Uint8Array = nothing): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head.writeUInt8(type, 3);
  head.writeUInt8(flags, 4);
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

/** SETTINGS with values by their number. */
export function settings(values: Readonly<Record<number, number>> = {}): Buffer {
  const entries = Object.entries(values).map(([id, value]) => {
    const entry = Buffer.alloc(6);
    entry.writeUInt16BE(Number(id), 0);
    entry.writeUInt32BE(value, 2);
    return entry;
  });
  return frame(FrameType.SETTINGS, 0, 0, Buffer.concat(entries));
}

export const settingsAck = frame(FrameType.SETTINGS, ACK, 0);

export function number(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

/** A field with a name of its own, or (a number) one of HPACK's static table; never kept by the reader. */
export function field(name: string | number, value: string): Buffer {
  const named = typeof name === 'number' ? integer(0x00, 4, name) : Buffer.concat([Buffer.of(0), text(name)]);
  return Buffer.concat([named, text(value)]);
}

/** The same, kept in the reader's table. */
export function keptField(name: string, value: string): Buffer {
  return Buffer.concat([Buffer.of(0x40), text(name), text(value)]);
}

/** A field of the tables, by its place. */
export function indexed(place: number): Buffer {
  return integer(0x80, 7, place);
}

const POST = 3;
const HTTP = 6;
const AUTHORITY = 1;
const PATH = 4;
const CONTENT_TYPE = 31;

/** The fields of a call. */
export function callFields(path: string, contentType = 'application/grpc'): Buffer {
  return Buffer.concat([
    ...[indexed(POST), indexed(HTTP), field(AUTHORITY, 'localhost'), field(PATH, path)],
    field(CONTENT_TYPE, contentType),
  ]);
}

/** RFC 7541, section 5.1. */
function integer(first: number, bits: number, value: number): Buffer {
  const most = 2 ** bits - 1;
  if (value < most) return Buffer.of(first | value);
  const bytes = [first | most];
  let rest = value - most;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 0x80);
  return Buffer.from([...bytes, rest]);
}

function text(value: string): Buffer {
  return Buffer.concat([integer(0, 7, value.length), Buffer.from(value, 'latin1')]);
}
