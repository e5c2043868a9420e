const noBytes = new Uint8Array(0);

/** Gathers a request body of limited length. A body that comes in one chunk is handed out without a copy. */
export class BodyReader {
  readonly #maxBytes: number;
  #bytes: Uint8Array = noBytes;
  #length = 0;
  /** The buffer is ours and may be written into; a received chunk is not. */
  #owned = false;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** What has been gathered. */
  get bytes(): Uint8Array {
    return this.#owned ? this.#bytes.subarray(0, this.#length) : this.#bytes;
  }

  /** Returns false when the body is longer than the limit: nothing is kept then. */
  push(chunk: Uint8Array): boolean {
    const length = this.#length + chunk.byteLength;
    if (length > this.#maxBytes) {
      this.clear();
      return false;
    }
    if (this.#length === 0) {
      this.#bytes = chunk;
    } else {
      if (!this.#owned || this.#bytes.byteLength < length) this.#grow(length);
      this.#bytes.set(chunk, this.#length);
    }
    this.#length = length;
    return true;
  }

  /** Lets go of everything. */
  clear(): void {
    this.#bytes = noBytes;
    this.#length = 0;
    this.#owned = false;
  }

  #grow(needed: number): void {
    const grown = new Uint8Array(Math.min(this.#maxBytes, Math.max(needed, this.#length * 2)));
    grown.set(this.bytes);
    this.#bytes = grown;
    this.#owned = true;
  }
}
