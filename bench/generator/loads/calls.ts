import type { Client } from '../client.ts';
import { Meter } from '../meter.ts';
import { type Load, type LoadRound, missingOf, type OpenPairs, peerOf } from './load.ts';

/** Chromium finds its UDP candidates at once, the two of TCP so much later (`fixtures/calls.json`). */
const lateCandidates = 2;
const lateMs = 115;

/** Whole calls, one after the other on each pair. The one that joins later offers, as the negotiation rules have it. */
export class Calls implements Load {
  readonly #openPairs: OpenPairs;
  readonly #candidates: number;
  #clients: readonly Client[] = [];
  #meter = new Meter();
  #running = false;
  #open = 0;

  constructor(openPairs: OpenPairs, candidates: number) {
    this.#openPairs = openPairs;
    this.#candidates = candidates;
  }

  async prepare(): Promise<void> {
    this.#clients = await this.#openPairs();
  }

  start({ meter, seed }: LoadRound): void {
    this.#meter = meter;
    this.#running = true;
    for (let index = 0; index < this.#clients.length; index += 2) {
      this.#open += 1;
      this.#calls(index, seed).catch((error) => this.#clients[index]?.onFault(error));
    }
  }

  stop(): void {
    this.#running = false;
  }

  get isDone(): boolean {
    return this.#open === 0;
  }

  get missing(): string {
    return `${this.#open} calls are not over: ${missingOf(this.#clients)}`;
  }

  async #calls(index: number, seed: number): Promise<void> {
    const callee = this.#clients[index]!;
    const caller = peerOf(this.#clients, index);
    for (let call = 0; this.#running; call += 1) {
      await this.#call(caller, callee, `call-${seed}-${index}-${call}`);
    }
    this.#open -= 1;
  }

  async #call(caller: Client, callee: Client, room: string): Promise<void> {
    const meter = this.#meter;
    const begun = performance.now();
    await callee.enter(room);
    await caller.enter(room);
    caller.pair(callee);
    callee.pair(caller);
    const connected = Promise.all([this.#receive(caller), this.#receive(callee)]);
    caller.describe('offer');
    this.#gather(caller);
    await connected;
    meter.timedUnit(performance.now() - begun);
    await Promise.all([caller.leave(), callee.leave()]);
  }

  /** Done when the description and all candidates of the peer are here. */
  #receive(client: Client): Promise<void> {
    const meter = this.#meter;
    return new Promise((resolve) => {
      client.onRelayed = (kind) => {
        meter.message();
        if (kind === 'offer') {
          client.describe('answer');
          this.#gather(client);
        }
        if (client.received === 1 + this.#candidates) resolve();
      };
    });
  }

  /** Each candidate is an event of its own. */
  #gather(client: Client): void {
    const found = () => client.found();
    for (let sent = lateCandidates; sent < this.#candidates; sent += 1) setImmediate(found);
    setTimeout(() => {
      for (let sent = 0; sent < lateCandidates; sent += 1) setImmediate(found);
    }, lateMs);
  }
}
