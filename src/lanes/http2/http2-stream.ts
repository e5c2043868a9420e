import type { ByteStream, ByteStreamEvents } from '../envelope/byte-stream.ts';
import type { HeaderFields } from '../envelope/metadata.ts';
import { windowUpdateFrame } from './frames.ts';
import { encodeFields } from './hpack/encoder.ts';
import { httpDate } from './http-date.ts';
import type { Outflow, Waiting } from './outflow.ts';
import { PeerStream, type StreamBeginning, type StreamHost } from './peer-stream.ts';
import { ErrorCode, INITIAL_FRAME_BYTES } from './protocol.ts';

/** Content that is held is joined up to here. */
const SMALL_BYTES = 512;

/**
 * One exchange over HTTP/2, without a stream of Node's.
 *
 * `open` answers; `ended` was given its whole answer, which is on its way out, and throws away what comes; `over` is forgotten
 * by its connection. What the windows or the socket do not take waits here.
 */
export class Http2Stream extends PeerStream implements ByteStream, Waiting {
  readonly httpVersion = '2';
  responded = false;
  /** Called once behind the last event. */
  whenOver: (() => void) | undefined;
  /** What it says was asked for and has an end: as long as it waits for the peer to make room, it is an answer that is not read. */
  isAnswer = false;
  /** Of the RST_STREAM that the peer sent. */
  resetCode: number | undefined;
  readonly #host: StreamHost;
  #events: ByteStreamEvents | undefined;
  #phase: 'open' | 'ended' | 'over' = 'open';
  /** Bytes that were read and that the peer was not given back. */
  #taken = 0;
  /** As many may it have under way. */
  readonly #window: number;
  #isPaused = false;
  #hasToldEnd = false;
  /** What came and was not handed on. */
  #held: Uint8Array[] | undefined;
  #queue: Uint8Array[] | undefined;
  #queued = 0;
  /** `drained` is to be called. */
  #isBlocked = false;
  #trailers: Uint8Array | undefined;
  /** END_STREAM was written. */
  #isLocalClosed = false;
  /** How much of a request is still read behind its answer, before it is reset. */
  #patience = 0;

  constructor(host: StreamHost, beginning: StreamBeginning) {
    super(beginning);
    this.#host = host;
    this.#window = beginning.receiveWindow;
  }

  get pendingBytes(): number {
    return this.#queued;
  }

  get isFlushed(): boolean {
    return this.#queued === 0 && this.#outflow.isFlushed;
  }

  get isOver(): boolean {
    return this.#phase === 'over';
  }

  get isUnread(): boolean {
    return (this.#phase === 'ended' && !this.#isLocalClosed) || (this.isAnswer && this.#queued > 0);
  }

  open(events: ByteStreamEvents): void {
    this.#events = events;
    if (this.#phase === 'over') process.nextTick(tellOver, this, 'reset');
    else if (this.#held !== undefined || this.isRemoteClosed) process.nextTick(release, this);
  }

  /** Says the time, if `fields` does not (RFC 9110, section 6.6.1). */
  respond(status: number, fields: HeaderFields): void {
    const list: string[] = [];
    for (const name in fields) list.push(name, fields[name] ?? '');
    if (fields.date === undefined) list.push('date', httpDate());
    this.begin(status, list, false);
  }

  /**
   * Sends the head of the answer.
   * @param fields names and values in turn, none of which is checked
   * @param isLast and that is all of it
   */
  begin(status: number, fields: readonly string[], isLast: boolean): void {
    if (this.#phase !== 'open' || this.responded) return;
    this.responded = true;
    this.#outflow.headers(this.id, encodeFields([':status', String(status), ...fields]), isLast);
    if (!isLast) return;
    this.#end();
    this.#closeLocal();
  }

  /** Says something before the answer: 100, 103. */
  inform(status: number, fields: readonly string[]): void {
    if (this.#phase !== 'open' || this.responded) return;
    this.#outflow.headers(this.id, encodeFields([':status', String(status), ...fields]), false);
  }

  write(bytes: Uint8Array): boolean {
    if (this.#phase !== 'open') return true;
    if (bytes.length > 0) this.#send(bytes);
    this.#outflow.handOver();
    const isFull = this.#outflow.isFull;
    if (this.#queued === 0 && !isFull) return true;
    this.#isBlocked = true;
    if (this.#queued === 0) this.#outflow.wait(this);
    return false;
  }

  end(last: Uint8Array | undefined, trailers: HeaderFields | undefined): void {
    if (trailers === undefined) {
      this.complete(last, undefined);
      return;
    }
    const list: string[] = [];
    for (const name in trailers) list.push(name, trailers[name] ?? '');
    this.complete(last, list);
  }

  /** As `end`. @param trailers names and values in turn */
  complete(last: Uint8Array | undefined, trailers: readonly string[] | undefined): void {
    if (this.#phase !== 'open') return;
    if (trailers !== undefined) this.#trailers = encodeFields(trailers);
    this.#end();
    if (last !== undefined && last.length > 0) this.#push(last);
    this.#drive();
  }

  /**
   * To be called before the end of the answer: behind it so many bytes of the request are read on and thrown away, and then
   * the peer is told to stop. It may take a reset that overtakes the end of its upload for a broken connection.
   */
  readOn(bytes: number): void {
    this.#patience = bytes;
  }

  /** What still comes of the request is not wanted; it is reset when the answer is out. */
  stopReading(): void {
    this.#patience = 0;
    if (this.#isLocalClosed) this.#hangUp();
  }

  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
    if (this.#held !== undefined || this.isRemoteClosed) process.nextTick(release, this);
  }

  destroy(code: number = ErrorCode.CANCEL): void {
    if (this.#phase === 'over') return;
    this.#host.giveUp(this, code);
    this.#over('reset');
  }

  /** @internal of the connection, as all below */
  wasReset(code: number): void {
    this.resetCode = code;
    this.#over('reset');
  }

  /** @internal */
  dropped(): void {
    this.#over('dropped');
  }

  /** @internal */
  turn(): 'again' | 'stuck' | 'done' {
    const next = this.#step();
    if (next !== 'empty') return next;
    if (this.#phase !== 'open' || !this.#isBlocked) return 'done';
    if (this.#outflow.isFull) return 'again';
    this.#isBlocked = false;
    this.#events?.drained();
    return 'done';
  }

  /** @internal Hands on what was held. */
  release(): void {
    while (this.#held !== undefined && this.#isFlowing) {
      const chunk = this.#held.shift();
      if (this.#held.length === 0) this.#held = undefined;
      if (chunk === undefined) continue;
      this.#events?.data(chunk);
      this.#giveBack(chunk.length);
    }
    if (this.isRemoteClosed) this.#tellEnd();
  }

  /** @internal */
  tellOver(cause: 'reset' | 'dropped'): void {
    const { whenOver } = this;
    this.whenOver = undefined;
    this.#events?.closed(cause);
    this.#events = undefined;
    whenOver?.();
  }

  get #outflow(): Outflow {
    return this.#host.outflow;
  }

  get #isFlowing(): boolean {
    return this.#events !== undefined && this.#phase === 'open' && !this.#isPaused;
  }

  protected take(bytes: Uint8Array, start: number, end: number, flowBytes: number, isLast: boolean): void {
    if (flowBytes > end - start) this.#giveBack(flowBytes - (end - start));
    if (end > start) this.#takeChunk(bytes.subarray(start, end));
    if (isLast) this.wholeCame();
  }

  protected wholeCame(): void {
    if (this.#phase === 'over') return;
    if (this.#isLocalClosed) {
      this.#host.forget(this);
      this.#over('reset');
    } else if (this.#held === undefined) this.#tellEnd();
  }

  protected widened(): void {
    if (this.#queued > 0 && this.sendWindow > 0) this.#outflow.wait(this);
  }

  #takeChunk(chunk: Uint8Array): void {
    if (this.#phase === 'ended') {
      this.#discard(chunk.length);
    } else if (this.#held === undefined && this.#isFlowing) {
      this.#events?.data(chunk);
      this.#giveBack(chunk.length);
    } else if (this.#phase === 'open') {
      this.#hold(chunk);
    }
  }

  /** What comes in a few bytes at a time is held in few pieces: each of them costs more than it has. */
  #hold(chunk: Uint8Array): void {
    this.#held ??= [];
    const last = this.#held.at(-1);
    if (last !== undefined && last.length + chunk.length <= SMALL_BYTES) {
      const joined = new Uint8Array(last.length + chunk.length);
      joined.set(last);
      joined.set(chunk, last.length);
      this.#held[this.#held.length - 1] = joined;
    } else this.#held.push(new Uint8Array(chunk));
  }

  /** Nobody wants it any more. */
  #discard(bytes: number): void {
    this.#giveBack(bytes);
    this.#patience -= bytes;
    if (this.#isLocalClosed && this.#patience < 0) this.#hangUp();
  }

  #end(): void {
    this.#phase = 'ended';
    this.#held = undefined;
    this.#isBlocked = false;
  }

  #tellEnd(): void {
    if (this.#hasToldEnd || this.#held !== undefined || !this.#isFlowing) return;
    this.#hasToldEnd = true;
    this.#events?.ended();
  }

  /** Lets the peer send as much again, now and then. */
  #giveBack(bytes: number): void {
    this.#taken += bytes;
    if (2 * this.#taken < this.#window || this.isRemoteClosed || this.#phase === 'over') return;
    this.#outflow.write(windowUpdateFrame(this.id, this.#taken));
    this.gaveBack(this.#taken);
    this.#taken = 0;
  }

  #send(bytes: Uint8Array): void {
    const outflow = this.#outflow;
    const { length } = bytes;
    const isEasy = this.#queued === 0 && length <= INITIAL_FRAME_BYTES && length <= this.sendWindow;
    if (isEasy && length <= outflow.window && !outflow.isFull) {
      this.sendWindow -= length;
      outflow.data(this.id, bytes, 0, length, false);
      return;
    }
    this.#push(bytes);
    this.#drive();
  }

  #push(bytes: Uint8Array): void {
    this.#queue ??= [];
    this.#queue.push(bytes);
    this.#queued += bytes.length;
  }

  /** Writes until something is full. */
  #drive(): void {
    for (;;) {
      if (this.#outflow.isFull) break;
      const next = this.#step();
      if (next === 'stuck') break;
      if (next !== 'again') return;
    }
    this.#outflow.wait(this);
  }

  /** Writes one frame. `done`: the peer has to widen the stream's window first. */
  #step(): 'again' | 'stuck' | 'done' | 'empty' {
    if (this.#phase === 'over' || this.#isLocalClosed) return 'empty';
    const [first] = this.#queue ?? [];
    if (first !== undefined) {
      if (this.sendWindow <= 0) return 'done';
      if (this.#outflow.window <= 0) return 'stuck';
      this.#stepData(first);
      return this.#isLocalClosed || this.#queued === 0 ? this.#stepEnd() : 'again';
    }
    return this.#stepEnd();
  }

  #stepData(first: Uint8Array): void {
    const length = Math.min(first.length, INITIAL_FRAME_BYTES, this.sendWindow, this.#outflow.window);
    this.sendWindow -= length;
    this.#queued -= length;
    if (length < first.length) this.#queue?.splice(0, 1, first.subarray(length));
    else this.#queue?.shift();
    if (this.#queued === 0) this.#queue = undefined;
    const isLast = this.#queued === 0 && this.#phase === 'ended' && this.#trailers === undefined;
    this.#outflow.data(this.id, first, 0, length, isLast);
    if (isLast) this.#closeLocal();
  }

  #stepEnd(): 'empty' {
    if (this.#phase !== 'ended' || this.#isLocalClosed) return 'empty';
    if (this.#trailers === undefined) this.#outflow.end(this.id);
    else this.#outflow.headers(this.id, this.#trailers, true);
    this.#closeLocal();
    return 'empty';
  }

  /** Tells a peer that is still sending to stop (RFC 9113, 8.1: RST_STREAM with NO_ERROR). */
  #closeLocal(): void {
    this.#isLocalClosed = true;
    if (this.isRemoteClosed) {
      this.#host.forget(this);
      this.#over('reset');
    } else if (this.#patience <= 0) this.#hangUp();
  }

  #hangUp(): void {
    if (this.#phase === 'over') return;
    this.#host.resetStream(this, ErrorCode.NO_ERROR);
    this.#over('reset');
  }

  #over(cause: 'reset' | 'dropped'): void {
    if (this.#phase === 'over') return;
    this.#phase = 'over';
    this.#held = undefined;
    this.#queue = undefined;
    this.#queued = 0;
    this.#outflow.forget(this);
    process.nextTick(tellOver, this, cause);
  }
}

function release(stream: Http2Stream): void {
  stream.release();
}

function tellOver(stream: Http2Stream, cause: 'reset' | 'dropped'): void {
  stream.tellOver(cause);
}
