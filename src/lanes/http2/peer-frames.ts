import { type FrameSink, uint32At } from './frame-reader.ts';
import { HeaderBlock } from './header-block.ts';
import { ErrorCode, Flag, FrameType, Http2Fault, MOST_WINDOW_BYTES, protocolError } from './protocol.ts';

/** What a client's frames say, one call for each; header blocks are whole. What breaks the protocol is thrown. */
export interface PeerEvents {
  headers(stream: number, block: Uint8Array, isLast: boolean): void;
  /** Content without its padding. @param flowBytes what it counts for, padding included */
  data(
    stream: number,
    bytes: Uint8Array,
    start: number,
    end: number,
    flowBytes: number,
    isLast: boolean,
  ): void;
  reset(stream: number, code: number): void;
  settings(bytes: Uint8Array, start: number, end: number): void;
  /** It has taken our settings. */
  acknowledged(): void;
  /** Eight bytes, which are to be sent back. */
  ping(bytes: Uint8Array, start: number, end: number): void;
  goAway(code: number): void;
  /** @param increment from 0, which is an error, to 2^31 - 1 */
  widen(stream: number, increment: number): void;
}

/** Reads the frames of a client as RFC 9113, section 6, has them: their form, and what may not come where. */
export class PeerFrames implements FrameSink {
  readonly #events: PeerEvents;
  #hasBegun = false;
  #block: HeaderBlock | undefined;

  constructor(events: PeerEvents) {
    this.#events = events;
  }

  frame(type: number, flags: number, stream: number, bytes: Uint8Array, start: number, end: number): void {
    const block = this.#block;
    if (block !== undefined && (type !== FrameType.CONTINUATION || stream !== block.stream)) {
      throw protocolError('a frame within a header block');
    }
    if (!this.#hasBegun && (type !== FrameType.SETTINGS || (flags & Flag.ACK) !== 0)) {
      throw protocolError('no SETTINGS first');
    }
    this.#hasBegun = true;
    switch (type) {
      case FrameType.DATA:
        this.#data(flags, stream, bytes, start, end);
        return;
      case FrameType.HEADERS:
        this.#headers(flags, stream, bytes, start, end);
        return;
      case FrameType.CONTINUATION:
        this.#continuation(flags, bytes.subarray(start, end));
        return;
      case FrameType.PRIORITY:
        // It says nothing any more (section 5.3.2).
        ofStream(stream, 'PRIORITY');
        sized(end - start, 5, 'PRIORITY');
        return;
      case FrameType.RST_STREAM:
        ofStream(stream, 'RST_STREAM');
        sized(end - start, 4, 'RST_STREAM');
        this.#events.reset(stream, uint32At(bytes, start));
        return;
      case FrameType.SETTINGS:
        this.#settings(flags, stream, bytes, start, end);
        return;
      case FrameType.PUSH_PROMISE:
        throw protocolError('PUSH_PROMISE of a client');
      case FrameType.PING:
        ofConnection(stream, 'PING');
        sized(end - start, 8, 'PING');
        if ((flags & Flag.ACK) === 0) this.#events.ping(bytes, start, end);
        return;
      case FrameType.GOAWAY:
        ofConnection(stream, 'GOAWAY');
        if (end - start < 8) throw new Http2Fault(ErrorCode.FRAME_SIZE_ERROR, 'GOAWAY');
        this.#events.goAway(uint32At(bytes, start + 4));
        return;
      case FrameType.WINDOW_UPDATE:
        sized(end - start, 4, 'WINDOW_UPDATE');
        this.#events.widen(stream, uint32At(bytes, start) & MOST_WINDOW_BYTES);
    }
  }

  #data(flags: number, stream: number, bytes: Uint8Array, start: number, end: number): void {
    ofStream(stream, 'DATA');
    const first = (flags & Flag.PADDED) !== 0 ? start + 1 : start;
    const last = end - padding(flags, bytes, start);
    if (first > last) throw protocolError('padding');
    this.#events.data(stream, bytes, first, last, end - start, (flags & Flag.END_STREAM) !== 0);
  }

  #headers(flags: number, stream: number, bytes: Uint8Array, start: number, end: number): void {
    if (stream % 2 === 0) throw protocolError('HEADERS of a stream that is no client’s');
    const last = end - padding(flags, bytes, start);
    let first = (flags & Flag.PADDED) !== 0 ? start + 1 : start;
    if ((flags & Flag.PRIORITY) !== 0) first += 5;
    if (first > last) throw protocolError('padding');
    const part = bytes.subarray(first, last);
    if ((flags & Flag.END_HEADERS) === 0) this.#block = new HeaderBlock(stream, flags, part);
    else this.#events.headers(stream, part, (flags & Flag.END_STREAM) !== 0);
  }

  #continuation(flags: number, part: Uint8Array): void {
    const block = this.#block;
    if (block === undefined) throw protocolError('CONTINUATION of nothing');
    const whole = block.add(flags, part);
    if (whole === undefined) return;
    this.#block = undefined;
    this.#events.headers(block.stream, whole, (block.flags & Flag.END_STREAM) !== 0);
  }

  #settings(flags: number, stream: number, bytes: Uint8Array, start: number, end: number): void {
    ofConnection(stream, 'SETTINGS');
    if ((flags & Flag.ACK) === 0) {
      this.#events.settings(bytes, start, end);
      return;
    }
    sized(end - start, 0, 'SETTINGS');
    this.#events.acknowledged();
  }
}

function ofStream(stream: number, what: string): void {
  if (stream === 0) throw protocolError(`${what} of the connection`);
}

function ofConnection(stream: number, what: string): void {
  if (stream !== 0) throw protocolError(`${what} of a stream`);
}

function sized(bytes: number, right: number, what: string): void {
  if (bytes !== right) throw new Http2Fault(ErrorCode.FRAME_SIZE_ERROR, what);
}

/** Bytes of padding at the end of a frame (section 6.1). */
function padding(flags: number, bytes: Uint8Array, start: number): number {
  return (flags & Flag.PADDED) === 0 ? 0 : (bytes[start] ?? 0);
}
