import type { Socket } from 'node:net';
import { Http2Connection } from '../lanes/http2/http2-connection.ts';
import type { Http2Limits, Http2Owner } from '../lanes/http2/http2-owner.ts';
import type { Http2Stream } from '../lanes/http2/http2-stream.ts';
import { ErrorCode } from '../lanes/http2/protocol.ts';
import type { RequestHead } from '../lanes/http2/request-head.ts';
import type { Connection } from './connection.ts';
import { watchDeparture } from './departure.ts';
import type { Http2Requests } from './http2-requests.ts';
import { Http2Allowance, Http2Watch } from './http2-watch.ts';
import type { GatewayLimits } from './limits.ts';

/** How a session came to the port. */
export interface SessionOrigin {
  readonly socket: Socket;
  readonly connection: Connection;
  /** The peer is a trusted proxy. */
  readonly isProxy: boolean;
}

/** Who is told what the peer of a session did. */
export interface SessionWitness {
  /** It was ended for what its peer did. */
  charge(socket: Socket, what: string): void;
  /** It has opened a stream. */
  settle(socket: Socket): void;
}

export interface Http2SessionsOptions {
  readonly limits: GatewayLimits;
  readonly witness: SessionWitness;
  readonly requests: Http2Requests;
}

/** What sessions of one kind are told and held to. */
interface SessionKind {
  readonly told: Http2Limits;
  readonly allowed: Http2Allowance;
}

/**
 * Keeps the HTTP/2 sessions: each must open a stream soon after its preface and is ended when it has had none for a
 * while, whatever pings it sends. A peer that floods is cut.
 */
export class Http2Sessions {
  readonly #open = new Set<KeptSession>();
  readonly #options: Http2SessionsOptions;
  readonly #clients: SessionKind;
  readonly #proxies: SessionKind;

  constructor(options: Http2SessionsOptions) {
    const { limits } = options;
    const kind = (streams: number, clients: number): SessionKind => ({
      told: {
        headerBytes: limits.headerBytes,
        headerCount: limits.headerCount,
        streams,
        streamWindowBytes: limits.streamWindowBytes,
        connectionWindowBytes: limits.connectionWindowBytes,
      },
      allowed: new Http2Allowance(limits, clients),
    });
    this.#options = options;
    this.#clients = kind(limits.streamsPerConnection, 1);
    this.#proxies = kind(limits.streamsPerProxyConnection, limits.clientsPerProxyConnection);
  }

  /** Announces the end (GOAWAY): no new streams, open ones go on, the socket closes behind the last. */
  closeGracefully(): void {
    for (const session of this.#open) session.close();
  }

  /** Judges what peers did since the last look. */
  look(): void {
    for (const session of this.#open) session.look();
  }

  /** Serves a socket that speaks HTTP/2. */
  take(origin: SessionOrigin): void {
    const kind = origin.isProxy ? this.#proxies : this.#clients;
    const session = new KeptSession(origin, kind, this.#options);
    this.#open.add(session);
    origin.socket.on('close', () => {
      this.#open.delete(session);
      session.gone();
    });
    session.start();
  }
}

/** One session, from its preface to the end of its socket. */
class KeptSession implements Http2Owner {
  readonly #origin: SessionOrigin;
  readonly #options: Http2SessionsOptions;
  readonly #http2: Http2Connection;
  readonly #watch: Http2Watch;
  #isSettled = false;
  #isDeparting = false;
  /** Until its first stream, until its next one, or until it is gone. */
  #timer: NodeJS.Timeout | undefined;

  constructor(origin: SessionOrigin, { told, allowed }: SessionKind, options: Http2SessionsOptions) {
    this.#origin = origin;
    this.#options = options;
    this.#http2 = new Http2Connection(origin.socket, told, this);
    this.#watch = new Http2Watch(allowed, now, (what) => this.flooded(what));
  }

  start(): void {
    this.#destroyAfter(this.#options.limits.firstStreamMs);
    this.#http2.start();
  }

  look(): void {
    const streams = this.#http2.streams;
    const isBusy = streams > this.#watch.unreadAnswers;
    this.#watch.look(this.#origin.socket.bytesRead, isBusy ? this.#http2.countUnread() : 0);
  }

  /** Announces the end. */
  close(): void {
    if (!this.#http2.isOpen) return;
    const isIdle = this.#http2.streams === 0;
    this.#http2.close();
    // A peer that neither reads the GOAWAY nor ends its side would keep the socket.
    if (isIdle) this.#destroyAfter(this.#options.limits.lingerMs);
  }

  /** Its socket has closed. */
  gone(): void {
    this.#stopTimer();
  }

  serve(stream: Http2Stream, head: RequestHead): void {
    this.#options.requests.serve(stream, head, this.#origin.connection);
  }

  opened(): void {
    this.#watch.opened();
  }

  admitted(): void {
    this.#stopTimer();
    this.#watch.served();
    if (this.#isSettled) return;
    this.#isSettled = true;
    this.#options.witness.settle(this.#origin.socket);
  }

  idle(): void {
    this.#stopTimer();
    const { limits } = this.#options;
    // One over the limit is told to come back later; nothing else is wanted of it.
    if (this.#origin.connection.overLimit || !this.#http2.isOpen) this.#end();
    else this.#timer = setTimeout(() => this.#end(), limits.idleSessionMs);
  }

  received(bytes: number): void {
    if (this.#watch.received(bytes)) this.look();
  }

  content(bytes: number): void {
    this.#watch.content(bytes);
  }

  reset(by: 'peer' | 'gateway', code: number): void {
    this.#watch.reset(by, code);
  }

  settings(): void {
    this.#watch.settings();
  }

  departing(): void {
    if (this.#isDeparting) return;
    this.#isDeparting = true;
    watchDeparture(this.#origin.socket, this.#options.limits.departureMs);
  }

  flooded(what: string): void {
    const { socket } = this.#origin;
    this.#options.witness.charge(socket, what);
    this.#http2.abort(ErrorCode.ENHANCE_YOUR_CALM, what);
    // Whoever does not read would keep the socket.
    setImmediate(() => socket.destroy());
  }

  failed(what: string): void {
    this.#options.witness.charge(this.#origin.socket, what);
    this.#destroyAfter(this.#options.limits.lingerMs);
  }

  #end(): void {
    this.#http2.close();
    this.#destroyAfter(this.#options.limits.lingerMs);
  }

  #destroyAfter(ms: number): void {
    this.#stopTimer();
    const { socket } = this.#origin;
    if (!socket.destroyed) this.#timer = setTimeout(() => socket.destroy(), ms);
  }

  #stopTimer(): void {
    clearTimeout(this.#timer);
    // A timer that has been stopped is an object of 128 bytes.
    this.#timer = undefined;
  }
}

function now(): number {
  return performance.now();
}
