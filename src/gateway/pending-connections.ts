import type { Socket } from 'node:net';
import { addressKey } from './address-budget.ts';
import type { GatewayLimits } from './limits.ts';

interface Pending {
  readonly key: string;
  readonly since: number;
  bytes: number;
  trickles: number;
}

/** Times that a connection may be found trickling before it is cut. */
const MOST_TRICKLES = 2;

/**
 * Connections that have not made a request yet. A slow network delivers a packet late, but whole: who says a few bytes at
 * a time holds a connection on purpose (Slowloris), and so does an address that holds very many of them. Both are cut
 * long before the deadline of an honest peer.
 */
export class PendingConnections {
  readonly #pending = new Map<Socket, Pending>();
  readonly #limits: Pick<GatewayLimits, 'trickleBytes' | 'pendingPerAddress' | 'pendingMs'>;
  readonly #cut: (socket: Socket, what: string) => void;

  /** @param cut ends the connection */
  constructor(
    limits: Pick<GatewayLimits, 'trickleBytes' | 'pendingPerAddress' | 'pendingMs'>,
    cut: (socket: Socket, what: string) => void,
  ) {
    this.#limits = limits;
    this.#cut = cut;
  }

  add(socket: Socket, address: string, now: number): void {
    this.#pending.set(socket, { key: addressKey(address), since: now, bytes: 0, trickles: 0 });
    socket.once('close', () => this.#pending.delete(socket));
  }

  /** It has made a request. */
  settle(socket: Socket): void {
    this.#pending.delete(socket);
  }

  /** To be called now and then. */
  look(now: number): void {
    if (this.#pending.size === 0) return;
    const { trickleBytes, pendingPerAddress, pendingMs } = this.#limits;
    const counts = new Map<string, number>();
    for (const { key } of this.#pending.values()) counts.set(key, (counts.get(key) ?? 0) + 1);
    for (const [socket, pending] of this.#pending) {
      const more = socket.bytesRead - pending.bytes;
      pending.bytes = socket.bytesRead;
      // The first bytes come with the connection, however few.
      if (now - pending.since > pendingMs / 3 && more > 0 && more < trickleBytes) pending.trickles += 1;
      if (pending.trickles >= MOST_TRICKLES) this.#cut(socket, 'a request that trickles in');
      else if ((counts.get(pending.key) ?? 0) > pendingPerAddress && now - pending.since > pendingMs) {
        this.#cut(socket, 'too many connections without a request');
      }
    }
  }
}
