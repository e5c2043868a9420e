import { setTimeout as delay } from 'node:timers/promises';
import { residentKib } from '../../harness/accounting.ts';
import type { Measurement } from '../../metrics.ts';
import type { Client } from '../client.ts';
import type { Crew } from '../crew.ts';
import type { Target } from '../job.ts';
import { allArrived, enterPairs, missingOf, type OpenPairs } from '../loads/load.ts';
import { Meter } from '../meter.ts';
import { measurementOf, type Round, type Trial } from './trial.ts';

const kilobytesPerKib = 1.024;

/** What a session costs that does nothing: each has joined a room, sent an offer and got one. */
export class IdleTrial implements Trial {
  readonly #target: Target;
  readonly #crew: Crew;
  readonly #open: OpenPairs;

  constructor(target: Target, crew: Crew, open: OpenPairs) {
    this.#target = target;
    this.#crew = crew;
    this.#open = open;
  }

  async prepare(): Promise<void> {}

  measure(round: Round): Promise<Measurement> {
    return this.#crew.guard(this.#measure(round));
  }

  close(): Promise<void> {
    return this.#crew.close();
  }

  async #measure({ settleMs, patienceMs }: Round): Promise<Measurement> {
    const { pid } = this.#target;
    const emptyKib = residentKib(pid);
    const before = this.#crew.read();
    const clients = await this.#open();
    await this.#exchange(clients, patienceMs);
    const measurement = measurementOf(this.#target, before, this.#crew.read(), Meter.counted(clients.length));
    await delay(settleMs);
    const kib = residentKib(pid);
    return {
      ...measurement,
      resident: kib / 1024,
      memory: ((kib - emptyKib) * kilobytesPerKib) / clients.length,
    };
  }

  /** An offer each way, and the acknowledgement of it. */
  async #exchange(clients: readonly Client[], patienceMs: number): Promise<void> {
    await enterPairs(clients);
    for (const client of clients) client.describe('offer');
    const missing = () => missingOf(clients);
    await this.#crew.settle(() => allArrived(clients), patienceMs, missing);
    for (const client of clients) client.acknowledge();
  }
}
