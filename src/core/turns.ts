/** Multiples of the golden ratio, modulo 1, are as even as can be however many are taken. */
const goldenRatio = (Math.sqrt(5) - 1) / 2;

/**
 * Shares of a span of time, from 0 to 1, a different one for each who is to come back: evener than chance would have it,
 * and without knowing how many there will be.
 */
export class Turns {
  #next = 0;

  next(): number {
    this.#next = (this.#next + goldenRatio) % 1;
    return this.#next;
  }
}
