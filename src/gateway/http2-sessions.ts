import { constants, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2';
import type { Socket } from 'node:net';
import { watchDeparture } from './departure.ts';
import { Http2Watch, type Http2WatchLimits } from './http2-watch.ts';
import type { GatewayLimits } from './limits.ts';

type Limits = Http2WatchLimits &
  Pick<
    GatewayLimits,
    | 'connectionWindowBytes'
    | 'departureMs'
    | 'firstStreamMs'
    | 'idleSessionMs'
    | 'lingerMs'
    | 'streamsPerProxyConnection'
  >;

/** How a session came to the port. */
export interface SessionOrigin {
  readonly socket: Socket;
  /** The session is ended behind its first stream. */
  readonly once: boolean;
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

/**
 * Keeps the HTTP/2 sessions: each must open a stream soon after its preface and is ended when it has had none for a
 * while. Node's own session timeout counts pings as activity, so a peer could hold an empty session for ever. A peer that
 * floods is cut.
 */
export class Http2Sessions {
  readonly #open = new Map<ServerHttp2Session, KeptSession>();
  readonly #limits: Limits;
  readonly #witness: SessionWitness;

  constructor(limits: Limits, witness: SessionWitness) {
    this.#limits = limits;
    this.#witness = witness;
  }

  /** Announces the end (GOAWAY): no new streams, open ones go on, the socket closes behind the last. */
  closeGracefully(): void {
    for (const session of this.#open.keys()) session.close();
  }

  /** Judges what peers did since the last look. */
  look(): void {
    for (const { watch } of this.#open.values()) watch.look();
  }

  watch(session: ServerHttp2Session, origin: SessionOrigin): void {
    this.#open.set(session, new KeptSession(session, origin, this.#limits, this.#witness));
    origin.socket.on('close', () => this.#open.delete(session));
  }
}

/** One session, from its preface to the end of its socket. Its listeners are few, as an idle session keeps them. */
class KeptSession {
  readonly watch: Http2Watch;
  readonly #session: ServerHttp2Session;
  readonly #socket: Socket;
  readonly #once: boolean;
  readonly #limits: Limits;
  readonly #witness: SessionWitness;
  #streams = 0;
  #isDeparting = false;
  /** Until its first stream, until its next one, or until it is gone. */
  #timer: NodeJS.Timeout | undefined;

  constructor(
    session: ServerHttp2Session,
    { socket, once, isProxy }: SessionOrigin,
    limits: Limits,
    witness: SessionWitness,
  ) {
    this.#session = session;
    this.#socket = socket;
    this.#once = once;
    this.#limits = limits;
    this.#witness = witness;
    const flooded = (what: string) => this.#flooded(what);
    this.watch = new Http2Watch({ session, socket, limits, isProxy, now, flooded });
    session.setLocalWindowSize(limits.connectionWindowBytes);
    if (isProxy) session.settings({ maxConcurrentStreams: limits.streamsPerProxyConnection });
    session.on('error', (error: Error & { code?: string }) => {
      if (isFault(error.code)) witness.charge(socket, error.message);
    });
    session.on('goaway', () => {
      if (this.#isDeparting) return;
      this.#isDeparting = true;
      watchDeparture(socket, limits.departureMs);
    });
    session.on('stream', (stream) => this.#opened(stream));
    this.#timer = setTimeout(() => socket.destroy(), limits.firstStreamMs);
    socket.on('close', () => this.#stopTimer());
  }

  #opened(stream: ServerHttp2Stream): void {
    this.#streams += 1;
    this.#stopTimer();
    this.#witness.settle(this.#socket);
    stream.on('close', () => this.#closed());
  }

  #closed(): void {
    this.#streams -= 1;
    if (this.#streams > 0 || this.#socket.destroyed) return;
    this.#stopTimer();
    // It was given up, and Node waits for what its peer does not read.
    if (this.#session.destroyed) this.#socket.destroy();
    else if (this.#once || this.#session.closed) this.#end();
    else this.#timer = setTimeout(() => this.#end(), this.#limits.idleSessionMs);
  }

  #end(): void {
    this.#session.close();
    // A peer that neither reads the GOAWAY nor ends its side would keep the socket.
    this.#timer = setTimeout(() => this.#socket.destroy(), this.#limits.lingerMs);
  }

  #flooded(what: string): void {
    this.#witness.charge(this.#socket, what);
    // Never within a batch of frames: node:http2 then loses count of its memory, and ends the process when the session is collected.
    setImmediate(() => {
      if (!this.#session.destroyed) this.#session.destroy(undefined, constants.NGHTTP2_ENHANCE_YOUR_CALM);
      // Whoever does not read would keep the socket.
      setImmediate(() => this.#socket.destroy());
    });
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

/** nghttp2 has found a flood of its own, or what is no HTTP/2; not so where the peer only said that it had an error. */
function isFault(code: string | undefined): boolean {
  return code?.startsWith('ERR_HTTP2') === true && code !== 'ERR_HTTP2_SESSION_ERROR';
}
