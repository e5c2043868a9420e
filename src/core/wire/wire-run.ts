import type { Framing } from '../lane.ts';
import { frameHeadSize, writeFrameHead } from './frame-head.ts';
import { type MemoryPool, pooledFromBytes } from './memory-pool.ts';

/**
 * Frames that leave in one write: head (seq, ack), body, and the framing's prefix, copied once into one buffer. What
 * is on the wire already (runs shared between lanes) is taken as it is.
 */
export class WireRun {
  readonly framing: Framing;
  /** Pieces in order. Bodies are kept apart from heads until their sizes are known. */
  readonly #pieces: Piece[] = [];
  #size = 0;

  constructor(framing: Framing) {
    this.framing = framing;
  }

  /** Bytes so far. */
  get size(): number {
    return this.#size;
  }

  add(seq: number, ack: number, body: Uint8Array): void {
    const length = frameHeadSize(seq, ack) + body.length;
    if (this.framing.kind === 'transcode') {
      const frame = new Uint8Array(length);
      frame.set(body, writeFrameHead(frame, 0, seq, ack));
      this.addWired(this.framing.encode(frame));
      return;
    }
    const size = this.framing.prefixSize(length) + length;
    this.#pieces.push({ seq, ack, body, length, wired: false });
    this.#size += size;
  }

  /** Adds bytes that are framed already. */
  addWired(bytes: Uint8Array): void {
    this.#pieces.push({ seq: 0, ack: 0, body: bytes, length: bytes.length, wired: true });
    this.#size += bytes.length;
  }

  /**
   * All of it. A single run that was wired already is returned itself: it must not be written into.
   *
   * @param pool where the memory of long ones comes from, for who gives it back; absent: an array of its own
   */
  join(pool?: MemoryPool): Uint8Array {
    const [first] = this.#pieces;
    if (first !== undefined && this.#pieces.length === 1 && first.wired) return first.body;
    const isPooled = pool !== undefined && this.#size >= pooledFromBytes;
    const out = isPooled ? pool.take(this.#size) : Buffer.allocUnsafe(this.#size);
    let at = 0;
    for (const { seq, ack, body, length, wired } of this.#pieces) {
      if (!wired && this.framing.kind === 'prefix') {
        at = this.framing.writePrefix(out, at, length);
        at = writeFrameHead(out, at, seq, ack);
      }
      out.set(body, at);
      at += body.length;
    }
    return out;
  }
}

interface Piece {
  readonly seq: number;
  readonly ack: number;
  readonly body: Uint8Array;
  /** Bytes of the frame: head and body. */
  readonly length: number;
  readonly wired: boolean;
}
