/** How many begin in one turn of the event loop: a few milliseconds' worth of calls. */
const PER_TURN = 8;

/**
 * Lets what comes all at once begin a few at a time, in the order in which it came: what else there is to do is done
 * between.
 */
export class Turns {
  readonly #waiting: (() => void)[] = [];
  #begun = 0;
  #isScheduled = false;

  /** Calls `begin` now, or in one of the next turns. */
  take(begin: () => void): void {
    if (this.#waiting.length > 0 || this.#begun === PER_TURN) this.#waiting.push(begin);
    else {
      this.#begun += 1;
      begin();
    }
    this.#schedule();
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      const next = this.#waiting.splice(0, PER_TURN);
      this.#begun = next.length;
      if (next.length > 0) this.#schedule();
      for (const begin of next) begin();
    });
  }
}
