const noBytes = new Uint8Array(0);

/** Gathers a request body of limited length. Chunks are lent: they are copied. */
export class BodyReader {
  readonly #maxBytes: number;
  #bytes: Uint8Array = noBytes;
  #length = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** What has been gathered. */
  get bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  /** Returns false when the body is longer than the limit: nothing is kept then. */
  push(chunk: Uint8Array): boolean {
    const length = this.#length + chunk.byteLength;
    if (length > this.#maxBytes) {
      this.clear();
      return false;
    }
    if (this.#length === 0) {
      this.#bytes = Buffer.from(chunk);
    } else {
      if (this.#bytes.byteLength < length) this.#grow(length);
      this.#bytes.set(chunk, this.#length);
    }
    this.#length = length;
    return true;
  }

  /** Lets go of everything. */
  clear(): void {
    this.#bytes = noBytes;
    this.#length = 0;
  }

  #grow(needed: number): void {
    const grown = new Uint8Array(Math.min(this.#maxBytes, Math.max(needed, this.#length * 2)));
    grown.set(this.bytes);
    this.#bytes = grown;
  }
}
