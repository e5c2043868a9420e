import { CLIENT_PREFACE, ErrorCode, FRAME_HEAD_BYTES, Http2Fault, INITIAL_FRAME_BYTES } from './protocol.ts';

/** What {@link FrameReader} finds, in the order of the byte stream. */
export interface FrameSink {
  /**
   * One whole frame: its payload is `bytes[start, end)`. Lent: the bytes are something else once this has returned.
   */
  frame(type: number, flags: number, stream: number, bytes: Uint8Array, start: number, end: number): void;
}

/**
 * An incremental reader of a client's preface and its frames (RFC 9113, section 4.1) of the usual length, 16 KiB at the most.
 *
 * A frame that lies in one chunk is handed on as a view of it; others are gathered in a buffer that grows with the bytes that
 * came, not with the length that was announced.
 */
export class FrameReader {
  readonly #sink: FrameSink;
  /** The beginning of a frame that came in pieces. */
  #held: Buffer | undefined;
  #fill = 0;
  /** Bytes of the client's preface still to come. */
  #preface = CLIENT_PREFACE.length;
  #isStopped = false;

  constructor(sink: FrameSink) {
    this.#sink = sink;
  }

  /**
   * Reads on in `chunk`, which is lent.
   * @throws Http2Fault and what the sink throws; nothing can be read after that
   */
  push(chunk: Uint8Array): void {
    let at = this.#preface > 0 ? this.#readPreface(chunk) : 0;
    if (this.#held !== undefined) at = this.#gather(chunk, at);
    while (!this.#isStopped && chunk.length - at >= FRAME_HEAD_BYTES) {
      const end = at + FRAME_HEAD_BYTES + lengthAt(chunk, at);
      if (end > chunk.length) break;
      this.#deliver(chunk, at, end);
      at = end;
    }
    if (this.#isStopped || at >= chunk.length) return;
    this.#held = Buffer.allocUnsafeSlow(Math.max(FRAME_HEAD_BYTES, chunk.length - at));
    this.#fill = 0;
    this.#gather(chunk, at);
  }

  /** Ignores all further input. */
  stop(): void {
    this.#isStopped = true;
    this.#held = undefined;
  }

  #readPreface(chunk: Uint8Array): number {
    const at = CLIENT_PREFACE.length - this.#preface;
    const length = Math.min(this.#preface, chunk.length);
    for (let i = 0; i < length; i += 1) {
      if (chunk[i] !== CLIENT_PREFACE[at + i]) throw new Http2Fault(ErrorCode.PROTOCOL_ERROR, 'no preface');
    }
    this.#preface -= length;
    return length;
  }

  /** Adds to what is held until it is a frame. Returns how far it read. */
  #gather(chunk: Uint8Array, start: number): number {
    let at = start;
    while (this.#held !== undefined && at < chunk.length) {
      const need =
        this.#fill < FRAME_HEAD_BYTES ? FRAME_HEAD_BYTES : FRAME_HEAD_BYTES + lengthAt(this.#held, 0);
      const take = Math.min(need - this.#fill, chunk.length - at);
      this.#reserve(this.#fill + take, need);
      this.#held.set(chunk.subarray(at, at + take), this.#fill);
      this.#fill += take;
      at += take;
      if (this.#fill < FRAME_HEAD_BYTES) continue;
      const end = FRAME_HEAD_BYTES + lengthAt(this.#held, 0);
      if (this.#fill < end) continue;
      const whole = this.#held;
      this.#held = undefined;
      this.#deliver(whole, 0, end);
    }
    return at;
  }

  /** Room for so many bytes; at the most, twice as many as came. */
  #reserve(bytes: number, most: number): void {
    const held = this.#held;
    if (held === undefined || bytes <= held.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.max(bytes, Math.min(most, 2 * bytes)));
    grown.set(held.subarray(0, this.#fill));
    this.#held = grown;
  }

  #deliver(bytes: Uint8Array, at: number, end: number): void {
    const stream = bytes[at + 5] ?? 0;
    this.#sink.frame(
      bytes[at + 3] ?? 0,
      bytes[at + 4] ?? 0,
      ((stream & 0x7f) << 24) |
        ((bytes[at + 6] ?? 0) << 16) |
        ((bytes[at + 7] ?? 0) << 8) |
        (bytes[at + 8] ?? 0),
      bytes,
      at + FRAME_HEAD_BYTES,
      end,
    );
  }
}

function lengthAt(bytes: Uint8Array, at: number): number {
  const length = ((bytes[at] ?? 0) << 16) | ((bytes[at + 1] ?? 0) << 8) | (bytes[at + 2] ?? 0);
  if (length > INITIAL_FRAME_BYTES) {
    throw new Http2Fault(ErrorCode.FRAME_SIZE_ERROR, `a frame of ${length} bytes`);
  }
  return length;
}

/** Four bytes as a number from 0 to 2^32 - 1. */
export function uint32At(bytes: Uint8Array, at: number): number {
  const high = (bytes[at] ?? 0) * 0x1000000;
  return high + (((bytes[at + 1] ?? 0) << 16) | ((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0));
}
