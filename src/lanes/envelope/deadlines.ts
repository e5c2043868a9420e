/**
 * Calls each of which is due after the same time, with one timer for them all: a timer of its own for each of ten thousand calls a
 * second costs more than the rest of what is kept of them.
 */
export class Deadlines<Call> {
  readonly #delayMs: number;
  readonly #late: (call: Call) => void;
  /** When they are due, in the order in which they are. */
  readonly #dueAt = new Map<Call, number>();
  #timer: NodeJS.Timeout | undefined;

  /** @param late called with each that was not taken out in time */
  constructor(delayMs: number, late: (call: Call) => void) {
    this.#delayMs = delayMs;
    this.#late = late;
  }

  add(call: Call): void {
    this.#dueAt.set(call, performance.now() + this.#delayMs);
    if (this.#timer === undefined) this.#wait(this.#delayMs);
  }

  delete(call: Call): void {
    this.#dueAt.delete(call);
  }

  #wait(ms: number): void {
    this.#timer = setTimeout(() => this.#look(), ms);
    this.#timer.unref();
  }

  #look(): void {
    this.#timer = undefined;
    for (const [call, dueAt] of this.#dueAt) {
      const leftMs = dueAt - performance.now();
      if (leftMs > 0) {
        this.#wait(Math.ceil(leftMs));
        return;
      }
      this.#dueAt.delete(call);
      this.#late(call);
    }
  }
}
