import { once } from 'node:events';
import {
  type ClientHttp2Session,
  connect,
  constants,
  createServer,
  type Http2Server,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2';
import type { AddressInfo } from 'node:net';

/** Fields that the far connection makes itself. */
const hopByHop = new Set(['connection', 'transfer-encoding', 'keep-alive', 'upgrade']);

/**
 * A reverse proxy that ends HTTP/2 (clear text) and begins it anew, all streams on one connection to the gateway, as edges
 * do. It answers the pings of both sides itself: whether the other side is there they do not tell.
 */
export class Http2Terminator {
  readonly #server: Http2Server;
  readonly #far: ClientHttp2Session;
  readonly #near = new Set<ServerHttp2Session>();

  private constructor(target: string) {
    this.#far = connect(target);
    this.#far.on('error', () => {});
    this.#server = createServer();
    this.#server.on('session', (session) => {
      this.#near.add(session);
      session.on('close', () => this.#near.delete(session));
      session.on('error', () => {});
    });
    this.#server.on('stream', (stream, headers) => this.#forward(stream as ServerHttp2Stream, headers));
  }

  static async start(target: string): Promise<Http2Terminator> {
    const terminator = new Http2Terminator(target);
    await once(terminator.#far, 'connect');
    terminator.#server.listen(0, '127.0.0.1');
    await once(terminator.#server, 'listening');
    return terminator;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** A ping of the transport to the gateway, in milliseconds there and back. */
  ping(): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#far.ping((error, duration) => (error === null ? resolve(duration) : reject(error)));
    });
  }

  async close(): Promise<void> {
    for (const session of this.#near) session.destroy();
    this.#far.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #forward(near: ServerHttp2Stream, headers: IncomingHttpHeaders): void {
    const far = this.#far.request(passing(headers));
    let trailers: IncomingHttpHeaders = {};
    near.on('error', () => {});
    far.on('error', () => {});
    far.on('response', (fields) => {
      if (!near.destroyed) near.respond(passing(fields), { waitForTrailers: true });
    });
    far.on('trailers', (fields) => {
      trailers = fields;
    });
    near.on('wantTrailers', () => near.sendTrailers(passing(trailers)));
    near.on('data', (chunk: Uint8Array) => {
      if (!far.destroyed) far.write(chunk);
    });
    near.on('end', () => far.end());
    far.on('data', (chunk: Uint8Array) => {
      if (!near.destroyed) near.write(chunk);
    });
    far.on('end', () => near.end());
    // A client that goes takes its stream along; one that falls silent does not.
    near.on('close', () => far.close(constants.NGHTTP2_CANCEL));
    far.on('close', () => near.close(far.rstCode));
  }
}

function passing(fields: IncomingHttpHeaders): IncomingHttpHeaders {
  return Object.fromEntries(Object.entries(fields).filter(([name]) => !hopByHop.has(name)));
}
