const NOTHING = new Uint8Array(0);
/** First allocation for a message that does not lie in one chunk: an offer with audio and video fits. */
const FIRST_CAPACITY = 8192;

/**
 * Gathers the payload of one message that spans read chunks or frames.
 *
 * Memory follows the bytes that arrived (at most twice of them above the first 8 KiB), so that neither an announced
 * length nor a trickle of single bytes costs more than was sent.
 */
export class MessageAssembly {
  #bytes: Uint8Array = NOTHING;
  #length = 0;

  /** Bytes gathered. */
  get length(): number {
    return this.#length;
  }

  /** Appends `source[start, end)`. `expected`: bytes that the frame still announces, these included. */
  append(source: Uint8Array, start: number, end: number, expected: number): void {
    const needed = this.#length + (end - start);
    if (needed > this.#bytes.length) this.#grow(needed, this.#length + expected);
    this.#bytes.set(source.subarray(start, end), this.#length);
    this.#length = needed;
  }

  /** The gathered bytes, from 0 to `length`; the assembly is empty after. */
  take(): Uint8Array {
    const bytes = this.#bytes;
    this.clear();
    return bytes;
  }

  clear(): void {
    this.#bytes = NOTHING;
    this.#length = 0;
  }

  #grow(needed: number, announced: number): void {
    const capacity = Math.max(needed, Math.min(announced, Math.max(FIRST_CAPACITY, this.#length * 2)));
    const larger = new Uint8Array(capacity);
    larger.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = larger;
  }
}
