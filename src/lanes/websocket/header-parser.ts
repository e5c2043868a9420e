/** A client frame's header (RFC 6455 section 5.2). */
export interface Header {
  readonly fin: boolean;
  /** 0 continuation, 1 text, 2 binary, 8 close, 9 ping, 10 pong. */
  readonly opcode: number;
  /** Bytes of payload. Above 2^32 - 1 it is rounded up to Infinity: no limit allows it. */
  readonly length: number;
  /** Masking key, first byte highest. */
  readonly mask: number;
  /** Position behind the header. */
  readonly end: number;
}

/** Why a header cannot be accepted; the connection fails with 1002. */
export interface BadHeader {
  readonly detail: string;
}

/**
 * Reads a frame header at `position`: undefined when bytes are missing. Each check is made on the first bytes that
 * allow it, so that a peer that sends nothing more is told all the same.
 *
 * `inMessage`: a fragmented message is open, so the next data frame must continue it.
 */
export function parseHeader(
  bytes: Uint8Array,
  position: number,
  inMessage: boolean,
): Header | BadHeader | undefined {
  const available = bytes.length - position;
  if (available < 2) return undefined;
  const first = bytes[position] ?? 0;
  const second = bytes[position + 1] ?? 0;
  const opcode = first & 0x0f;
  const short = second & 0x7f;
  const fault = faultOf(first, second, inMessage);
  if (fault !== undefined) return { detail: fault };
  const extended = short === 126 ? 2 : short === 127 ? 8 : 0;
  if (available < 2 + extended) return undefined;
  let length = short;
  if (extended === 2) {
    length = uint16(bytes, position + 2);
    if (length < 126) return { detail: 'a length below 126 is written in two bytes' };
  } else if (extended === 8) {
    const high = uint32(bytes, position + 2);
    const low = uint32(bytes, position + 6);
    if (high >= 0x80000000) return { detail: 'the highest bit of a 64-bit length is set' };
    if (high === 0 && low < 65536) return { detail: 'a length below 65536 is written in eight bytes' };
    length = high === 0 ? low : Number.POSITIVE_INFINITY;
  }
  const end = position + 2 + extended + 4;
  if (end > bytes.length) return undefined;
  return { fin: first >= 0x80, opcode, length, mask: uint32(bytes, end - 4) | 0, end };
}

function faultOf(first: number, second: number, inMessage: boolean): string | undefined {
  const opcode = first & 0x0f;
  if ((first & 0x70) !== 0) return 'a reserved bit is set and no extension was negotiated';
  if (second < 0x80) return 'a client frame is not masked';
  if (opcode >= 8) {
    if (opcode > 10) return `opcode ${opcode} is reserved`;
    if (first < 0x80) return 'a control frame is fragmented';
    return (second & 0x7f) > 125 ? 'a control frame has more than 125 bytes' : undefined;
  }
  if (opcode > 2) return `opcode ${opcode} is reserved`;
  if (inMessage) return opcode === 0 ? undefined : 'a message begins inside a fragmented one';
  return opcode === 0 ? 'a continuation frame continues nothing' : undefined;
}

function uint16(bytes: Uint8Array, position: number): number {
  return ((bytes[position] ?? 0) << 8) | (bytes[position + 1] ?? 0);
}

function uint32(bytes: Uint8Array, position: number): number {
  return uint16(bytes, position) * 65536 + uint16(bytes, position + 2);
}
