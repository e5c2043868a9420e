import type { Clock } from '../clock.ts';

/** How many begin in one tick: some two milliseconds' worth of openings. */
const perTick = 16;

/** Lets so many begin in a tick, and the others in the next ones, in the order in which they asked. */
export class Pace {
  readonly #clock: Clock;
  readonly #waiting: (() => void)[] = [];
  #begun = 0;
  #scheduled = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Undefined: begin now. */
  take(): Promise<void> | undefined {
    this.#schedule();
    if (this.#begun < perTick && this.#waiting.length === 0) {
      this.#begun += 1;
      return undefined;
    }
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#clock.soon(() => {
      this.#scheduled = false;
      const next = this.#waiting.splice(0, perTick);
      this.#begun = next.length;
      if (next.length > 0) this.#schedule();
      for (const begin of next) begin();
    });
  }
}
