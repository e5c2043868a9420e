import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Logger } from 'pino';
import { AddressBlocks } from './address-blocks.ts';
import { type AddressBudget, addressKey } from './address-budget.ts';
import { plainAddress } from './connection.ts';
import { Counts } from './counts.ts';
import type { GatewayLimits } from './limits.ts';
import { PendingConnections } from './pending-connections.ts';
import type { TrustedProxies } from './proxies.ts';

export interface PeersOptions {
  readonly limits: GatewayLimits;
  /** Their connections carry many clients: what is counted for an address is not counted for theirs. */
  readonly proxies: TrustedProxies;
  /** Connections that each address may open. */
  readonly rates: AddressBudget;
  readonly log: Logger;
}

/** An address that has all the connections it may is not looked at again for so long. */
const FULL_MS = 500;

/** What the port takes of each address: connections, those that wait for a request, handshakes. It cuts who floods. */
export class Peers {
  /** To be asked before a connection becomes a socket. */
  readonly blocks = new AddressBlocks(() => performance.now());
  readonly #options: PeersOptions;
  readonly #pending: PendingConnections;
  readonly #open = new Counts();
  readonly #shaking = new Counts();
  /** Handshakes under way: the addresses that they count for, by the other end's address and port. */
  readonly #handshakes = new Map<string, string>();
  /** Requests of each HTTP/1.1 connection that are not answered. */
  readonly #unanswered = new WeakMap<Socket, { count: number }>();
  /** Connections that were not served since it was last logged, by why. */
  readonly #dropped = new Map<string, number>();
  #dropLoggedAt = Number.NEGATIVE_INFINITY;

  constructor(options: PeersOptions) {
    this.#options = options;
    this.#pending = new PendingConnections(options.limits, (socket, what) => this.cut(socket, what));
  }

  /** To be called now and then. */
  look(): void {
    this.#pending.look(performance.now());
  }

  isProxy(address: string): boolean {
    return this.#options.proxies.has(address);
  }

  /**
   * Counts an accepted socket; destroys one that its address may not open. Returns what `gone` is to be told when it has closed;
   * undefined: nothing.
   */
  accept(socket: Socket, isTls: boolean): string | undefined {
    const { limits, rates } = this.#options;
    const address = plainAddress(socket.remoteAddress ?? '');
    if (address === '' || this.isProxy(address)) return undefined;
    const key = addressKey(address);
    const isFull = this.#open.of(key) >= limits.maxConnections * limits.addressShare;
    const wait = isFull ? FULL_MS : rates.take(address);
    if (wait > 0 || (isTls && this.#shaking.of(key) >= limits.handshakesPerAddress)) {
      this.drop('too many of one address');
      socket.destroy();
      if (wait >= FULL_MS) this.blocks.block(address, wait);
      return undefined;
    }
    this.#open.add(key);
    if (isTls) {
      const end = otherEnd(socket);
      this.#handshakes.set(end, key);
      this.#shaking.add(key);
      socket.once('close', () => this.#endHandshake(end));
    }
    return key;
  }

  /** A socket that was counted has closed. */
  gone(key: string): void {
    this.#open.delete(key);
  }

  /** The connection speaks HTTP from here on, or will as soon as it says what. */
  awaitRequest(socket: Socket): void {
    const address = plainAddress(socket.remoteAddress ?? '');
    this.#endHandshake(otherEnd(socket));
    if (!this.isProxy(address)) this.#pending.add(socket, performance.now());
  }

  /** The connection has made a request. */
  settle(socket: Socket): void {
    this.#pending.settle(socket);
  }

  /** Counts a request over HTTP/1.1, which bounds nothing that is sent ahead of its answer. */
  countRequest({ socket }: IncomingMessage, response: ServerResponse): void {
    const unanswered = this.#unanswered.get(socket) ?? { count: 0 };
    this.#unanswered.set(socket, unanswered);
    unanswered.count += 1;
    response.once('close', () => {
      unanswered.count -= 1;
    });
    if (unanswered.count > this.#options.limits.pipelinedRequests && !socket.destroyed) {
      this.cut(socket, 'requests');
    }
  }

  /** Ends a connection for what its peer does. */
  cut(socket: Socket, what: string): void {
    this.charge(socket, what);
    socket.destroy();
  }

  /** The connection is cut for what its peer did: its address pays for it, and may open fewer in the next time. */
  charge(socket: Socket, what: string): void {
    this.drop(what);
    const address = plainAddress(socket.remoteAddress ?? '');
    const { limits, rates } = this.#options;
    if (address !== '' && !this.isProxy(address)) rates.charge(address, limits.cutCost, limits.lockoutMs);
  }

  /** Logs that a connection is not served, at most once a second: whoever is dropped tries again at once. */
  drop(why: string): void {
    this.#dropped.set(why, (this.#dropped.get(why) ?? 0) + 1);
    const now = performance.now();
    if (now - this.#dropLoggedAt < 1_000) return;
    const { limits, log } = this.#options;
    const dropped = Object.fromEntries(this.#dropped);
    log.warn({ maxConnections: limits.maxConnections, dropped }, `connection dropped: ${why}`);
    this.#dropLoggedAt = now;
    this.#dropped.clear();
  }

  /** TLS does not say which of its sockets a handshake was for, but both have the same other end. */
  #endHandshake(socket: string): void {
    const key = this.#handshakes.get(socket);
    if (key === undefined) return;
    this.#handshakes.delete(socket);
    this.#shaking.delete(key);
  }
}

function otherEnd({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress}|${remotePort}`;
}
