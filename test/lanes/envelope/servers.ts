import { createServer as createHttp1Server, type Server as Http1Server } from 'node:http';
import { type AddressInfo, createServer, type Server } from 'node:net';
import type { Endpoint } from '../../../src/lanes/envelope/endpoint.ts';
import { exchangeOf, type ServeContext, streamExchange } from '../../../src/lanes/envelope/exchange.ts';
import { serveHttp2On } from '../../helpers/http2-server.ts';
import { refuseCall, unknownRpc } from '../../helpers/refuse-call.ts';

/** A server of one test, with all that it needs to be gone afterwards. */
export interface TestServer {
  readonly url: string;
  readonly port: number;
  readonly sessions: Set<TestSession>;
  close(): Promise<void>;
}

/** One connection of HTTP/2. */
interface TestSession {
  readonly socket: { destroy(): void };
  destroy(): void;
}

type Endpoints = ReadonlyMap<string, Endpoint>;

/** HTTP/2 in clear text. */
export function serveHttp2(endpoints: Endpoints, context: ServeContext = {}): Promise<TestServer> {
  const sessions = new Set<TestSession>();
  const server = createServer((socket) => {
    const session = { socket, destroy: () => socket.destroy() };
    sessions.add(session);
    socket.on('close', () => sessions.delete(session));
    serveHttp2On(socket, (stream, head) => {
      const endpoint = endpoints.get(head.path);
      const headers = head.headers();
      if (endpoint !== undefined)
        endpoint.serveStream(stream, headers, { address: socket.remoteAddress ?? '', ...context });
      else if (!refuseCall(streamExchange(stream, headers), unknownRpc(head.path), context)) {
        stream.begin(404, [], true);
      }
    });
  });
  return listen(server, sessions);
}

/** HTTP/1.1. */
export async function serveHttp1(endpoints: Endpoints, context: ServeContext = {}): Promise<TestServer> {
  const server = createHttp1Server((request, response) => {
    const endpoint = endpoints.get(request.url ?? '');
    if (endpoint !== undefined) endpoint.serve(request, response, context);
    else if (!refuseCall(exchangeOf(request, response), unknownRpc(request.url ?? ''), context)) {
      response.writeHead(404).end('not found');
    }
  });
  return listen(server, new Set());
}

async function listen(server: Http1Server | Server, sessions: Set<TestSession>): Promise<TestServer> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    sessions,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const session of sessions) session.destroy();
        if ('closeAllConnections' in server) server.closeAllConnections();
      }),
  };
}

/** Waits until `condition` holds; fails after `timeoutMs`. */
export async function until(condition: () => boolean, what: string, timeoutMs = 5000): Promise<void> {
  const end = performance.now() + timeoutMs;
  while (!condition()) {
    if (performance.now() > end) throw new Error(`timed out: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
