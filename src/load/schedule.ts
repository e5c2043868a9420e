import type { Random } from './random.ts';

export interface SchedulePlan {
  /** Events a second, on average. */
  readonly rate: number;
  readonly random: Random;
  /** When it begins and ends, in milliseconds of one clock. */
  readonly from: number;
  readonly until: number;
}

/**
 * When signals are due: at random moments (Poisson), as they come from many independent clients. It never waits for an
 * answer: a gateway that is slow does not slow down what is asked of it, and its slowness shows in full.
 */
export class Schedule {
  readonly #plan: SchedulePlan;
  #due: number;

  constructor(plan: SchedulePlan) {
    this.#plan = plan;
    this.#due = plan.from + this.#gap();
  }

  /** When the next one is due; undefined: there is no further one. */
  get due(): number | undefined {
    return this.#due < this.#plan.until ? this.#due : undefined;
  }

  /** The next one is done. */
  advance(): void {
    this.#due += this.#gap();
  }

  #gap(): number {
    return (-Math.log(1 - this.#plan.random()) * 1000) / this.#plan.rate;
  }
}
