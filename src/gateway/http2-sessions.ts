import type { ServerHttp2Session } from 'node:http2';
import type { Socket } from 'node:net';
import type { GatewayLimits } from './limits.ts';

/**
 * Keeps the HTTP/2 sessions: each must open a stream soon after its preface and is ended when it has had none for a
 * while. Node's own session timeout counts pings as activity, so a peer could hold an empty session for ever.
 */
export class Http2Sessions {
  readonly #open = new Set<ServerHttp2Session>();
  readonly #limits: Pick<
    GatewayLimits,
    'connectionWindowBytes' | 'firstStreamMs' | 'idleSessionMs' | 'lingerMs'
  >;

  constructor(
    limits: Pick<GatewayLimits, 'connectionWindowBytes' | 'firstStreamMs' | 'idleSessionMs' | 'lingerMs'>,
  ) {
    this.#limits = limits;
  }

  /** Announces the end (GOAWAY): no new streams, open ones go on, the socket closes behind the last. */
  closeGracefully(): void {
    for (const session of this.#open) session.close();
  }

  /** @param once the session is ended behind its first stream. */
  watch(session: ServerHttp2Session, socket: Socket, once: boolean): void {
    const { connectionWindowBytes, firstStreamMs, idleSessionMs, lingerMs } = this.#limits;
    this.#open.add(session);
    session.setLocalWindowSize(connectionWindowBytes);
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
      if (once || session.closed) end();
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
