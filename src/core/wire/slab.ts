import type { MemoryPool } from './memory-pool.ts';

/**
 * Size of a block. A record that is kept keeps its whole block: with 4 KiB the worst case, one record kept of each
 * block, costs a log 13 times the bytes that it counts at 300 bytes a record; the usual one, neighbours trimmed
 * together, nothing.
 */
const BLOCK_BYTES = 4096;
const LONGEST_PIECE = BLOCK_BYTES / 4;

/**
 * Cuts short arrays out of larger blocks: an array of its own for each record costs 0.3 to 1 µs, most of it in the
 * garbage collector, a piece of a block 0.1 µs. What is kept for long (the keyed table) is better copied. Longer ones come
 * from a pool, and may be given back to it.
 */
export class Slab {
  #block = new Uint8Array(BLOCK_BYTES);
  #used = 0;
  readonly #pool: MemoryPool;

  constructor(pool: MemoryPool) {
    this.#pool = pool;
  }

  /** An array of `size` bytes that nobody else writes to; there may be anything in it. */
  take(size: number): Uint8Array {
    if (size > LONGEST_PIECE) return this.#pool.take(size);
    if (this.#used + size > BLOCK_BYTES) {
      this.#block = new Uint8Array(BLOCK_BYTES);
      this.#used = 0;
    }
    const start = this.#used;
    this.#used += size;
    return this.#block.subarray(start, this.#used);
  }
}
