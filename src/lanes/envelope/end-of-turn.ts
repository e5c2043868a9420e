/** Puts things off to the end of this turn of the event loop, in their order. */
export class EndOfTurn {
  #waiting: (() => void)[] = [];

  put(run: () => void): void {
    if (this.#waiting.length === 0) setImmediate(this.#runAll);
    this.#waiting.push(run);
  }

  readonly #runAll = (): void => {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const run of waiting) run();
  };
}
