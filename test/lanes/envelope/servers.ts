import { createServer as createHttp1Server, type Server as Http1Server } from 'node:http';
import {
  createServer as createHttp2Server,
  type Http2Server,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2';
import type { AddressInfo } from 'node:net';
import type { Endpoint } from '../../../src/lanes/envelope/endpoint.ts';
import type { ServeContext } from '../../../src/lanes/envelope/exchange.ts';
import { refuseCall, unknownRpc } from '../../helpers/refuse-call.ts';

/** A server of one test, with all that it needs to be gone afterwards. */
export interface TestServer {
  readonly url: string;
  readonly port: number;
  readonly sessions: Set<ServerHttp2Session>;
  close(): Promise<void>;
}

type Endpoints = ReadonlyMap<string, Endpoint>;

/** HTTP/2 in clear text. `raw`: by the `stream` event; `compat`: through Node's compat layer, as Fastify has it. */
export async function serveHttp2(
  endpoints: Endpoints,
  how: 'raw' | 'compat',
  context: ServeContext = {},
): Promise<TestServer> {
  const server = createHttp2Server();
  const sessions = new Set<ServerHttp2Session>();
  server.on('session', (session) => {
    sessions.add(session);
    session.on('error', () => {});
    session.on('close', () => sessions.delete(session));
  });
  if (how === 'raw') {
    server.on('stream', (stream: ServerHttp2Stream, headers) => {
      const endpoint = endpoints.get(String(headers[':path']));
      if (endpoint === undefined) stream.close();
      else endpoint.serveStream(stream, headers, context);
    });
  } else {
    server.on('request', (request, response) => {
      const endpoint = endpoints.get(request.url);
      if (endpoint !== undefined) endpoint.serve(request, response, context);
      else if (!refuseCall(request, response, unknownRpc(request.url), context)) {
        response.writeHead(404).end('not found');
      }
    });
  }
  return listen(server, sessions);
}

/** HTTP/1.1. */
export async function serveHttp1(endpoints: Endpoints, context: ServeContext = {}): Promise<TestServer> {
  const server = createHttp1Server((request, response) => {
    const endpoint = endpoints.get(request.url ?? '');
    if (endpoint !== undefined) endpoint.serve(request, response, context);
    else if (!refuseCall(request, response, unknownRpc(request.url ?? ''), context)) {
      response.writeHead(404).end('not found');
    }
  });
  return listen(server, new Set());
}

async function listen(
  server: Http1Server | Http2Server,
  sessions: Set<ServerHttp2Session>,
): Promise<TestServer> {
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
