import { fromBinary } from '@bufbuild/protobuf';
import { DurationSchema, durationMs } from '@bufbuild/protobuf/wkt';
import { varintSize, writeVarint } from '../../core/wire/varint.ts';
import { FieldCursor } from './field-cursor.ts';

// The messages around frames, taken apart and put together by hand: the frames inside are relayed, never decoded.
// Field numbers are those of proto/signalbox/v1/signaling_service.proto and frame.proto; a test holds them together.

const lengthDelimited = 2;
/** Tag of `ConnectRequest.frame`, `ConnectResponse.frame` and `ReceiveFramesResponse.frame`. */
export const frameTag = (1 << 3) | lengthDelimited;
const helloBody = 16;
const emptyBytes = new Uint8Array(0);

/** `ConnectRequest` → the frame in it. Undefined: malformed. A request without a frame is an empty frame. */
export function unwrapFrame(request: Uint8Array): Uint8Array | undefined {
  const cursor = new FieldCursor(request);
  let frame: Uint8Array | undefined;
  for (;;) {
    const found = cursor.next();
    if (found === 'malformed') return undefined;
    if (found === 'end') return frame ?? emptyBytes;
    if (cursor.number !== 1) continue;
    // Decoders would merge a second one into the first: what was checked would not be what is read.
    if (cursor.wireType !== lengthDelimited || frame !== undefined) return undefined;
    frame = cursor.value;
  }
}

/** What a `ReceiveFramesRequest` holds. */
export interface ReceiveFramesParts {
  /** Hello (as a frame) first; at least one, be it empty. */
  readonly frames: Uint8Array[];
  /** `max_duration` in milliseconds; undefined: no limit. */
  readonly maxDurationMs: number | undefined;
}

/** `ReceiveFramesRequest` → its parts. Undefined: malformed. */
export function splitReceiveRequest(request: Uint8Array): ReceiveFramesParts | undefined {
  const cursor = new FieldCursor(request);
  let hello: Uint8Array | undefined;
  let maxDurationMs: number | undefined;
  const frames: Uint8Array[] = [];
  for (;;) {
    const found = cursor.next();
    if (found === 'malformed') return undefined;
    if (found === 'end') {
      if (hello !== undefined) return { frames: [helloFrame(hello), ...frames], maxDurationMs };
      // An empty frame stands for the Hello that is missing: the core says so at once, where silence would wait for it.
      return { frames: frames.length === 0 ? [emptyBytes] : frames, maxDurationMs };
    }
    if (cursor.number > 3) continue;
    if (cursor.wireType !== lengthDelimited) return undefined;
    if (cursor.number === 2) frames.push(cursor.value);
    else if (cursor.number === 3) {
      if (maxDurationMs !== undefined) return undefined;
      maxDurationMs = millisecondsOf(cursor.value);
      if (maxDurationMs === undefined) return undefined;
    } else if (hello === undefined) hello = cursor.value;
    else return undefined;
  }
}

/** An encoded `google.protobuf.Duration`. Undefined: malformed, or not above 0. */
function millisecondsOf(duration: Uint8Array): number | undefined {
  try {
    const milliseconds = durationMs(fromBinary(DurationSchema, duration));
    return milliseconds > 0 ? milliseconds : undefined;
  } catch {
    return undefined;
  }
}

/** A `ClientFrame` with a Hello and nothing else. */
function helloFrame(hello: Uint8Array): Uint8Array {
  const tag = (helloBody << 3) | lengthDelimited;
  const out = new Uint8Array(varintSize(tag) + varintSize(hello.byteLength) + hello.byteLength);
  out.set(hello, writeVarint(out, writeVarint(out, 0, tag), hello.byteLength));
  return out;
}

/** What a `SendFramesRequest` holds. */
export interface SendFramesParts {
  readonly sendKey: string;
  readonly ack: number;
  readonly frames: readonly Uint8Array[];
}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** `SendFramesRequest` → its parts. Undefined: malformed. */
export function splitSendRequest(request: Uint8Array): SendFramesParts | undefined {
  const cursor = new FieldCursor(request);
  let key: Uint8Array | undefined;
  let ack: number | undefined;
  const frames: Uint8Array[] = [];
  for (;;) {
    const found = cursor.next();
    if (found === 'malformed') return undefined;
    if (found === 'end') break;
    switch (cursor.number) {
      case 1:
        if (cursor.wireType !== lengthDelimited || key !== undefined) return undefined;
        key = cursor.value;
        break;
      case 2:
        if (cursor.wireType !== 0 || ack !== undefined) return undefined;
        ack = cursor.varint;
        break;
      case 3:
        if (cursor.wireType !== lengthDelimited) return undefined;
        frames.push(cursor.value);
    }
  }
  try {
    return { sendKey: key === undefined ? '' : decoder.decode(key), ack: ack ?? 0, frames };
  } catch {
    return undefined;
  }
}

/** `SendFramesResponse` of its parts; `errors` are encoded `FrameError`s. */
export function sendResponse(ack: number, errors: readonly Uint8Array[]): Uint8Array {
  let size = ack === 0 ? 0 : 1 + varintSize(ack);
  for (const error of errors) size += 1 + varintSize(error.byteLength) + error.byteLength;
  const out = new Uint8Array(size);
  let position = 0;
  if (ack !== 0) {
    out[position++] = 1 << 3;
    position = writeVarint(out, position, ack);
  }
  for (const error of errors) {
    out[position++] = (2 << 3) | lengthDelimited;
    position = writeVarint(out, position, error.byteLength);
    out.set(error, position);
    position += error.byteLength;
  }
  return out;
}
