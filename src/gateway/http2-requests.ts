import { compatExchange } from '../lanes/http2/compat-stream.ts';
import type { Http2Stream } from '../lanes/http2/http2-stream.ts';
import type { RequestHead } from '../lanes/http2/request-head.ts';
import type { RequestHandler } from './app.ts';
import type { Connection, Connections } from './connection.ts';
import type { StreamRoutes } from './stream-routes.ts';

/** Serves requests over HTTP/2: those of lanes as they are, all others as the request and response objects of Node. */
export class Http2Requests {
  readonly #lanes: StreamRoutes;
  readonly #connections: Connections;
  readonly #onRequest: RequestHandler;

  constructor(lanes: StreamRoutes, connections: Connections, onRequest: RequestHandler) {
    this.#lanes = lanes;
    this.#connections = connections;
    this.#onRequest = onRequest;
  }

  serve(stream: Http2Stream, head: RequestHead, from: Connection): void {
    // It is no proxy.
    if (head.method === 'CONNECT') {
      stream.begin(405, [], true);
      return;
    }
    if (head.expectation !== undefined && head.expectation !== '100-continue') {
      stream.begin(417, [], true);
      return;
    }
    if (head.expectation !== undefined) stream.inform(100, []);
    if (this.#lanes.takes(head)) {
      this.#lanes.serve(stream, head, from);
      return;
    }
    const exchange = compatExchange(stream, head);
    this.#connections.add(exchange.stream, from);
    this.#onRequest(exchange.request, exchange.response);
  }
}
