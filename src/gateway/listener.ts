import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, Server as TlsServer } from 'node:tls';
import type { Logger } from 'pino';
import { TokenBucket } from '../core/token-bucket.ts';
import { AddressBlocks } from './address-blocks.ts';
import { type AddressBudget, addressKey } from './address-budget.ts';
import { type Connection, Connections, describeConnection, plainAddress } from './connection.ts';
import { Http2Sessions } from './http2-sessions.ts';
import { type GatewayLimits, politeLimit } from './limits.ts';
import { PendingConnections } from './pending-connections.ts';
import { readPreface, type WireProtocol } from './preface.ts';
import type { TrustedProxies } from './proxies.ts';
import type { HttpServers } from './servers.ts';
import { loadTls, secureOptions, type TlsMaterial, TlsReloader, type TlsSource } from './tls.ts';

export interface ListenerOptions {
  /** Undefined serves clear text. */
  readonly tls: TlsSource | undefined;
  readonly limits: GatewayLimits;
  readonly servers: HttpServers;
  /** Their connections carry many clients: what is counted for an address is not counted for theirs. */
  readonly proxies: TrustedProxies;
  /** Connections that each address may open. */
  readonly rates: AddressBudget;
  /** Called once the port is bound, before the first connection is taken. What it throws, `open` rejects with. */
  readonly bound?: (() => void) | undefined;
  readonly log: Logger;
}

/** TCP keep-alive probes begin after this: they end connections whose peer vanished without a word. */
const SOCKET_OPTIONS = { noDelay: true, keepAlive: true, keepAliveInitialDelay: 60_000 } as const;

/** An address that has all the connections it may is not looked at again for so long. */
const SHARE_MS = 500;

/** Connections that the system may hold for us while the event loop is busy: a reconnecting crowd comes at once. */
const BACKLOG = 1_024;

/**
 * The one port. It accepts sockets, tells HTTP/1.1 from HTTP/2 (clear text: by the first bytes; TLS: by ALPN) and hands
 * each to its server.
 */
export class Listener {
  readonly connections = new Connections();
  readonly #options: ListenerOptions;
  readonly #sessions: Http2Sessions;
  readonly #sockets = new Set<Socket>();
  readonly #undecided = new Set<Socket>();
  readonly #pending: PendingConnections;
  readonly #blocks = new AddressBlocks(() => performance.now());
  /** What each HTTP/1.1 connection may ask. */
  readonly #requests = new WeakMap<Socket, TokenBucket>();
  /** Open connections of each address. */
  readonly #ofAddress = new Map<string, number>();
  #acceptor: Server | TlsServer | undefined;
  #watch: NodeJS.Timeout | undefined;
  /** Connections that were not served since it was last logged, by why. */
  readonly #dropped = new Map<string, number>();
  #dropLoggedAt = Number.NEGATIVE_INFINITY;
  #reloader: TlsReloader | undefined;
  /** Set while a socket is handed to the HTTP/2 server, which makes its session before `emit` returns. */
  #handing: { readonly socket: Socket; readonly connection: Connection } | undefined;

  constructor(options: ListenerOptions) {
    this.#options = options;
    const { limits, servers } = options;
    this.#pending = new PendingConnections(limits, (socket, what) => {
      this.#charge(socket, what);
      socket.destroy();
    });
    this.#sessions = new Http2Sessions(limits, (socket, what) => this.#charge(socket, what));
    servers.http2.on('session', (session) => {
      if (this.#handing === undefined) return;
      const { socket, connection } = this.#handing;
      this.connections.add(session, connection);
      session.once('stream', () => this.#pending.settle(socket));
      // A connection over the limit is told to come back later; nothing else is wanted of it.
      const isProxy = this.#options.proxies.has(connection.remoteAddress);
      this.#sessions.watch(session, { socket, once: connection.overLimit, isProxy });
    });
    for (const event of ['request', 'upgrade'] as const) {
      servers.http1.prependListener(event, ({ socket }) => {
        this.#pending.settle(socket);
        this.#countRequest(socket);
      });
    }
  }

  /** Binds the port. Rejects with the system's error (`EADDRINUSE`, `EACCES`) or that of an unusable certificate. */
  async open(host: string, port: number): Promise<void> {
    const { tls, limits, servers, log } = this.#options;
    const material = tls && (await loadTls(tls));
    const acceptor = material === undefined ? this.#clearAcceptor() : this.#tlsAcceptor(material);
    acceptor.maxConnections = limits.maxConnections;
    // Before the acceptor's own listener, which counts what is tracked.
    acceptor.prependListener('connection', (socket: Socket) => this.#track(socket));
    acceptor.on('drop', () => this.#logDrop('limit reached'));
    acceptor.listen({ host, port, backlog: BACKLOG });
    await once(acceptor, 'listening');
    try {
      this.#options.bound?.();
    } catch (error) {
      acceptor.close();
      throw error;
    }
    acceptor.on('error', (error) => log.error({ err: error }, 'listening socket failed'));
    this.#acceptor = acceptor;
    this.#watch = setInterval(() => {
      this.#sessions.look();
      this.#pending.look(performance.now());
    }, limits.watchMs);
    // Starts the check of the header and request deadlines; without it they never run.
    servers.http1.emit('listening');
    if (material !== undefined && tls?.kind === 'files') {
      const use = (next: TlsMaterial): void => {
        if (acceptor instanceof TlsServer) acceptor.setSecureContext(secureOptions(next));
      };
      this.#reloader = new TlsReloader(tls, material, use, log);
    }
  }

  /** The bound address. */
  get address(): AddressInfo {
    const address = this.#acceptor?.address();
    if (!address || typeof address === 'string') throw new Error('the port is not bound');
    return address;
  }

  /** Accepted sockets that are still open, whatever their state. */
  get openSockets(): number {
    return this.#sockets.size;
  }

  /** Stops accepting, says so to HTTP/2 peers, ends idle connections. Open requests and streams go on. */
  stopAccepting(): void {
    this.#reloader?.stop();
    this.#acceptor?.close();
    for (const socket of this.#undecided) socket.destroy();
    this.#sessions.closeGracefully();
    this.#options.servers.http1.closeIdleConnections();
  }

  /** After `stopAccepting`: waits until the last connection has ended, but not longer than `graceMs`; ends the rest. */
  async finish(graceMs: number): Promise<void> {
    const { http1, http2 } = this.#options.servers;
    const deadline = setTimeout(() => this.#destroyAll(), graceMs);
    const idle = setInterval(() => http1.closeIdleConnections(), IDLE_CHECK_MS);
    await Promise.all([...this.#sockets].map(closed));
    clearTimeout(deadline);
    clearInterval(idle);
    clearInterval(this.#watch);
    // They do not listen: this ends the check of their deadlines.
    http1.close();
    http2.close();
  }

  /** At most once a second: whoever is dropped tries again at once. */
  #logDrop(why: string): void {
    this.#dropped.set(why, (this.#dropped.get(why) ?? 0) + 1);
    const now = performance.now();
    if (now - this.#dropLoggedAt < 1_000) return;
    const { limits, log } = this.#options;
    const dropped = Object.fromEntries(this.#dropped);
    log.warn({ maxConnections: limits.maxConnections, dropped }, `connection dropped: ${why}`);
    this.#dropLoggedAt = now;
    this.#dropped.clear();
  }

  /** The connection is cut for what its peer did: its address pays for it, and may open fewer in the next time. */
  #charge(socket: Socket, what: string): void {
    this.#logDrop(what);
    const address = plainAddress(socket.remoteAddress ?? '');
    const { limits, proxies, rates } = this.#options;
    if (address !== '' && !proxies.has(address)) {
      rates.charge(address, limits.cutCost, limits.lockoutMs);
    }
  }

  #destroyAll(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  /** HTTP/1.1 bounds nothing that is sent ahead of its answer. */
  #countRequest(socket: Socket): void {
    const { limits, proxies } = this.#options;
    const now = performance.now();
    const requests = this.#requests.get(socket) ?? new TokenBucket(limits.requests, now);
    this.#requests.set(socket, requests);
    if (requests.take(1, now) === 0 || proxies.has(plainAddress(socket.remoteAddress ?? ''))) return;
    this.#charge(socket, 'requests');
    socket.destroy();
  }

  /** Counts an accepted socket. One that its address may not open is destroyed here. */
  #track(socket: Socket): void {
    const { limits, proxies, rates } = this.#options;
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
    const address = plainAddress(socket.remoteAddress ?? '');
    if (address === '' || proxies.has(address)) return;
    const key = addressKey(address);
    const open = this.#ofAddress.get(key) ?? 0;
    const wait = open >= limits.maxConnections * limits.addressShare ? SHARE_MS : rates.take(address);
    if (wait > 0) {
      this.#logDrop('too many of one address');
      socket.destroy();
      if (wait >= SHARE_MS) this.#blocks.block(address, wait);
      return;
    }
    this.#ofAddress.set(key, open + 1);
    socket.once('close', () => {
      const left = (this.#ofAddress.get(key) ?? 1) - 1;
      if (left > 0) this.#ofAddress.set(key, left);
      else this.#ofAddress.delete(key);
    });
    this.#pending.add(socket, address, performance.now());
  }

  #clearAcceptor(): Server {
    return createServer({ allowHalfOpen: true, ...SOCKET_OPTIONS, blockList: this.#blocks }, (socket) => {
      if (socket.destroyed) return;
      const connection = describeConnection(socket, this.#isOverLimit());
      this.#undecided.add(socket);
      const forget = (): void => {
        this.#undecided.delete(socket);
      };
      socket.once('close', forget);
      readPreface(socket, this.#options.limits.prefaceMs, (protocol) => {
        forget();
        socket.off('close', forget);
        this.#hand(socket, protocol, connection);
      });
    });
  }

  #tlsAcceptor(material: TlsMaterial): TlsServer {
    const { limits, log } = this.#options;
    const server = createTlsServer({
      ...SOCKET_OPTIONS,
      ...secureOptions(material),
      ALPNProtocols: ['h2', 'http/1.1'],
      handshakeTimeout: limits.tlsHandshakeMs,
      blockList: this.#blocks,
    });
    server.on('secureConnection', (socket) => {
      const connection = describeConnection(socket, this.#isOverLimit());
      if (socket.authorizationError && socket.getPeerX509Certificate()) {
        const reason = String(socket.authorizationError);
        log.warn({ address: connection.remoteAddress, reason }, 'client certificate not accepted');
      }
      this.#hand(socket, socket.alpnProtocol === 'h2' ? 'h2' : 'http/1.1', connection);
    });
    // Node leaves the socket of a handshake that failed or took too long to us.
    server.on('tlsClientError', (error, socket) => {
      log.debug({ err: error }, 'TLS handshake failed');
      socket.destroy();
    });
    return server;
  }

  #isOverLimit(): boolean {
    return this.#sockets.size > politeLimit(this.#options.limits.maxConnections);
  }

  #hand(socket: Socket, protocol: WireProtocol, connection: Connection): void {
    const { http1, http2 } = this.#options.servers;
    if (protocol === 'http/1.1') {
      this.connections.add(socket, connection);
      http1.emit('connection', socket);
      return;
    }
    // An HTTP/1.1 client may end its side behind its request; an HTTP/2 client that does is gone.
    socket.allowHalfOpen = false;
    this.#handing = { socket, connection };
    http2.emit('connection', socket);
    this.#handing = undefined;
  }
}

function closed(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    socket.once('close', () => resolve());
  });
}

/** How often connections that finished their last request are looked for while closing. */
const IDLE_CHECK_MS = 50;
