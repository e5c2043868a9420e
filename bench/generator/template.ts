/** Stands where the count of a message goes. */
export const COUNT_MARK = '7777777777';

const digits = COUNT_MARK.length;
const zero = 0x30;

/** An encoded message that differs from one sending to the next only by its count, ten decimal digits. */
export class Template {
  readonly bytes: Buffer;
  readonly #countAt: number;

  constructor(bytes: Uint8Array) {
    this.bytes = Buffer.from(bytes);
    this.#countAt = this.bytes.indexOf(COUNT_MARK);
    if (this.#countAt < 0) throw new Error('a template needs a place for its count');
  }

  get length(): number {
    return this.bytes.length;
  }

  /** Writes a copy with this count at `position`. */
  copyTo(out: Buffer, position: number, count: number): void {
    out.set(this.bytes, position);
    let rest = count;
    for (let at = position + this.#countAt + digits - 1; at >= position + this.#countAt; at -= 1) {
      out[at] = zero + (rest % 10);
      rest = Math.floor(rest / 10);
    }
  }

  /** The count of a copy in `bytes[start, end)`; -1 when anything but the count differs. */
  countOf(bytes: Buffer, start: number, end: number): number {
    const own = this.bytes;
    const at = this.#countAt;
    const behind = at + digits;
    if (end - start !== own.length) return -1;
    if (bytes.compare(own, 0, at, start, start + at) !== 0) return -1;
    if (bytes.compare(own, behind, own.length, start + behind, end) !== 0) return -1;
    let count = 0;
    for (let digit = start + at; digit < start + behind; digit += 1)
      count = count * 10 + bytes[digit]! - zero;
    return count;
  }
}
