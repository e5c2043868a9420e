import type { Client } from './client.ts';
import { type Load, type LoadParts, peerOf } from './load.ts';

/** Host, reflexive and relayed candidates are found one group after the other. */
const burst = 4;
const burstGapMs = 10;

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
    caller.send('offer');
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
          client.send('answer');
          this.#gather(client);
        }
        if (client.received === 1 + this.#candidates) resolve();
      };
    });
  }

  #gather(client: Client): void {
    let left = this.#candidates;
    const next = (): void => {
      for (let sent = 0; sent < burst && left > 0; sent += 1, left -= 1) client.send('candidate');
      if (left > 0) setTimeout(next, burstGapMs);
    };
    next();
  }
}
