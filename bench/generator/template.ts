/** Stands where the count of a message goes. */
export const COUNT_MARK = '7777777777';

const digits = COUNT_MARK.length;
const zero = 0x30;

/**
 * An encoded message that differs from one sending to the next only by its counts, ten decimal digits each: one, or so many
 * in a row, each one higher than the one before; or none, then it cannot be told from others when it arrives.
 */
export class Template {
  readonly bytes: Buffer;
  readonly #countsAt: readonly number[];

  constructor(bytes: Uint8Array) {
    this.bytes = Buffer.from(bytes);
    const places: number[] = [];
    for (let at = this.bytes.indexOf(COUNT_MARK); at >= 0; at = this.bytes.indexOf(COUNT_MARK, at + digits)) {
      places.push(at);
    }
    this.#countsAt = places;
  }

  get length(): number {
    return this.bytes.length;
  }

  get counts(): number {
    return this.#countsAt.length;
  }

  /** Writes a copy with counts from `first` on at `position`. */
  copyTo(out: Buffer, position: number, first: number): void {
    out.set(this.bytes, position);
    let count = first;
    for (const countAt of this.#countsAt) {
      let rest = count;
      for (let at = position + countAt + digits - 1; at >= position + countAt; at -= 1) {
        out[at] = zero + (rest % 10);
        rest = Math.floor(rest / 10);
      }
      count += 1;
    }
  }

  /** The first count of a copy in `bytes[start, end)`; -1 when anything but the counts differs. */
  firstOf(bytes: Buffer, start: number, end: number): number {
    if (end - start !== this.bytes.length) return -1;
    let first = -1;
    let checked = 0;
    for (const [index, at] of this.#countsAt.entries()) {
      if (!this.#isEqual(bytes, start, checked, at)) return -1;
      checked = at + digits;
      let count = 0;
      for (let digit = start + at; digit < start + checked; digit += 1) {
        count = count * 10 + (bytes[digit] ?? 0) - zero;
      }
      if (index === 0) first = count;
      else if (count !== first + index) return -1;
    }
    return this.#isEqual(bytes, start, checked, this.bytes.length) ? first : -1;
  }

  #isEqual(bytes: Buffer, start: number, from: number, to: number): boolean {
    return bytes.compare(this.bytes, from, to, start + from, start + to) === 0;
  }
}
