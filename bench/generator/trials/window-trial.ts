import { setTimeout as delay } from 'node:timers/promises';
import type { Measurement } from '../../metrics.ts';
import type { Crew } from '../crew.ts';
import type { Target } from '../job.ts';
import type { Load } from '../loads/load.ts';
import { Meter } from '../meter.ts';
import { measurementOf, type Round, type Trial } from './trial.ts';

/** Load that goes on, measured through a window: run up, measure for a while, let everything arrive. */
export class WindowTrial implements Trial {
  readonly #target: Target;
  readonly #crew: Crew;
  readonly #load: Load;

  constructor(target: Target, crew: Crew, load: Load) {
    this.#target = target;
    this.#crew = crew;
    this.#load = load;
  }

  async prepare(): Promise<void> {
    await this.#crew.guard(this.#load.prepare());
  }

  async measure(round: Round): Promise<Measurement> {
    return this.#crew.guard(this.#measure(round));
  }

  async close(): Promise<void> {
    this.#load.stop();
    await this.#crew.close();
  }

  async #measure({ seed, rampMs, windowMs, patienceMs }: Round): Promise<Measurement> {
    const meter = new Meter();
    this.#load.start({ meter, seed });
    await delay(rampMs);
    const before = this.#crew.read();
    meter.turnOn();
    await delay(windowMs);
    const after = this.#crew.read();
    meter.turnOff();
    this.#load.stop();
    await this.#crew.settle(
      () => this.#load.isDone,
      patienceMs,
      () => this.#load.missing,
    );
    if (meter.units === 0) throw new Error(`nothing arrived within ${windowMs} ms`);
    return measurementOf(this.#target, before, after, meter);
  }
}
