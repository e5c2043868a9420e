import type { Http2Server, Http2Session, ServerHttp2Session } from 'node:http2';
import type { GatewayLimits } from './limits.ts';

/**
 * Keeps the HTTP/2 sessions: each must open a stream soon after its preface and is ended when it has had none for a
 * while. Node's own session timeout counts pings as activity, so a peer could hold an empty session for ever.
 */
export class Http2Sessions {
  readonly #open = new Set<Http2Session>();
  readonly #limits: Pick<GatewayLimits, 'connectionWindowBytes' | 'firstStreamMs' | 'idleSessionMs'>;
  #closing = false;

  constructor(
    server: Http2Server,
    limits: Pick<GatewayLimits, 'connectionWindowBytes' | 'firstStreamMs' | 'idleSessionMs'>,
  ) {
    this.#limits = limits;
    server.on('session', (session) => this.#watch(session));
  }

  get size(): number {
    return this.#open.size;
  }

  /** Announces the end (GOAWAY): no new streams, open ones go on, the socket closes behind the last. */
  closeGracefully(): void {
    this.#closing = true;
    for (const session of this.#open) session.close();
  }

  #watch(session: ServerHttp2Session): void {
    this.#open.add(session);
    session.setLocalWindowSize(this.#limits.connectionWindowBytes);
    let streams = 0;
    let timer: NodeJS.Timeout | undefined = setTimeout(() => session.destroy(), this.#limits.firstStreamMs);
    const onStreamClose = (): void => {
      streams--;
      if (streams > 0 || session.destroyed) return;
      timer = setTimeout(() => session.close(), this.#limits.idleSessionMs);
    };
    session.on('stream', (stream) => {
      streams++;
      clearTimeout(timer);
      timer = undefined;
      stream.once('close', onStreamClose);
    });
    session.once('close', () => {
      clearTimeout(timer);
      this.#open.delete(session);
    });
    if (this.#closing) session.close();
  }
}
