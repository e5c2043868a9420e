import type { Socket } from 'node:net';
import { frame, frameHead } from './frames.ts';
import { FLAGS_AT, Flag, FrameType, INITIAL_FRAME_BYTES, INITIAL_WINDOW_BYTES } from './protocol.ts';

/** Whoever has something to write and had to wait for the connection. */
export interface Waiting {
  /**
   * Writes a frame. `again`: and has more; `stuck`: has more and the connection's window is used up; `done`: needs nothing more
   * of the connection.
   */
  turn(): 'again' | 'stuck' | 'done';
}

/** Payloads up to here are copied behind the heads of their frames; longer ones are handed to the socket as they are. */
const COPIED_BYTES = 4_096;
/** What is written in one turn is joined up to here, if it is all copies: the system joins the rest. */
const JOINED_BYTES = 16_384;
/** Acknowledgements that wait for a socket which takes nothing, or for the end of a turn: nobody sends so many at once. */
const MOST_ACKS = 1_000;
/** The encoder's table has no entries, now and for good (RFC 7541, section 6.3): blocks then need none of what the peer allows. */
const TABLE_OF_NOTHING = 0x20;

const NOTHING: readonly Uint8Array[] = [];

/**
 * The writing half of a connection: what is written in one turn leaves in one write, and streams that wait for the socket
 * or for the connection's window take turns.
 */
export class Outflow {
  /** Bytes of DATA that the peer takes on this connection (RFC 9113, section 6.9). */
  window = INITIAL_WINDOW_BYTES;
  readonly #socket: Socket;
  #pieces: Uint8Array[] | undefined;
  #bytes = 0;
  /** Acknowledgements that wait for the socket. */
  #acks = 0;
  #isScheduled = false;
  /** The newest DATA frame as long as it is here, or its head. */
  #newest: Uint8Array | undefined;
  #newestStream = 0;
  /** Some of the pieces are not ours, and are wanted back. */
  #isLent = false;
  #hasSaidTable = false;
  /** For the socket. */
  #waiting: Set<Waiting> | undefined;
  /** For the window of the connection. */
  #stuck: Set<Waiting> | undefined;

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  /** Whether the socket has to take something before more content is written. */
  get isFull(): boolean {
    const socket = this.#socket;
    return socket.writableNeedDrain || this.#bytes >= socket.writableHighWaterMark;
  }

  /** Bytes that the system has not taken. */
  get pendingBytes(): number {
    return this.#bytes + this.#socket.writableLength;
  }

  /** All bytes that were ever written, as far as the system has taken them. */
  get deliveredBytes(): number {
    return this.#socket.bytesWritten - this.#socket.writableLength;
  }

  /** Nothing of anybody else's is read any more. */
  get isFlushed(): boolean {
    return !this.#isLent && this.#socket.writableLength === 0;
  }

  /** Hands on at once what is not ours. */
  handOver(): void {
    if (this.#isLent) this.flush();
  }

  /** Writes whole frames at the end of this turn. */
  write(frames: Uint8Array): void {
    if (this.#pieces === undefined) this.#pieces = [frames];
    else this.#pieces.push(frames);
    this.#bytes += frames.length;
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    process.nextTick(flush, this);
  }

  /** Writes an acknowledgement. False: too many wait already. */
  acknowledge(answer: Uint8Array): boolean {
    this.#acks += 1;
    if (this.#acks > MOST_ACKS) return false;
    this.write(answer);
    return true;
  }

  /** Writes a header block, in as many frames as it takes. */
  headers(stream: number, block: Uint8Array, isLast: boolean): void {
    const most = INITIAL_FRAME_BYTES;
    let flags: number = isLast ? Flag.END_STREAM : Flag.NONE;
    let type: number = FrameType.HEADERS;
    let at = 0;
    let said = block;
    if (!this.#hasSaidTable) {
      this.#hasSaidTable = true;
      said = Buffer.allocUnsafe(block.length + 1);
      said[0] = TABLE_OF_NOTHING;
      said.set(block, 1);
    }
    do {
      const end = Math.min(said.length, at + most);
      if (end === said.length) flags |= Flag.END_HEADERS;
      this.write(frame(type, flags, stream, said, at, end));
      type = FrameType.CONTINUATION;
      flags = Flag.NONE;
      at = end;
    } while (at < said.length);
  }

  /** Writes one DATA frame, which must fit the windows and be a frame's worth; the payload is not touched again. */
  data(stream: number, bytes: Uint8Array, start: number, end: number, isLast: boolean): void {
    const length = end - start;
    const flags = isLast ? Flag.END_STREAM : Flag.NONE;
    this.window -= length;
    const isCopied = length <= COPIED_BYTES;
    const first = isCopied
      ? frame(FrameType.DATA, flags, stream, bytes, start, end)
      : frameHead(length, FrameType.DATA, flags, stream);
    this.#newest = first;
    this.#newestStream = stream;
    this.write(first);
    if (isCopied) return;
    this.write(start === 0 && end === bytes.length ? bytes : bytes.subarray(start, end));
    this.#isLent = true;
  }

  /** Ends a stream that has nothing more to say: with its last DATA frame, if that is not out. */
  end(stream: number): void {
    if (this.#newest === undefined || this.#newestStream !== stream) {
      this.write(frameHead(0, FrameType.DATA, Flag.END_STREAM, stream));
    } else this.#newest[FLAGS_AT] = Flag.END_STREAM;
  }

  /** Gives a turn when the connection can be written again. */
  wait(waiting: Waiting): void {
    this.#waiting ??= new Set();
    this.#waiting.add(waiting);
  }

  forget(waiting: Waiting): void {
    this.#waiting?.delete(waiting);
    this.#stuck?.delete(waiting);
  }

  /** Something has changed: gives turns until everything is written, or nothing more can be. */
  goOn(): void {
    const waiting = this.#waiting;
    if (waiting !== undefined) {
      for (const one of waiting) {
        if (this.isFull) break;
        waiting.delete(one);
        const next = one.turn();
        if (next === 'again') waiting.add(one);
        else if (next === 'stuck') this.#beStuck(one);
      }
      if (waiting.size === 0) this.#waiting = undefined;
    }
    if (this.window > 0) this.#goOnStuck();
  }

  /** Those who wait for the window are many and it may be widened by a byte: each turn that is given here writes something. */
  #goOnStuck(): void {
    const stuck = this.#stuck;
    if (stuck === undefined) return;
    for (const one of stuck) {
      if (this.window <= 0 || this.isFull) break;
      stuck.delete(one);
      if (one.turn() !== 'done') stuck.add(one);
    }
    if (stuck.size === 0) this.#stuck = undefined;
  }

  #beStuck(one: Waiting): void {
    this.#stuck ??= new Set();
    this.#stuck.add(one);
  }

  /** Hands everything to the socket, unless that has to take something first: then it is called again behind that. */
  flush(): void {
    this.#isScheduled = false;
    const pieces = this.#pieces ?? NOTHING;
    const socket = this.#socket;
    if (pieces.length === 0 || socket.writableNeedDrain || !socket.writable) return;
    const bytes = this.#bytes;
    this.#pieces = undefined;
    this.#newest = undefined;
    this.#bytes = 0;
    this.#acks = 0;
    const isLent = this.#isLent;
    this.#isLent = false;
    const [only] = pieces;
    if (pieces.length === 1 && only !== undefined) socket.write(only);
    else if (!isLent && bytes <= JOINED_BYTES) socket.write(Buffer.concat(pieces, bytes));
    else {
      socket.cork();
      for (const piece of pieces) socket.write(piece);
      socket.uncork();
    }
  }

  /** The last frames: whatever waits behind the socket goes with them. */
  close(frames: Uint8Array | undefined): void {
    const pieces = [...(this.#pieces ?? NOTHING), ...(frames === undefined ? [] : [frames])];
    this.clear();
    if (pieces.length === 0) this.#socket.end();
    else this.#socket.end(Buffer.concat(pieces));
  }

  clear(): void {
    this.#pieces = undefined;
    this.#newest = undefined;
    this.#isLent = false;
    this.#waiting = undefined;
    this.#stuck = undefined;
    this.#bytes = 0;
  }
}

function flush(outflow: Outflow): void {
  const wasFull = outflow.isFull;
  outflow.flush();
  // What was too much for one turn, though not for the socket.
  if (wasFull && !outflow.isFull) outflow.goOn();
}
