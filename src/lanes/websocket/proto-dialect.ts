import { FieldCursor } from '../envelope/field-cursor.ts';
import { CloseCode } from './close-code.ts';
import type { DecodedMessage, Dialect } from './dialect.ts';
import { FrameStart, headerSize, writeHeader } from './frame-header.ts';

/** Tag of `ConnectRequest.frame` and `ConnectResponse.frame`: field 1, length-delimited. */
const FRAME_TAG = 0x0a;

/**
 * `signalbox.v1.proto`: one binary message is one encoded `ConnectRequest` or `ConnectResponse`, the same bytes as on
 * gRPC. Nothing is decoded: the wrapper is stripped from what comes and written before what goes.
 */
export const protoDialect: Dialect = {
  subprotocol: 'signalbox.v1.proto',
  framing: {
    kind: 'prefix',
    name: 'websocket-proto',
    prefixSize(frameLength) {
      const wrapper = 1 + varintSize(frameLength);
      return headerSize(wrapper + frameLength) + wrapper;
    },
    writePrefix(out, position, frameLength) {
      const message = 1 + varintSize(frameLength) + frameLength;
      let next = writeHeader(out, position, FrameStart.BINARY, message);
      out[next++] = FRAME_TAG;
      let rest = frameLength;
      for (; rest > 0x7f; rest >>>= 7) out[next++] = (rest & 0x7f) | 0x80;
      out[next++] = rest;
      return next;
    },
  },
  decode(isText, bytes, start, end) {
    if (isText) {
      return {
        code: CloseCode.UNSUPPORTED_DATA,
        detail: 'signalbox.v1.proto takes binary messages, not text',
      };
    }
    return unwrap(bytes, start, end);
  },
};

/** The frame inside an encoded `ConnectRequest`: nearly always field 1 and nothing else. */
function unwrap(bytes: Uint8Array, start: number, end: number): DecodedMessage {
  if (bytes[start] !== FRAME_TAG || start === end) return findFrame(bytes.subarray(start, end));
  let length = 0;
  let position = start + 1;
  for (let shift = 0; shift < 32; shift += 7) {
    const byte = position < end ? (bytes[position] ?? 0) : 0xff;
    position++;
    length += (byte & 0x7f) * 2 ** shift;
    if (byte > 0x7f) continue;
    if (byte === 0 && shift > 0) return { detail: 'ConnectRequest: the length of `frame` is over-long' };
    if (position + length === end) return bytes.subarray(position, end);
    if (position + length < end) return findFrame(bytes.subarray(start, end));
    return { detail: `ConnectRequest: \`frame\` has ${length} bytes, ${end - position} follow` };
  }
  return { detail: 'ConnectRequest: the length of `frame` cannot be read' };
}

/** The same, among fields of a newer schema, which are ignored. */
function findFrame(request: Uint8Array): DecodedMessage {
  const cursor = new FieldCursor(request);
  let frame: Uint8Array | undefined;
  for (;;) {
    const found = cursor.next();
    if (found === 'malformed') return { detail: 'ConnectRequest: malformed' };
    if (found === 'end') return frame ?? { detail: 'ConnectRequest: `frame` is missing' };
    if (cursor.number !== 1) continue;
    if (cursor.wireType !== 2) return { detail: 'ConnectRequest: `frame` has a wrong wire type' };
    // Decoders would merge a second one into the first: what was checked would not be what is read.
    if (frame !== undefined) return { detail: 'ConnectRequest: `frame` is given twice' };
    frame = cursor.value;
  }
}

function varintSize(value: number): number {
  let size = 1;
  for (let rest = value; rest > 0x7f; rest >>>= 7) size++;
  return size;
}
