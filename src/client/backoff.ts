/** First bound of the pause, doubled with each try up to the last. */
const FIRST_MS = 500;
const LAST_MS = 30_000;

/** Exponential backoff with full jitter: what keeps a thousand clients from coming back at once. */
export class Backoff {
  readonly #random: () => number;
  #tries = 0;

  constructor(random: () => number) {
    this.#random = random;
  }

  /** Pauses so far since the last reset. */
  get tries(): number {
    return this.#tries;
  }

  /**
   * How long to wait now, in milliseconds; at least `atLeastMs`, where the gateway asked for it: all that it asked for the
   * same come back over half as long again. `lastMs`: the last bound.
   */
  next(atLeastMs = 0, lastMs = LAST_MS): number {
    const bound = Math.min(lastMs, FIRST_MS * 2 ** this.#tries);
    this.#tries += 1;
    return atLeastMs + this.#random() * Math.max(bound, atLeastMs / 2);
  }

  reset(): void {
    this.#tries = 0;
  }
}
