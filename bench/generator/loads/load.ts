import type { Client } from './client.ts';
import type { Meter } from './meter.ts';

/** Makes traffic between pairs of clients: 0 and 1, 2 and 3, … */
export interface Load {
  /** Brings the pairs together and begins. */
  start(): Promise<void>;
  /** Begins nothing new. */
  stop(): void;
  /** Everything that was begun is done, every message has arrived. */
  readonly isDone: boolean;
}

export interface LoadParts {
  readonly clients: readonly Client[];
  readonly meter: Meter;
  /** For names of rooms that no other round uses. */
  readonly seed: number;
}

/** The other one of the pair. */
export function peerOf(clients: readonly Client[], index: number): Client {
  const peer = clients[index ^ 1];
  if (peer === undefined) throw new Error('clients come in pairs');
  return peer;
}

/** Both enter the room of each pair and may send. */
export async function enterPairs({ clients, seed }: LoadParts): Promise<void> {
  await Promise.all(clients.map((client, index) => client.enter(`room-${seed}-${index >> 1}`)));
  for (const [index, client] of clients.entries()) client.pair(peerOf(clients, index));
}

export function allArrived(clients: readonly Client[]): boolean {
  return clients.every((client, index) => client.received === peerOf(clients, index).sent);
}

/** When a client's messages left, by their counts. */
export class Departures {
  readonly #at = new Float64Array(4096);

  note(count: number, time: number): void {
    this.#at[count & 4095] = time;
  }

  of(count: number): number {
    return this.#at[count & 4095] ?? 0;
  }
}
