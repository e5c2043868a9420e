import type { Client } from './client.ts';
import { type Load, type LoadParts, peerOf } from './load.ts';

/** Chromium finds its UDP candidates at once, the two of TCP so much later (`fixtures/calls.json`). */
const lateCandidates = 2;
const lateMs = 115;

/** Whole calls, one after the other on each pair. The one that joins later offers, as the negotiation rules have it. */
export class Calls implements Load {
  readonly #parts: LoadParts;
  readonly #candidates: number;
  #running = false;
  #open = 0;

  constructor(parts: LoadParts, candidates: number) {
    this.#parts = parts;
    this.#candidates = candidates;
  }

  async start(): Promise<void> {
    const { clients } = this.#parts;
    this.#running = true;
    for (let index = 0; index < clients.length; index += 2) {
      this.#open += 1;
      this.#calls(index).catch((error) => clients[index]?.onFault(error));
    }
  }

  stop(): void {
    this.#running = false;
  }

  get isDone(): boolean {
    return this.#open === 0;
  }

  async #calls(index: number): Promise<void> {
    const { clients, seed } = this.#parts;
    const callee = clients[index]!;
    const caller = peerOf(clients, index);
    for (let call = 0; this.#running; call += 1) {
      await this.#call(caller, callee, `call-${seed}-${index}-${call}`);
    }
    this.#open -= 1;
  }

  async #call(caller: Client, callee: Client, room: string): Promise<void> {
    const { meter } = this.#parts;
    const begun = performance.now();
    await callee.enter(room);
    await caller.enter(room);
    caller.pair(callee);
    callee.pair(caller);
    const connected = Promise.all([this.#receive(caller), this.#receive(callee)]);
    caller.describe('offer');
    this.#gather(caller);
    await connected;
    meter.unit(performance.now() - begun);
    await Promise.all([caller.leave(), callee.leave()]);
  }

  /** Done when the description and all candidates of the peer are here. */
  #receive(client: Client): Promise<void> {
    const { meter } = this.#parts;
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
