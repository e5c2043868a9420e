/** Bytes of flags and length before each message (gRPC over HTTP/2, "Length-Prefixed-Message"). */
export const prefixBytes = 5;

/** First allocation for a message that arrives in pieces; it doubles, so a declared length alone costs nothing. */
const firstAllocation = 4096;

const emptyBytes = new Uint8Array(0);

/**
 * Splits a byte stream into envelopes.
 *
 * A chunk is lent until `keep`. A message that lies in one is handed out as a view of it. One that arrives in pieces is gathered in a
 * buffer that grows with what was received, never with what the prefix promises.
 */
export class EnvelopeReader {
  readonly #maxBytes: number;
  /** The bytes of a prefix that came in pieces. */
  #prefix: Uint8Array | undefined;
  #prefixFill = 0;
  #length = 0;
  #gathered: Uint8Array | undefined;
  #gatheredFill = 0;
  #chunk: Uint8Array | undefined;
  #position = 0;
  #later: Uint8Array[] = [];
  #lent: Uint8Array | undefined;

  /** Flags of the envelope that `next` found. */
  flags = 0;
  /** Message of the envelope that `next` found: possibly a view of a read buffer. */
  message: Uint8Array = emptyBytes;

  /** @param maxBytes longest message that is accepted, as it is on the wire */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** True when the stream may end here: no envelope has been begun. */
  get clean(): boolean {
    return this.#prefixFill === 0 && this.#chunk === undefined;
  }

  /** The length that the prefix of a too long message declares. */
  get declaredLength(): number {
    return this.#length;
  }

  /** Takes a chunk. It is held until `next` has been through it, or until `keep`. */
  push(chunk: Uint8Array): void {
    if (chunk.byteLength === 0) return;
    if (this.#chunk === undefined) {
      this.#chunk = chunk;
      this.#position = 0;
    } else {
      this.#later.push(chunk);
    }
    this.#lent = chunk;
  }

  /** Copies what `next` has not been through of the last chunk, whose owner wants it back. */
  keep(): void {
    const lent = this.#lent;
    this.#lent = undefined;
    if (lent === undefined) return;
    if (this.#chunk === lent) {
      this.#chunk = new Uint8Array(lent.subarray(this.#position));
      this.#position = 0;
    } else if (this.#later.length > 0) {
      this.#later[this.#later.length - 1] = new Uint8Array(lent);
    }
  }

  /** Finds the next whole envelope. `too-large` is final: the stream cannot be read further. */
  next(): 'message' | 'incomplete' | 'too-large' {
    for (;;) {
      if (this.#prefixFill === prefixBytes && this.#length > this.#maxBytes) return 'too-large';
      const chunk = this.#chunk;
      if (chunk === undefined) return 'incomplete';
      if (this.#prefixFill < prefixBytes) this.#readPrefix(chunk);
      else if (this.#readBody(chunk)) return 'message';
    }
  }

  /** Lets go of everything that was held. */
  clear(): void {
    this.#chunk = undefined;
    this.#later = [];
    this.#gathered = undefined;
  }

  #readPrefix(chunk: Uint8Array): void {
    if (this.#prefixFill === 0 && chunk.byteLength - this.#position > prefixBytes) {
      this.#prefixFill = prefixBytes;
      this.#takePrefix(chunk, this.#position);
      this.#position += prefixBytes;
      return;
    }
    this.#prefix ??= new Uint8Array(prefixBytes);
    while (this.#prefixFill < prefixBytes && this.#position < chunk.byteLength) {
      this.#prefix[this.#prefixFill++] = chunk[this.#position++] ?? 0;
    }
    if (this.#prefixFill === prefixBytes) {
      this.#takePrefix(this.#prefix, 0);
      // An empty message may end with the chunk: its body is still to be read, of this chunk.
      if (this.#length === 0) return;
    }
    if (this.#position === chunk.byteLength) this.#advance();
  }

  #takePrefix(bytes: Uint8Array, at: number): void {
    this.flags = bytes[at] ?? 0;
    this.#length =
      (bytes[at + 1] ?? 0) * 0x1000000 +
      (((bytes[at + 2] ?? 0) << 16) | ((bytes[at + 3] ?? 0) << 8) | (bytes[at + 4] ?? 0));
  }

  /** Returns true when the message is whole. */
  #readBody(chunk: Uint8Array): boolean {
    const missing = this.#length - this.#gatheredFill;
    const available = chunk.byteLength - this.#position;
    if (this.#gathered === undefined && available >= missing) {
      this.message = chunk.subarray(this.#position, this.#position + missing);
      this.#position += missing;
      this.#finish(chunk);
      return true;
    }
    const taken = Math.min(missing, available);
    const gathered = this.#room(this.#gatheredFill + taken);
    gathered.set(chunk.subarray(this.#position, this.#position + taken), this.#gatheredFill);
    this.#gatheredFill += taken;
    this.#position += taken;
    if (taken < missing) {
      this.#advance();
      return false;
    }
    this.message = gathered.subarray(0, this.#length);
    this.#finish(chunk);
    return true;
  }

  #room(needed: number): Uint8Array {
    const current = this.#gathered;
    if (current !== undefined && current.byteLength >= needed) return current;
    const doubled = Math.max(firstAllocation, needed, (current?.byteLength ?? 0) * 2);
    const grown = new Uint8Array(Math.min(this.#length, doubled));
    if (current !== undefined) grown.set(current.subarray(0, this.#gatheredFill));
    this.#gathered = grown;
    return grown;
  }

  #finish(chunk: Uint8Array): void {
    this.#prefixFill = 0;
    this.#gathered = undefined;
    this.#gatheredFill = 0;
    if (this.#position === chunk.byteLength) this.#advance();
  }

  #advance(): void {
    this.#chunk = this.#later.shift();
    this.#position = 0;
  }
}
