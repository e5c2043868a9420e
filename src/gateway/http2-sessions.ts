import { constants, type ServerHttp2Session } from 'node:http2';
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

/**
 * Keeps the HTTP/2 sessions: each must open a stream soon after its preface and is ended when it has had none for a
 * while. Node's own session timeout counts pings as activity, so a peer could hold an empty session for ever. A peer that
 * floods is cut.
 */
export class Http2Sessions {
  readonly #open = new Map<ServerHttp2Session, Http2Watch>();
  readonly #limits: Limits;
  readonly #cut: (socket: Socket, what: string) => void;

  /** @param cut told of a connection that was ended for what its peer did */
  constructor(limits: Limits, cut: (socket: Socket, what: string) => void) {
    this.#limits = limits;
    this.#cut = cut;
  }

  /** Announces the end (GOAWAY): no new streams, open ones go on, the socket closes behind the last. */
  closeGracefully(): void {
    for (const session of this.#open.keys()) session.close();
  }

  /** Judges what peers did since the last look. */
  look(): void {
    for (const watch of this.#open.values()) watch.look();
  }

  watch(session: ServerHttp2Session, { socket, once, isProxy }: SessionOrigin): void {
    const { connectionWindowBytes, departureMs, firstStreamMs, idleSessionMs, lingerMs } = this.#limits;
    const flooded = (what: string): void => {
      this.#cut(socket, what);
      if (!session.destroyed) session.destroy(undefined, constants.NGHTTP2_ENHANCE_YOUR_CALM);
      // Whoever does not read would keep the socket.
      setImmediate(() => socket.destroy());
    };
    const now = () => performance.now();
    this.#open.set(session, new Http2Watch({ session, socket, limits: this.#limits, isProxy, now, flooded }));
    watchDeparture(session, socket, departureMs);
    session.setLocalWindowSize(connectionWindowBytes);
    if (isProxy) session.settings({ maxConcurrentStreams: this.#limits.streamsPerProxyConnection });
    session.on('error', (error: Error & { code?: string }) => {
      if (isFault(error.code)) this.#cut(socket, error.message);
    });
    let streams = 0;
    let timer = setTimeout(() => socket.destroy(), firstStreamMs);
    const end = (): void => {
      session.close();
      // A peer that neither reads the GOAWAY nor ends its side would keep the socket.
      timer = setTimeout(() => socket.destroy(), lingerMs);
    };
    const onStreamClose = (): void => {
      streams--;
      if (streams > 0 || socket.destroyed) return;
      clearTimeout(timer);
      // It was given up, and Node waits for what its peer does not read.
      if (session.destroyed) socket.destroy();
      else if (once || session.closed) end();
      else timer = setTimeout(end, idleSessionMs);
    };
    session.on('stream', (stream) => {
      streams++;
      clearTimeout(timer);
      stream.once('close', onStreamClose);
    });
    socket.once('close', () => {
      clearTimeout(timer);
      this.#open.delete(session);
    });
  }
}

/** nghttp2 has found a flood of its own, or what is no HTTP/2; not so where the peer only said that it had an error. */
function isFault(code: string | undefined): boolean {
  return code?.startsWith('ERR_HTTP2') === true && code !== 'ERR_HTTP2_SESSION_ERROR';
}
