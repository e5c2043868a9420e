import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import type { DescMethod } from '@bufbuild/protobuf';
import type { ByteStream } from './byte-stream.ts';
import type { OpenEnvelope } from './call.ts';
import { chooseCompression } from './compression.ts';
import {
  type Codec,
  type ContentType,
  type EnvelopeProtocol,
  parseContentType,
  parseTimeout,
  protocolHeaders,
} from './connect-protocol.ts';
import { type Exchange, exchangeOf, type ServeContext, streamExchange } from './exchange.ts';
import { FramingSet } from './framing.ts';
import { fieldValue } from './metadata.ts';
import { type EnvelopeOptions, type ResolvedOptions, resolveOptions } from './options.ts';
import {
  lingering,
  methodNotAllowed,
  type Refusal,
  refuse,
  unsupportedMediaType,
  versionNotSupported,
} from './refusal.ts';
import { type Decoded, jsonDecoder } from './request-codec.ts';
import { EnvelopeResponse } from './response.ts';
import { StreamCall } from './stream-call.ts';

/** What a gateway needs of an endpoint: it takes a request and answers it, whatever happens. Never throws. */
export interface Endpoint {
  readonly method: DescMethod;
  /** Calls whose exchange is not over yet. */
  readonly active: number;
  /**
   * Serves a request of Node's HTTP/1.1 server, whose body must not have been touched (Fastify: `reply.hijack()` in an
   * `onRequest` hook or in a route with a pass-through body parser).
   */
  serve(request: IncomingMessage, response: ServerResponse, context?: ServeContext): void;
  /** Serves a request of an HTTP/2 stream of ours: `headers` has its pseudo-headers. */
  serveStream(stream: ByteStream, headers: IncomingHttpHeaders, context?: ServeContext): void;
}

/**
 * One rpc in the enveloped protocols: gRPC, gRPC-Web and Connect streaming. A unary method is served to gRPC and gRPC-Web
 * here; Connect has no envelopes for it, see `UnaryEndpoint`.
 */
export class EnvelopeEndpoint implements Endpoint {
  readonly method: DescMethod;
  readonly #open: OpenEnvelope;
  readonly #options: ResolvedOptions;
  readonly #framings: Pick<FramingSet, 'select'>;
  readonly #decodeJson: (bytes: Uint8Array) => Decoded;
  #active = 0;

  /** @param framings what `EnvelopeCall.framing` is chosen from; default: framings of whole messages */
  constructor(
    method: DescMethod,
    open: OpenEnvelope,
    options: EnvelopeOptions = {},
    framings?: Pick<FramingSet, 'select'>,
  ) {
    const resolved = resolveOptions(options);
    this.method = method;
    this.#open = open;
    this.#options = resolved;
    this.#framings = framings ?? new FramingSet(method.output, options, resolved.compressMinBytes);
    this.#decodeJson = jsonDecoder(method.input, options);
  }

  get active(): number {
    return this.#active;
  }

  serve(request: IncomingMessage, response: ServerResponse, context: ServeContext = {}): void {
    this.accept(exchangeOf(request, response), context);
  }

  serveStream(stream: ByteStream, headers: IncomingHttpHeaders, context: ServeContext = {}): void {
    this.accept(streamExchange(stream, headers), context);
  }

  /** Serves a request that was taken over already. */
  accept(exchange: Exchange, context: ServeContext): void {
    const type = parseContentType(fieldValue(exchange.headers, 'content-type'));
    const refusal = refusalOf(exchange, this.method.methodKind, type);
    if (refusal !== undefined) {
      refuse(exchange.stream, refusal, context.responseHeaders, this.#options.lingerMs);
      return;
    }
    if (type === undefined || type.protocol === 'connect-unary') {
      refuse(
        exchange.stream,
        unsupportedMediaType('streaming'),
        context.responseHeaders,
        this.#options.lingerMs,
      );
      return;
    }
    this.#begin(exchange, context, type.protocol, type.codec);
  }

  #begin(
    { stream, headers, address }: Exchange,
    context: ServeContext,
    protocol: EnvelopeProtocol,
    codec: Codec,
  ): void {
    const options = this.#options;
    const names = protocolHeaders(protocol);
    const compression = chooseCompression(headers, names, options.compress);
    const timeout = parseTimeout(protocol, fieldValue(headers, names.timeout));
    const response = new EnvelopeResponse(stream, protocol, codec, {
      extra: context.responseHeaders,
      gzip: compression.response,
      compressMinBytes: options.compressMinBytes,
      ...(options.registry === undefined ? {} : { registry: options.registry }),
    });
    const refused = compression.error ?? timeout.error;
    if (refused !== undefined) {
      stream.open(lingering(stream, options.lingerMs));
      if (compression.error !== undefined) response.headers.set(names.acceptEncoding, 'gzip');
      response.end(refused, undefined);
      return;
    }
    this.#active++;
    const call = new StreamCall(stream, {
      method: this.method,
      protocol,
      codec,
      headers,
      address: context.address ?? address,
      timeoutMs: timeout.timeoutMs,
      framing: this.#framings.select(codec, compression.response),
      response,
      gzipRequest: compression.request,
      maxMessageBytes: options.maxMessageBytes,
      requestTimeoutMs: options.requestTimeoutMs,
      lingerMs: options.lingerMs,
      decode: codec === 'json' ? this.#decodeJson : undefined,
      onError: options.onError,
      onGone: this.#gone,
    });
    call.start(this.#open);
  }

  readonly #gone = (): void => {
    this.#active--;
  };
}

/** The order of the checks is Connect's: HTTP version, HTTP method, content type. */
export function refusalOf(
  { stream, method }: Exchange,
  kind: DescMethod['methodKind'],
  type: ContentType | undefined,
): Refusal | undefined {
  const overHttp1 = stream.httpVersion !== '2';
  if (stream.httpVersion === '1.0' || (overHttp1 && kind === 'bidi_streaming')) return versionNotSupported;
  if (method !== 'POST') return methodNotAllowed;
  const otherConnect = kind === 'unary' ? 'connect' : 'connect-unary';
  if (type === undefined || type.protocol === otherConnect) {
    return unsupportedMediaType(kind === 'unary' ? 'unary' : 'streaming');
  }
  // gRPC needs trailers, and so HTTP/2.
  return overHttp1 && type.protocol === 'grpc' ? versionNotSupported : undefined;
}
