/**
 * One turn of the event loop, as far as it reads what has arrived: everything was there at its beginning, and what is read
 * last has waited for this process all the while.
 */
export class Turn {
  #began: number | undefined;

  /** How long this turn has been reading at `now`, in milliseconds. */
  waited(now: number): number {
    if (this.#began === undefined) {
      this.#began = now;
      setImmediate(() => {
        this.#began = undefined;
      });
    }
    return now - this.#began;
  }
}
