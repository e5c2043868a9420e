import { seededRandom } from '../../../src/load/random.ts';

/** A small generator of whole numbers that repeats itself for the same seed. */
export class Random {
  readonly #random: () => number;

  constructor(seed: number) {
    this.#random = seededRandom(seed);
  }

  /** 0 ≤ result < 2^32. */
  next(): number {
    return this.#random() * 2 ** 32;
  }

  /** 0 ≤ result < limit. */
  below(limit: number): number {
    return this.next() % limit;
  }

  chance(oneIn: number): boolean {
    return this.below(oneIn) === 0;
  }

  pick<T>(items: readonly T[]): T {
    const item = items[this.below(items.length)];
    if (item === undefined) throw new Error('nothing to pick from');
    return item;
  }
}
