import type { Socket } from 'node:net';
import type { GatewayLimits } from './limits.ts';

interface Pending {
  readonly since: number;
  bytes: number;
  trickles: number;
}

/** Times that a connection may be found trickling before it is cut. */
const MOST_TRICKLES = 2;

/** The first bytes come with the connection, however few: it is not judged before this age, in milliseconds. */
const FIRST_MS = 500;

/**
 * Connections that have not made a request yet. A slow network delivers a packet late, but whole: who says a few bytes at
 * a time holds a connection on purpose (Slowloris), and is cut long before the deadline of an honest peer.
 */
export class PendingConnections {
  readonly #pending = new Map<Socket, Pending>();
  readonly #limits: Pick<GatewayLimits, 'trickleBytes'>;
  readonly #cut: (socket: Socket, what: string) => void;

  /** @param cut ends the connection */
  constructor(limits: Pick<GatewayLimits, 'trickleBytes'>, cut: (socket: Socket, what: string) => void) {
    this.#limits = limits;
    this.#cut = cut;
  }

  add(socket: Socket, now: number): void {
    this.#pending.set(socket, { since: now, bytes: 0, trickles: 0 });
  }

  /** It has made a request. One that has gone without may be left: it is found at the next look. */
  settle(socket: Socket): void {
    this.#pending.delete(socket);
  }

  /** To be called now and then, at about equal distances. */
  look(now: number): void {
    for (const [socket, pending] of this.#pending) {
      if (socket.destroyed) {
        this.#pending.delete(socket);
        continue;
      }
      const more = socket.bytesRead - pending.bytes;
      pending.bytes = socket.bytesRead;
      if (more === 0 || more >= this.#limits.trickleBytes || now - pending.since < FIRST_MS) continue;
      pending.trickles += 1;
      if (pending.trickles >= MOST_TRICKLES) this.#cut(socket, 'a request that trickles in');
    }
  }
}
