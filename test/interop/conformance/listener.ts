import { createServer as createHttp1, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createHttps } from 'node:https';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { createServer as createTls } from 'node:tls';
import { createRegistry, type DescMethod } from '@bufbuild/protobuf';
import type { ConnectRouter } from '@connectrpc/connect';
import { compressionGzip, connectNodeAdapter } from '@connectrpc/connect-node';
import { type Endpoint, EnvelopeEndpoint } from '../../../src/lanes/envelope/endpoint.ts';
import { exchangeOf, streamExchange } from '../../../src/lanes/envelope/exchange.ts';
import { compatExchange } from '../../../src/lanes/http2/compat-stream.ts';
import type { Http2Stream } from '../../../src/lanes/http2/http2-stream.ts';
import type { RequestHead } from '../../../src/lanes/http2/request-head.ts';
import { serveHttp2On } from '../../helpers/http2-server.ts';
import { refuseCall, unknownRpc } from '../../helpers/refuse-call.ts';
import {
  ConformanceService,
  file_connectrpc_conformance_v1_service,
} from '../gen/connectrpc/conformance/v1/service_pb.ts';
import { type ImplContext, onLane, type StreamingImpl } from '../impl-on-lane.ts';
import type { BodyTap, Tap } from './recording.ts';
import { bidiStream, clientStream, serverStream, unaryImpl } from './service.ts';

const registry = createRegistry(file_connectrpc_conformance_v1_service);

/** Where and how to listen. */
export interface Listen {
  readonly httpVersion: 1 | 2;
  /** 0: no limit of the suite's; both stacks then have one of 16 MiB. */
  readonly maxMessageBytes: number;
  readonly tls?: { readonly cert: Buffer; readonly key: Buffer; readonly clientCa?: Buffer };
  /** Who serves the streaming methods. Unary ones are Connect's in both. */
  readonly streaming: 'lane' | 'connect';
  /** What is left of a timeout differs from run to run: services then tell only that there is one. */
  readonly hideTimeouts?: boolean;
  readonly tap?: Tap;
}

export interface Listening {
  readonly port: number;
  close(): Promise<void>;
}

/** Starts a server of ConformanceService on the loopback address. */
export async function listen(options: Listen): Promise<Listening> {
  const maxMessageBytes = options.maxMessageBytes || 16 * 1024 * 1024;
  const wrap = (context: ImplContext) => (options.hideTimeouts ? withoutTimeout(context) : context);
  const lane =
    options.streaming === 'lane' ? laneEndpoints(maxMessageBytes, wrap) : new Map<string, Endpoint>();
  const connect = connectNodeAdapter({
    routes: (router) => connectRoutes(router, options.streaming === 'connect', wrap),
    acceptCompression: [compressionGzip],
    readMaxBytes: maxMessageBytes,
    jsonOptions: { registry },
  });
  const paths = new Set(
    ConformanceService.methods.map(({ name }) => `/${ConformanceService.typeName}/${name}`),
  );
  const onHttp1 = (request: IncomingMessage, response: ServerResponse) => {
    const { method = '', url = '', headers } = request;
    tapRequest(request, options.tap?.(method, url, headers));
    const endpoint = lane.get(url);
    if (endpoint !== undefined) {
      endpoint.serve(request, response);
      return;
    }
    if (!paths.has(url.split('?', 1)[0] ?? '')) {
      if (!refuseCall(exchangeOf(request, response), unknownRpc(url))) response.writeHead(404).end();
      return;
    }
    // connect-node leaves the rest of a body that it refuses (larger than the limit) unread and the socket paused: over
    // HTTP/1.1 the next request on that connection would wait for ever.
    response.setHeader('connection', 'close');
    connect(request, response);
  };
  const onHttp2 = (stream: Http2Stream, head: RequestHead) => {
    const headers = head.headers();
    tapStream(stream, options.tap?.(head.method, head.path, headers));
    const endpoint = lane.get(head.path);
    if (endpoint !== undefined) endpoint.serveStream(stream, headers);
    else if (paths.has(head.path.split('?', 1)[0] ?? '')) {
      const { request, response } = compatExchange(stream, head);
      connect(request, response);
    } else if (!refuseCall(streamExchange(stream, headers), unknownRpc(head.path))) {
      stream.begin(404, [], true);
    }
  };
  const server = serverOf(options, onHttp1, onHttp2);
  // The runner's client keeps connections; one that the server closes while it sends again is a race, not a result.
  if ('keepAliveTimeout' in server) server.keepAliveTimeout = 120_000;
  const open = new Set<{ destroy(): void }>();
  server.on('connection', (socket: { destroy(): void; once(event: 'close', action: () => void): void }) => {
    open.add(socket);
    socket.once('close', () => open.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of open) socket.destroy();
      }),
  };
}

/** Looks at what passes without reading: a listener for `data` would set the request flowing. */
function tapRequest(request: IncomingMessage, tap: BodyTap | undefined): void {
  if (tap === undefined) return;
  const push = request.push.bind(request);
  request.push = (chunk: Buffer | null, ...rest: []) => {
    if (chunk === null) tap.ended();
    else tap.data(chunk);
    return push(chunk, ...rest);
  };
  request.once('close', () => tap.closed());
}

function tapStream(stream: Http2Stream, tap: BodyTap | undefined): void {
  if (tap === undefined) return;
  const open = stream.open.bind(stream);
  stream.open = (events) =>
    open({
      data: (chunk) => {
        tap.data(chunk);
        events.data(chunk);
      },
      ended: () => {
        tap.ended();
        events.ended();
      },
      drained: () => events.drained(),
      closed: (cause) => {
        tap.closed();
        events.closed(cause);
      },
    });
}

function serverOf(
  { httpVersion, tls }: Listen,
  onHttp1: (request: IncomingMessage, response: ServerResponse) => void,
  onHttp2: (stream: Http2Stream, head: RequestHead) => void,
) {
  const onSocket = (socket: Socket) => serveHttp2On(socket, onHttp2);
  if (tls === undefined) return httpVersion === 1 ? createHttp1(onHttp1) : createServer(onSocket);
  const secure = {
    cert: tls.cert,
    key: tls.key,
    ...(tls.clientCa === undefined ? {} : { requestCert: true, rejectUnauthorized: true, ca: tls.clientCa }),
  };
  return httpVersion === 1
    ? createHttps(secure, onHttp1)
    : createTls({ ...secure, ALPNProtocols: ['h2'] }, onSocket);
}

type Wrap = (context: ImplContext) => ImplContext;

function withoutTimeout(context: ImplContext): ImplContext {
  const { requestHeader, responseHeader, responseTrailer, signal } = context;
  const timeoutMs = () => (context.timeoutMs() === undefined ? undefined : 1);
  return { requestHeader, responseHeader, responseTrailer, signal, timeoutMs };
}

/** A method with one message on one side, as the lane's bridge wants it: a stream of messages on both. */
const streamed: Record<'serverStream' | 'clientStream' | 'bidiStream', StreamingImpl> = {
  async *serverStream(requests, context) {
    for await (const request of requests) yield* serverStream(request, context);
  },
  async *clientStream(requests, context) {
    yield await clientStream(requests, context);
  },
  bidiStream,
};

function laneEndpoints(maxMessageBytes: number, wrap: Wrap): Map<string, Endpoint> {
  const endpoints = new Map<string, Endpoint>();
  for (const [name, impl] of Object.entries(streamed) as [keyof typeof streamed, StreamingImpl][]) {
    const method: DescMethod = ConformanceService.method[name];
    const options = { maxMessageBytes, registry, compress: 'accepted', compressMinBytes: 1024 } as const;
    const open = onLane(method, (requests, context) => impl(requests, wrap(context)));
    endpoints.set(`/${method.parent.typeName}/${method.name}`, new EnvelopeEndpoint(method, open, options));
  }
  return endpoints;
}

function connectRoutes(router: ConnectRouter, streaming: boolean, wrap: Wrap): void {
  const context = (it: object) => wrap(it as ImplContext);
  router.service(ConformanceService, {
    unary: unaryImpl.unary,
    idempotentUnary: unaryImpl.idempotentUnary,
    ...(streaming
      ? {
          clientStream: (requests, it) => clientStream(requests, context(it)),
          serverStream: (request, it) => serverStream(request, context(it)),
          bidiStream: (requests, it) => bidiStream(requests, context(it)),
        }
      : {}),
  });
}
