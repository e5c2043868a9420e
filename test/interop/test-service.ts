import { type AddressInfo, createServer, type Socket } from 'node:net';
import { create, fromBinary, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import { Code, ConnectError, type ConnectRouter } from '@connectrpc/connect';
import { compressionGzip, connectNodeAdapter } from '@connectrpc/connect-node';
import type { EnvelopeCall, EnvelopeHandler } from '../../src/lanes/envelope/call.ts';
import { type Endpoint, EnvelopeEndpoint } from '../../src/lanes/envelope/endpoint.ts';
import { streamExchange } from '../../src/lanes/envelope/exchange.ts';
import { compatExchange } from '../../src/lanes/http2/compat-stream.ts';
import { serveHttp2On } from '../helpers/http2-server.ts';
import { refuseCall, unknownRpc } from '../helpers/refuse-call.ts';
import {
  type EchoStatus,
  type SimpleRequest,
  StreamingInputCallRequestSchema,
  StreamingInputCallResponseSchema,
  type StreamingOutputCallRequest,
  StreamingOutputCallRequestSchema,
  StreamingOutputCallResponseSchema,
} from './gen/grpc/testing/messages_pb.ts';
import { TestService } from './gen/grpc/testing/test_pb.ts';

// grpc.testing.TestService after gRPC's doc/interop-test-descriptions: streaming methods on the envelope lane, unary ones on
// Connect's router, one port.

const initialMetadata = 'x-grpc-test-echo-initial';
const trailingMetadata = 'x-grpc-test-echo-trailing-bin';

function statusError(status: EchoStatus | undefined): ConnectError | undefined {
  return status === undefined || status.code === 0
    ? undefined
    : new ConnectError(status.message, status.code as Code);
}

/** Compression that was asked for and did not happen, or the other way round. */
function unexpectedCompression(expected: boolean | undefined, compressed: boolean): ConnectError | undefined {
  return expected === undefined || expected === compressed
    ? undefined
    : new ConnectError('compression is not as expected', Code.InvalidArgument);
}

function echoed(call: EnvelopeCall): Headers {
  const initial = call.requestHeader(initialMetadata);
  if (initial !== undefined) call.responseHeaders.set(initialMetadata, initial);
  const trailing = call.requestHeader(trailingMetadata);
  return new Headers(trailing === undefined ? {} : { [trailingMetadata]: trailing });
}

abstract class TestHandler implements EnvelopeHandler {
  protected readonly call: EnvelopeCall;
  protected readonly trailers: Headers;

  constructor(call: EnvelopeCall) {
    this.call = call;
    this.trailers = echoed(call);
  }

  abstract message(bytes: Uint8Array, compressed: boolean): boolean;
  abstract halfClosed(): void;
  drained(): void {}
  closed(): void {}
  violated(error: ConnectError): void {
    this.call.end(error);
  }
}

class StreamingInput extends TestHandler {
  #size = 0;

  message(bytes: Uint8Array, compressed: boolean): boolean {
    const { payload, expectCompressed } = fromBinary(StreamingInputCallRequestSchema, bytes);
    const wrong = unexpectedCompression(expectCompressed?.value, compressed);
    if (wrong !== undefined) this.call.end(wrong);
    this.#size += payload?.body.byteLength ?? 0;
    return true;
  }

  halfClosed(): void {
    const response = create(StreamingInputCallResponseSchema, { aggregatedPayloadSize: this.#size });
    this.call.send(toBinary(StreamingInputCallResponseSchema, response));
    this.call.end(undefined, this.trailers);
  }
}

/** StreamingOutputCall, FullDuplexCall and HalfDuplexCall: each request names the messages to send. */
class StreamingOutput extends TestHandler {
  readonly #held: StreamingOutputCallRequest[] = [];
  #timer: NodeJS.Timeout | undefined;
  #sizes: { readonly size: number; readonly intervalUs: number }[] = [];
  #halfClosed = false;

  message(bytes: Uint8Array): boolean {
    const request = fromBinary(StreamingOutputCallRequestSchema, bytes);
    if (this.call.method === TestService.method.halfDuplexCall) this.#held.push(request);
    else this.#take(request);
    return true;
  }

  halfClosed(): void {
    this.#halfClosed = true;
    for (const request of this.#held) this.#take(request);
    this.#next();
  }

  override closed(): void {
    clearTimeout(this.#timer);
  }

  #take(request: StreamingOutputCallRequest): void {
    const error = statusError(request.responseStatus);
    if (error !== undefined) {
      this.call.end(error, this.trailers);
      return;
    }
    this.#sizes.push(...request.responseParameters);
    this.#next();
  }

  #next(): void {
    if (this.#timer !== undefined) return;
    const next = this.#sizes.shift();
    if (next === undefined) {
      if (this.#halfClosed) this.call.end(undefined, this.trailers);
      return;
    }
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      const response = create(StreamingOutputCallResponseSchema, {
        payload: { body: new Uint8Array(next.size) },
      });
      this.call.send(toBinary(StreamingOutputCallResponseSchema, response));
      this.#next();
    }, next.intervalUs / 1000);
  }
}

function endpoints(): Map<string, Endpoint> {
  const { streamingOutputCall, streamingInputCall, fullDuplexCall, halfDuplexCall } = TestService.method;
  const all = [streamingOutputCall, streamingInputCall, fullDuplexCall, halfDuplexCall].map((method) => {
    const handler = method === streamingInputCall ? StreamingInput : StreamingOutput;
    return new EnvelopeEndpoint(method, (call) => new handler(call), { compress: 'accepted' });
  });
  return new Map(all.map((one) => [`/${one.method.parent.typeName}/${one.method.name}`, one]));
}

function unaryRoutes(router: ConnectRouter): void {
  router.rpc(TestService.method.emptyCall, () => ({}));
  router.rpc(TestService.method.unaryCall, (request: SimpleRequest, context) => {
    const initial = context.requestHeader.get(initialMetadata);
    if (initial !== null) context.responseHeader.set(initialMetadata, initial);
    const trailing = context.requestHeader.get(trailingMetadata);
    if (trailing !== null) context.responseTrailer.set(trailingMetadata, trailing);
    const compressed = context.requestHeader.get('grpc-encoding') === 'gzip';
    const wrong =
      unexpectedCompression(request.expectCompressed?.value, compressed) ??
      statusError(request.responseStatus);
    if (wrong !== undefined) throw wrong;
    const payload: MessageInitShape<typeof StreamingOutputCallResponseSchema>['payload'] = {
      body: new Uint8Array(request.responseSize),
    };
    return { payload };
  });
}

/** Starts the service over HTTP/2 in clear text. */
export async function startTestService(): Promise<{ readonly port: number; close(): Promise<void> }> {
  const lane = endpoints();
  const connect = connectNodeAdapter({
    routes: unaryRoutes,
    acceptCompression: [compressionGzip],
    readMaxBytes: 1024 * 1024,
  });
  const paths = new Set(TestService.methods.map(({ name }) => `/${TestService.typeName}/${name}`));
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    serveHttp2On(socket, (stream, head) => {
      const endpoint = lane.get(head.path);
      if (endpoint !== undefined) endpoint.serveStream(stream, head.headers());
      else if (paths.has(head.path)) {
        const { request, response } = compatExchange(stream, head);
        connect(request, response);
      } else if (!refuseCall(streamExchange(stream, head.headers()), unknownRpc(head.path))) {
        stream.begin(404, [], true);
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}
