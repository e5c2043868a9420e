import { setTimeout as delay } from 'node:timers/promises';
import type { Measurement } from '../../metrics.ts';
import type { Work } from '../../scenarios/scenario.ts';
import type { Client } from '../client.ts';
import type { Crew } from '../crew.ts';
import type { Target } from '../job.ts';
import { Departures } from '../loads/load.ts';
import { Meter } from '../meter.ts';
import { measurementOf, type Round, type Trial } from './trial.ts';

type FanOut = Extract<Work, { kind: 'fan-out' }>;

/** One says something to all the others. Measured from the first message until all have arrived everywhere. */
export class FanOutTrial implements Trial {
  readonly #target: Target;
  readonly #crew: Crew;
  readonly #load: FanOut;
  readonly #open: () => Promise<readonly Client[]>;
  #clients: readonly Client[] = [];
  #meter = new Meter();
  readonly #departures = new Departures();

  constructor(target: Target, crew: Crew, load: FanOut, open: () => Promise<readonly Client[]>) {
    this.#target = target;
    this.#crew = crew;
    this.#load = load;
    this.#open = open;
  }

  async prepare(): Promise<void> {
    await this.#crew.guard(this.#prepare());
  }

  measure(round: Round): Promise<Measurement> {
    return this.#crew.guard(this.#measure(round));
  }

  close(): Promise<void> {
    return this.#crew.close();
  }

  async #prepare(): Promise<void> {
    this.#clients = await this.#open();
    await Promise.all(this.#clients.map((client) => client.enter('crowd', 'count')));
    const [speaker, ...listeners] = this.#clients;
    // Where the server sends a message to its sender too, it is checked as well.
    for (const client of this.#clients) client.pair(speaker!);
    for (const listener of listeners) {
      listener.onRelayed = () => {
        this.#meter.message();
        this.#meter.timedUnit(performance.now() - this.#departures.of(listener.received));
      };
    }
  }

  async #measure({ windowMs, patienceMs }: Round): Promise<Measurement> {
    const { perTick, tickMs } = this.#load;
    const [speaker, ...listeners] = this.#clients;
    this.#meter = new Meter();
    this.#meter.turnOn();
    const before = this.#crew.read();
    const ticks = Math.max(1, Math.round(windowMs / tickMs));
    for (let tick = 0; tick < ticks; tick += 1) {
      await delay(Math.max(0, before.at + tick * tickMs - performance.now()));
      const now = performance.now();
      for (let message = 0; message < perTick; message += 1) {
        this.#departures.note(speaker!.sent + 1, now);
        speaker!.broadcast();
      }
    }
    await this.#crew.settle(
      () => listeners.every((listener) => listener.received === speaker!.sent),
      patienceMs,
      () => `${speaker!.sent} messages were sent, not all listeners have them`,
    );
    const measurement = measurementOf(this.#target, before, this.#crew.read(), this.#meter);
    // The pace holds from one round to the next: a room has a rate that its speakers must keep to.
    await delay(Math.max(0, before.at + ticks * tickMs - performance.now()));
    return measurement;
  }
}
