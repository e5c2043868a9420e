import type { Clock } from '../clock.ts';

/** Longest slice, in milliseconds: a signal of others waits so long behind it. */
const sliceMs = 2;

/**
 * Work that thousands may ask for at once, as when a network is cut or comes back: it is done in slices, one a tick, so that
 * those who were not cut are served between them. In the order of asking; what waits already is not queued twice.
 */
export class Slices<Item> {
  readonly #clock: Clock;
  readonly #work: (item: Item) => void;
  readonly #waiting = new Set<Item>();
  #scheduled = false;

  /** `work` must not throw. */
  constructor(clock: Clock, work: (item: Item) => void) {
    this.#clock = clock;
    this.#work = work;
  }

  add(item: Item): void {
    this.#waiting.add(item);
    this.#schedule();
  }

  delete(item: Item): void {
    this.#waiting.delete(item);
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#clock.soon(() => this.#run());
  }

  #run(): void {
    this.#scheduled = false;
    const end = this.#clock.now() + sliceMs;
    for (const item of [...this.#waiting]) {
      // Work done for one may have taken another out.
      if (this.#waiting.delete(item)) this.#work(item);
      if (this.#clock.now() >= end) break;
    }
    if (this.#waiting.size > 0) this.#schedule();
  }
}
