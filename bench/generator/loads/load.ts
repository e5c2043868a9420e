import type { Client } from '../client.ts';
import type { Meter } from '../meter.ts';

/** Traffic that goes on. */
export interface Load {
  /** Opens the connections and brings them together. */
  prepare(): Promise<void>;
  /** Begins a round. */
  start(round: LoadRound): void;
  /** Begins nothing new. */
  stop(): void;
  /** Everything that was begun is done, every message has arrived. */
  readonly isDone: boolean;
  /** What is not, in words. */
  readonly missing: string;
}

export interface LoadRound {
  readonly meter: Meter;
  /** Of random moments, and for names that no other round uses. */
  readonly seed: number;
}

/** Opens clients: 0 and 1, 2 and 3 … are pairs. */
export type OpenPairs = () => Promise<readonly Client[]>;

/** The other one of the pair. */
export function peerOf(clients: readonly Client[], index: number): Client {
  const peer = clients[index ^ 1];
  if (peer === undefined) throw new Error('clients come in pairs');
  return peer;
}

/** Both enter the room of each pair and may send. @param from number of the first client, for the names of rooms */
export async function enterPairs(clients: readonly Client[], from = 0): Promise<void> {
  await Promise.all(clients.map((client, index) => client.enter(`pair-${(from + index) >> 1}`)));
  for (const [index, client] of clients.entries()) client.pair(peerOf(clients, index));
}

export function allArrived(clients: readonly Client[]): boolean {
  return clients.every((client, index) => client.received === peerOf(clients, index).sent);
}

export function missingOf(clients: readonly Client[]): string {
  const sent = clients.reduce((sum, client) => sum + client.sent, 0);
  const received = clients.reduce((sum, client) => sum + client.received, 0);
  return `${sent} messages were sent, ${received} arrived`;
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
