import { isUtf8 } from 'node:buffer';
import { CloseCode, isSendableCloseCode } from './close-code.ts';
import { type Header, parseHeader } from './header-parser.ts';
import { MessageAssembly } from './message-assembly.ts';
import { unmask } from './unmask.ts';

/** What a peer did that RFC 6455 or an announced limit forbids. */
export interface ProtocolBreach {
  /** Close code that answers it. */
  readonly code: number;
  readonly reason: 'malformed' | 'too-large';
  readonly detail: string;
}

/** What {@link FrameReader} finds, in the order of the byte stream. */
export interface FrameSink {
  /**
   * One whole message: `bytes[start, end)`, unmasked, valid UTF-8 if `isText`. A view of a read buffer: copy to keep.
   * Returns false to have nothing more until {@link FrameReader.resume}.
   */
  message(isText: boolean, bytes: Uint8Array, start: number, end: number): boolean;
  /** A Ping whose payload must be echoed. A view: copy to keep. */
  pinged(payload: Uint8Array): void;
  /** A Pong, asked for or not. */
  ponged(): void;
  /** The peer's Close frame, validated. `code` is 1005 when it carried none. Nothing follows. */
  closedByPeer(code: number, reason: string): void;
  /** The stream cannot be read further. Nothing follows. */
  breached(breach: ProtocolBreach): void;
}

const NOTHING = new Uint8Array(0);
const NO_CODE = 1005;
/**
 * Control frames, and pieces that a message comes in, before the next whole message. Real ones have a handful; a frame that
 * says nothing costs as much as one that does.
 */
const MOST_BETWEEN_MESSAGES = 1024;
/** Bytes of a long message for each of which one piece more is let pass. */
const SMALL_PIECE = 64;

/**
 * An incremental reader of a client's half of a WebSocket (RFC 6455 section 5): masked frames, no extensions.
 *
 * Chunks are unmasked in place. A message that lies in one chunk is handed on as a view of it; others are gathered in a
 * buffer that grows with the bytes that came, not with the length that was announced.
 */
export class FrameReader {
  readonly #limit: number;
  readonly #sink: FrameSink;
  readonly #assembly = new MessageAssembly();
  /** Read and not yet consumed, from `#position` on. */
  #chunk: Uint8Array = NOTHING;
  /** Whether `#chunk` is only lent, until `push` returns. */
  #isLent = false;
  #position = 0;
  /** The data frame whose payload is still coming. */
  #frame: Header | undefined;
  /** Payload bytes of `#frame` still to come. */
  #remaining = 0;
  /** Whether a message has begun whose final frame has not ended, and its kind. */
  #open: 'text' | 'binary' | undefined;
  /** Control frames and pieces since the last whole message. */
  #between = 0;
  #mode: 'reading' | 'paused' | 'stopped' = 'reading';
  #delivering = false;

  /** `limit`: bytes of payload a message may have, its fragments together. */
  constructor(limit: number, sink: FrameSink) {
    this.#limit = limit;
    this.#sink = sink;
  }

  /** Whether the sink's `message` returned false and `resume` was not called since. */
  get isPaused(): boolean {
    return this.#mode === 'paused';
  }

  /** Reads on in `chunk`, which it may write into until this returns. What it cannot read yet it copies. */
  push(chunk: Uint8Array): void {
    if (this.#mode === 'stopped') return;
    this.#isLent = this.#position === this.#chunk.length;
    this.#chunk = this.#isLent ? chunk : Buffer.concat([this.#chunk.subarray(this.#position), chunk]);
    this.#position = 0;
    if (!this.#delivering) this.#run();
    this.#keepRest();
  }

  /** Goes on after the sink's `message` returned false; messages may be delivered before this returns. */
  resume(): void {
    if (this.#mode !== 'paused') return;
    this.#mode = 'reading';
    if (!this.#delivering) this.#run();
  }

  /** Drops what is held and ignores all further input. */
  stop(): void {
    this.#mode = 'stopped';
    this.#chunk = NOTHING;
    this.#position = 0;
    this.#frame = undefined;
    this.#assembly.clear();
  }

  #run(): void {
    this.#delivering = true;
    while (this.#mode === 'reading' && (this.#frame === undefined ? this.#readFrame() : this.#readPayload()));
    this.#delivering = false;
    // What is left of a chunk that was read to its end is the beginning of a header or a control frame: a copy of
    // it lets the chunk go.
    if (this.#mode === 'reading') this.#copyRest();
  }

  /** What was lent is the lender's again. */
  #keepRest(): void {
    if (this.#isLent) this.#copyRest();
  }

  #copyRest(): void {
    const left = this.#chunk.length - this.#position;
    this.#chunk = left === 0 ? NOTHING : new Uint8Array(this.#chunk.subarray(this.#position));
    this.#position = 0;
    this.#isLent = false;
  }

  /** Reads a header, and a control frame or a data frame that is whole. Returns false when more bytes are needed. */
  #readFrame(): boolean {
    if (this.#between > MOST_BETWEEN_MESSAGES) return this.#flooded();
    const header = parseHeader(this.#chunk, this.#position, this.#open !== undefined);
    if (header === undefined) return false;
    if ('detail' in header) return this.#fail(header.detail);
    if (header.opcode >= 8) return this.#readControl(header);
    const total = this.#assembly.length + header.length;
    if (total > this.#limit) {
      this.#sinkBreach(
        CloseCode.TOO_BIG,
        'too-large',
        `message of ${total} bytes or more, limit ${this.#limit}`,
      );
      return false;
    }
    if (header.opcode !== 0) this.#open = header.opcode === 1 ? 'text' : 'binary';
    this.#position = header.end;
    const end = header.end + header.length;
    if (end <= this.#chunk.length && header.fin && this.#assembly.length === 0) {
      unmask(this.#chunk, header.end, end, header.mask, 0);
      this.#position = end;
      return this.#deliver(this.#chunk, header.end, end);
    }
    this.#frame = header;
    this.#remaining = header.length;
    return true;
  }

  /** Takes what there is of a data frame's payload. Returns false when more bytes are needed. */
  #readPayload(): boolean {
    const frame = this.#frame;
    if (frame === undefined) return false;
    this.#between += 1;
    if (this.#between > MOST_BETWEEN_MESSAGES + frame.length / SMALL_PIECE) return this.#flooded();
    const start = this.#position;
    const end = Math.min(this.#chunk.length, start + this.#remaining);
    unmask(this.#chunk, start, end, frame.mask, frame.length - this.#remaining);
    this.#assembly.append(this.#chunk, start, end, this.#remaining);
    this.#position = end;
    this.#remaining -= end - start;
    if (this.#remaining > 0) return false;
    this.#frame = undefined;
    if (!frame.fin) return true;
    const length = this.#assembly.length;
    return this.#deliver(this.#assembly.take(), 0, length);
  }

  #deliver(bytes: Uint8Array, start: number, end: number): boolean {
    const isText = this.#open === 'text';
    this.#open = undefined;
    this.#between = 0;
    if (isText && !isUtf8(bytes.subarray(start, end))) {
      this.#sinkBreach(CloseCode.INVALID_TEXT, 'malformed', 'a text message is not valid UTF-8');
      return false;
    }
    // Paused before the call: a sink that calls `resume` and then returns false must not stall.
    this.#mode = 'paused';
    if (this.#sink.message(isText, bytes, start, end) && this.#mode === 'paused') this.#mode = 'reading';
    return true;
  }

  #readControl(header: Header): boolean {
    const end = header.end + header.length;
    if (end > this.#chunk.length) return false;
    this.#between += 1;
    unmask(this.#chunk, header.end, end, header.mask, 0);
    this.#position = end;
    const payload = this.#chunk.subarray(header.end, end);
    if (header.opcode === 9) this.#sink.pinged(payload);
    if (header.opcode === 10) this.#sink.ponged();
    if (header.opcode !== 8) return true;
    if (payload.length === 1) return this.#fail('a Close frame has a payload of one byte');
    const code = payload.length === 0 ? NO_CODE : ((payload[0] ?? 0) << 8) | (payload[1] ?? 0);
    if (code !== NO_CODE && !isSendableCloseCode(code))
      return this.#fail(`close code ${code} must not be sent`);
    if (payload.length > 0 && code === NO_CODE) return this.#fail('close code 1005 must not be sent');
    if (!isUtf8(payload.subarray(2))) {
      this.#sinkBreach(CloseCode.INVALID_TEXT, 'malformed', 'the reason of a Close frame is not valid UTF-8');
      return false;
    }
    const reason = Buffer.from(payload.subarray(2)).toString('utf8');
    this.stop();
    this.#sink.closedByPeer(code, reason);
    return false;
  }

  #flooded(): false {
    this.#sinkBreach(CloseCode.POLICY_VIOLATION, 'malformed', 'too many frames without a whole message');
    return false;
  }

  #fail(detail: string): false {
    this.#sinkBreach(CloseCode.PROTOCOL_ERROR, 'malformed', detail);
    return false;
  }

  #sinkBreach(code: number, reason: ProtocolBreach['reason'], detail: string): void {
    this.stop();
    this.#sink.breached({ code, reason, detail });
  }
}
