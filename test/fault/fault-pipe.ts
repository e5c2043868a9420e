import type { Socket } from 'node:net';

/** How bytes travel in one direction. */
export interface Travel {
  /** Each chunk is handed on so long after it came, in milliseconds. */
  readonly latencyMs: number;
  /** Up to so much is added to the latency, chunk by chunk. The order stays. */
  readonly jitterMs: number;
  /** Chunks are cut into pieces of 1 to so many bytes, each written by itself. 0: they stay whole. */
  readonly sliceBytes: number;
  /** Nothing is handed on; what came goes on its way when the hole is closed again, as TCP would have it. */
  readonly hole: boolean;
}

export const directTravel: Travel = { latencyMs: 0, jitterMs: 0, sliceBytes: 0, hole: false };

/** Bytes that wait in a pipe before its source is not read any more. */
const mostHeld = 256 * 1024;
/** Beyond so many pieces a chunk is handed on in larger ones: slicing costs a system call a piece. */
const mostSlices = 64;

interface Piece {
  readonly bytes: Uint8Array;
  readonly dueAt: number;
}

/** What a filter says of a chunk: hand it on, drop it and all that follows, or reset the connection. */
export type Verdict = 'pass' | 'swallow' | 'cut';

/** One direction of a proxied connection. */
export class FaultPipe {
  /** Bytes handed on so far. */
  passed = 0;
  /** Bytes that came so far. */
  came = 0;
  /** Judges each chunk before it is handed on. */
  filter: ((chunk: Uint8Array) => Verdict) | undefined;
  /** The connection is reset once so many bytes were handed on. */
  cutAfter = Number.POSITIVE_INFINITY;
  readonly #from: Socket;
  readonly #to: Socket;
  readonly #random: () => number;
  readonly #cut: () => void;
  #travel: Travel;
  #queue: Piece[] = [];
  #held = 0;
  #lastDue = 0;
  #timer: NodeJS.Timeout | undefined;
  #ended = false;
  #swallows = false;
  #stopped = false;

  /** The end of `from` is handed on after `lingerMs`. */
  constructor(from: Socket, to: Socket, travel: Travel, random: () => number, cut: () => void, lingerMs = 0) {
    this.#from = from;
    this.#to = to;
    this.#travel = travel;
    this.#random = random;
    this.#cut = cut;
    from.on('data', (chunk: Uint8Array) => this.#take(chunk));
    from.on('end', () => {
      setTimeout(() => {
        this.#ended = true;
        this.#schedule();
      }, lingerMs);
    });
    to.on('drain', () => this.#schedule());
  }

  set travel(travel: Travel) {
    this.#travel = travel;
    this.#schedule();
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#queue = [];
  }

  #take(chunk: Uint8Array): void {
    this.came += chunk.length;
    if (this.#stopped || this.#swallows) return;
    const verdict = this.filter?.(chunk) ?? 'pass';
    if (verdict === 'cut') this.#cut();
    if (verdict === 'swallow') this.#swallows = true;
    if (verdict !== 'pass') return;
    const { latencyMs, jitterMs, sliceBytes } = this.#travel;
    const dueAt = Math.max(this.#lastDue, performance.now() + latencyMs + this.#random() * jitterMs);
    this.#lastDue = dueAt;
    const least = Math.ceil(chunk.length / mostSlices);
    for (let at = 0; at < chunk.length; ) {
      const size = sliceBytes === 0 ? chunk.length : least + Math.floor(this.#random() * sliceBytes);
      this.#queue.push({ bytes: chunk.subarray(at, at + size), dueAt });
      at += size;
    }
    this.#held += chunk.length;
    if (this.#held > mostHeld) this.#from.pause();
    this.#run();
  }

  #schedule(): void {
    if (this.#stopped || this.#timer !== undefined) return;
    const wait = (this.#queue[0]?.dueAt ?? 0) - performance.now();
    this.#timer = setTimeout(
      () => {
        this.#timer = undefined;
        this.#run();
      },
      Math.max(0, wait),
    );
  }

  #run(): void {
    if (this.#stopped || this.#travel.hole || this.#to.destroyed) return;
    const now = performance.now();
    let index = 0;
    for (let piece = this.#queue[0]; piece !== undefined; piece = this.#queue[index]) {
      // setTimeout may come up to a millisecond early.
      if (piece.dueAt > now + 1 || this.#to.writableNeedDrain) break;
      this.#to.write(piece.bytes);
      index += 1;
      this.passed += piece.bytes.length;
      this.#held -= piece.bytes.length;
      if (this.passed < this.cutAfter) continue;
      this.#cut();
      return;
    }
    this.#queue.splice(0, index);
    if (this.#held <= mostHeld && this.#from.isPaused()) this.#from.resume();
    if (this.#queue.length > 0) this.#schedule();
    else if (this.#ended && !this.#to.writableEnded) this.#to.end();
  }
}
