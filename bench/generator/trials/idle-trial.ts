import { setTimeout as delay } from 'node:timers/promises';
import { residentKib } from '../../harness/accounting.ts';
import type { Measurement } from '../../metrics.ts';
import { type Crew, until } from '../crew.ts';
import type { Target } from '../job.ts';
import { allArrived, enterPairs, missingOf } from '../loads/load.ts';
import { Meter } from '../meter.ts';
import { openClient, openMany } from '../open-clients.ts';
import { measurementOf, type Round, type Trial } from './trial.ts';

const kilobytesPerKib = 1.024;
/** Sessions that open and exchange offers at the same time; an even number. */
const together = 50;

/** What a session costs that does nothing: each has joined a room, sent an offer and got one. */
export class IdleTrial implements Trial {
  readonly #target: Target;
  readonly #crew: Crew;
  readonly #connections: number;

  constructor(target: Target, crew: Crew, connections: number) {
    this.#target = target;
    this.#crew = crew;
    this.#connections = connections;
  }

  async prepare(): Promise<void> {}

  measure(round: Round): Promise<Measurement> {
    return this.#crew.guard(this.#measure(round));
  }

  close(): Promise<void> {
    return this.#crew.close();
  }

  /** Pairs are whole in each half. */
  async #measure(round: Round): Promise<Measurement> {
    const { pid } = this.#target;
    const empty = residentKib(pid);
    const before = this.#crew.read();
    const half = 2 * Math.ceil(this.#connections / 4);
    const rest = this.#connections - half;
    const atHalf = await this.#open(0, half, round);
    const atEnd = await this.#open(half, rest, round);
    const after = this.#crew.read();
    return {
      ...measurementOf(this.#target, before, after, Meter.counted(this.#connections)),
      memory: ((atEnd - empty) * kilobytesPerKib) / this.#connections,
      memory_more: ((atEnd - atHalf) * kilobytesPerKib) / rest,
    };
  }

  /** Opens so many more, and returns the resident memory of the server then, in KiB. */
  async #open(from: number, count: number, { settleMs, patienceMs }: Round): Promise<number> {
    for (let at = 0; at < count; at += together) {
      const clients = await openMany(Math.min(together, count - at), (index) =>
        openClient(this.#target, from + at + index),
      );
      this.#crew.add(clients);
      await enterPairs(clients, from + at);
      for (const client of clients) client.describe('offer');
      await until(
        () => allArrived(clients),
        patienceMs,
        () => missingOf(clients),
      );
      for (const client of clients) client.acknowledge();
    }
    await this.#crew.settle(
      () => true,
      patienceMs,
      () => 'all offers arrived',
    );
    await delay(settleMs);
    return residentKib(this.#target.pid);
  }
}
