import { once } from 'node:events';
import type { Server as Http1Server } from 'node:http';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, Server as TlsServer } from 'node:tls';
import type { Logger } from 'pino';
import type { AddressBudget } from './address-budget.ts';
import { type Connection, Connections, describeConnection } from './connection.ts';
import type { Http2Requests } from './http2-requests.ts';
import { Http2Sessions } from './http2-sessions.ts';
import { type GatewayLimits, politeLimit } from './limits.ts';
import { Peers } from './peers.ts';
import { readPreface, type WireProtocol } from './preface.ts';
import type { TrustedProxies } from './proxies.ts';
import { loadTls, secureOptions, type TlsMaterial, TlsReloader, type TlsSource } from './tls.ts';

export interface ListenerOptions {
  /** Undefined serves clear text. */
  readonly tls: TlsSource | undefined;
  readonly limits: GatewayLimits;
  readonly http1: Http1Server;
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

const TICK_MS = 20;
/** Later than this, the event loop was kept busy by somebody. */
const LATE_MS = 40;

/** Connections that the system may hold for us while the event loop is busy: a reconnecting crowd comes at once. */
const BACKLOG = 1_024;

/**
 * The one port. It accepts sockets, tells HTTP/1.1 from HTTP/2 (clear text: by the first bytes; TLS: by ALPN) and hands
 * each to its server.
 */
export class Listener {
  readonly connections = new Connections();
  readonly #options: ListenerOptions;
  #sessions: Http2Sessions | undefined;
  readonly #sockets = new Set<Socket>();
  readonly #undecided = new Set<Socket>();
  readonly #peers: Peers;
  #acceptor: Server | TlsServer | undefined;
  #watch: NodeJS.Timeout | undefined;
  #tickedAt = 0;
  #lookedAt = 0;
  #reloader: TlsReloader | undefined;
  constructor(options: ListenerOptions) {
    this.#options = options;
    const { http1 } = options;
    this.#peers = new Peers(options);
    http1.prependListener('request', (request, response) => {
      this.#peers.settle(request.socket);
      this.#peers.countRequest(request, response);
    });
    http1.prependListener('upgrade', ({ socket }) => this.#peers.settle(socket));
  }

  /**
   * Binds the port. Rejects with the system's error (`EADDRINUSE`, `EACCES`) or that of an unusable certificate.
   * @param requests takes those of HTTP/2
   */
  async open(host: string, port: number, requests: Http2Requests): Promise<void> {
    const { tls, limits, http1, log } = this.#options;
    this.#sessions = new Http2Sessions({ limits, witness: this.#peers, requests });
    const material = tls && (await loadTls(tls));
    const acceptor = material === undefined ? this.#clearAcceptor() : this.#tlsAcceptor(material);
    acceptor.maxConnections = limits.maxConnections;
    // Before the acceptor's own listener, which counts what is tracked.
    acceptor.prependListener('connection', (socket: Socket) => this.#track(socket, material !== undefined));
    acceptor.on('drop', () => this.#peers.drop('limit reached'));
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
    this.#watch = setInterval(() => this.#look(), TICK_MS);
    // Starts the check of the header and request deadlines; without it they never run.
    http1.emit('listening');
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
    this.#sessions?.closeGracefully();
    this.#options.http1.closeIdleConnections();
  }

  /** After `stopAccepting`: waits until the last connection has ended, but not longer than `graceMs`; ends the rest. */
  async finish(graceMs: number): Promise<void> {
    const { http1 } = this.#options;
    const deadline = setTimeout(() => this.#destroyAll(), graceMs);
    const idle = setInterval(() => http1.closeIdleConnections(), IDLE_CHECK_MS);
    await Promise.all([...this.#sockets].map(closed));
    clearTimeout(deadline);
    clearInterval(idle);
    clearInterval(this.#watch);
    // It does not listen: this ends the check of its deadlines.
    http1.close();
  }

  /** Now and then, and at once when somebody has kept the event loop busy. */
  #look(): void {
    const now = performance.now();
    const late = now - this.#tickedAt - TICK_MS;
    this.#tickedAt = now;
    const isTime = now - this.#lookedAt >= this.#options.limits.watchMs;
    if (isTime || late > LATE_MS) this.#sessions?.look();
    if (!isTime) return;
    this.#lookedAt = now;
    this.#peers.look();
  }

  #destroyAll(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  /** Counts an accepted socket. One that is not served is destroyed here. */
  #track(socket: Socket, isTls: boolean): void {
    this.#sockets.add(socket);
    const counted = this.#peers.accept(socket, isTls);
    // One listener for all, and none that `once` wraps: idle connections keep them.
    socket.on('close', () => {
      this.#sockets.delete(socket);
      if (counted !== undefined) this.#peers.gone(counted);
    });
  }

  #clearAcceptor(): Server {
    return createServer(
      { allowHalfOpen: true, ...SOCKET_OPTIONS, blockList: this.#peers.blocks },
      (socket) => {
        if (socket.destroyed) return;
        this.#peers.awaitRequest(socket);
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
      },
    );
  }

  #tlsAcceptor(material: TlsMaterial): TlsServer {
    const { limits, log } = this.#options;
    const server = createTlsServer({
      ...SOCKET_OPTIONS,
      ...secureOptions(material),
      ALPNProtocols: ['h2', 'http/1.1'],
      handshakeTimeout: limits.tlsHandshakeMs,
      blockList: this.#peers.blocks,
    });
    server.on('secureConnection', (socket) => {
      this.#peers.awaitRequest(socket);
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
    if (protocol === 'http/1.1') {
      this.connections.add(socket, connection);
      this.#options.http1.emit('connection', socket);
      return;
    }
    // An HTTP/1.1 client may end its side behind its request; an HTTP/2 client that does is gone.
    socket.allowHalfOpen = false;
    const isProxy = this.#peers.isProxy(connection.remoteAddress);
    this.#sessions?.take({ socket, connection, isProxy });
  }
}

function closed(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    socket.once('close', () => resolve());
  });
}

/** How often connections that finished their last request are looked for while closing. */
const IDLE_CHECK_MS = 50;
