import { ErrorCode, Flag, Http2Fault } from './protocol.ts';

/** A block that is this long is cut, whatever is in it: 64 KiB are four times what its fields may have. */
const MOST_BLOCK_BYTES = 65_536;
/** An honest peer needs three for the largest block. */
const MOST_CONTINUATIONS = 8;

/** A header block of several frames, as far as it came (RFC 9113, section 4.3). */
export class HeaderBlock {
  readonly stream: number;
  /** Of its HEADERS frame. */
  readonly flags: number;
  /** Copies: what they were read with is larger. */
  readonly #parts: Uint8Array[];
  #bytes: number;

  constructor(stream: number, flags: number, first: Uint8Array) {
    this.stream = stream;
    this.flags = flags;
    this.#parts = [new Uint8Array(first)];
    this.#bytes = first.length;
  }

  /**
   * Takes the next CONTINUATION. Returns the block where it is whole.
   * @throws Http2Fault the peer sends without an end (CVE-2024-27316)
   */
  add(flags: number, part: Uint8Array): Uint8Array | undefined {
    this.#bytes += part.length;
    if (this.#bytes > MOST_BLOCK_BYTES || this.#parts.length > MOST_CONTINUATIONS) {
      throw new Http2Fault(ErrorCode.ENHANCE_YOUR_CALM, 'a header block without an end');
    }
    this.#parts.push(new Uint8Array(part));
    return (flags & Flag.END_HEADERS) !== 0 ? Buffer.concat(this.#parts, this.#bytes) : undefined;
  }
}
