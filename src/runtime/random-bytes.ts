import { randomFillSync } from 'node:crypto';

/** Random bytes that are drawn at once, in bytes: a system call costs more than the few bytes of an id. */
const BLOCK_BYTES = 4096;

/**
 * Random bytes from the system's generator, drawn in blocks. No byte is given out twice, and none is kept behind once it was
 * given out.
 */
export class RandomBytes {
  readonly #block = Buffer.alloc(BLOCK_BYTES);
  #used = BLOCK_BYTES;

  /** `count` random bytes, base64url without padding. */
  base64url(count: number): string {
    if (count > BLOCK_BYTES) return randomFillSync(Buffer.alloc(count)).toString('base64url');
    if (this.#used + count > BLOCK_BYTES) {
      randomFillSync(this.#block);
      this.#used = 0;
    }
    const start = this.#used;
    this.#used += count;
    const text = this.#block.toString('base64url', start, this.#used);
    this.#block.fill(0, start, this.#used);
    return text;
  }
}
