/** Buckets for each doubling: a value is told within 1/128 of itself. */
const PER_DOUBLING = 128;
const PER_DOUBLING_BITS = 7;
const MOST_MICROSECONDS = 2 ** 32 - 1;
const BUCKETS = PER_DOUBLING * (32 - PER_DOUBLING_BITS + 1);

/**
 * Counts times in buckets that grow with the time (log-linear, as HdrHistogram has them): 26 KB, whatever is counted, for
 * times from 1 µs to 71 minutes, each within 0.8 %. Longer ones count as the longest.
 */
export class Histogram {
  readonly #buckets = new Float64Array(BUCKETS);
  #count = 0;
  #max = 0;

  get count(): number {
    return this.#count;
  }

  /** The longest, in milliseconds, as it was; 0: there was none. */
  get max(): number {
    return this.#max;
  }

  /** Milliseconds; what is below 0 counts as 0. */
  record(ms: number): void {
    const index = indexOf(Math.min(MOST_MICROSECONDS, Math.max(0, Math.round(ms * 1000))));
    this.#buckets[index] = (this.#buckets[index] ?? 0) + 1;
    this.#count += 1;
    this.#max = Math.max(this.#max, ms);
  }

  /** The time that this share (0 to 1) of all did not exceed, in milliseconds: never less than it was; 0: there was none. */
  quantile(share: number): number {
    const rank = Math.max(1, Math.ceil(this.#count * share));
    let seen = 0;
    for (const [index, count] of this.#buckets.entries()) {
      seen += count;
      if (seen >= rank) return Math.min(this.#max, longestOf(index) / 1000);
    }
    return this.#max;
  }
}

function indexOf(microseconds: number): number {
  if (microseconds < PER_DOUBLING) return microseconds;
  const shift = 31 - Math.clz32(microseconds) - PER_DOUBLING_BITS;
  return PER_DOUBLING * (shift + 1) + (microseconds >>> shift) - PER_DOUBLING;
}

/** The longest time in a bucket, in microseconds. */
function longestOf(index: number): number {
  if (index < PER_DOUBLING) return index;
  const shift = Math.floor(index / PER_DOUBLING) - 1;
  return ((index % PER_DOUBLING) + PER_DOUBLING + 1) * 2 ** shift - 1;
}
