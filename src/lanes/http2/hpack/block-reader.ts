import { HpackError } from './hpack-error.ts';
import { decodeHuffman, mostDecoded } from './huffman.ts';

/** Indices, sizes and lengths are below 2^31, said in five more octets at the most. */
const LARGEST = 0x7fffffff;
const LAST_SHIFT = 28;

/** Where texts are decompressed. One for all: nothing is left in it between two of them. */
const workspace = Buffer.allocUnsafeSlow(8_192);

/** Reads the primitives of one header block (RFC 7541, section 5). Throws HpackError where it is cut off or malformed. */
export class BlockReader {
  readonly #block: Buffer;
  readonly #end: number;
  #at = 0;
  /** Octets of the text that was read last, whether it was built or not. */
  textLength = 0;

  constructor(block: Uint8Array) {
    this.#block = Buffer.isBuffer(block)
      ? block
      : Buffer.from(block.buffer, block.byteOffset, block.byteLength);
    this.#end = block.length;
  }

  get atEnd(): boolean {
    return this.#at >= this.#end;
  }

  /** The next octet, which stays; -1 at the end. */
  peek(): number {
    return this.#at < this.#end ? (this.#block[this.#at] ?? -1) : -1;
  }

  /** An integer that begins in the low bits of the next octet; `most` has these bits set. */
  integer(most: number): number {
    const value = this.#next() & most;
    return value < most ? value : this.#longInteger(value);
  }

  /** A text of `most` octets or fewer; undefined: it has more, and was checked and left out. */
  text(most: number): string | undefined {
    const isCompressed = this.peek() >= 0x80;
    const length = this.integer(0x7f);
    const start = this.#at;
    const end = start + length;
    if (end > this.#end) throw new HpackError('a text is cut off');
    this.#at = end;
    if (isCompressed) return this.#decompressed(start, end, most);
    this.textLength = length;
    return length <= most ? this.#block.toString('latin1', start, end) : undefined;
  }

  #decompressed(start: number, end: number, most: number): string | undefined {
    const room = Math.min(mostDecoded(end - start), most);
    const target = room <= workspace.length ? workspace : Buffer.allocUnsafe(room);
    this.textLength = decodeHuffman(this.#block, start, end, target);
    return this.textLength <= most ? target.toString('latin1', 0, this.textLength) : undefined;
  }

  #longInteger(start: number): number {
    let value = start;
    for (let shift = 0; shift <= LAST_SHIFT; shift += 7) {
      const octet = this.#next();
      value += (octet & 0x7f) * 2 ** shift;
      if (value > LARGEST) break;
      if (octet < 0x80) return value;
    }
    throw new HpackError('an integer is too large');
  }

  #next(): number {
    if (this.#at >= this.#end) throw new HpackError('an integer is cut off');
    return this.#block[this.#at++] ?? 0;
  }
}
