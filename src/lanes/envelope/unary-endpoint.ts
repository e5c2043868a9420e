import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import type { Http2ServerRequest, Http2ServerResponse, ServerHttp2Stream } from 'node:http2';
import type { DescMethod } from '@bufbuild/protobuf';
import type { ConnectError } from '@connectrpc/connect';
import type { EnvelopeCall, EnvelopeHandler, UnaryHandler } from './call.ts';
import { parseContentType } from './connect-protocol.ts';
import { ConnectUnaryCall } from './connect-unary-call.ts';
import { type Endpoint, EnvelopeEndpoint, refusalOf } from './endpoint.ts';
import { type Exchange, exchangeOf, http2Exchange, type ServeContext } from './exchange.ts';
import { jsonEncoder } from './framing.ts';
import { fieldValue } from './metadata.ts';
import { type EnvelopeOptions, type ResolvedOptions, resolveOptions } from './options.ts';
import { refuse } from './refusal.ts';
import { jsonDecoder } from './request-codec.ts';

/**
 * One unary rpc on gRPC, gRPC-Web and Connect, in binary and JSON. With the binary codec nothing is decoded: for rpcs
 * that are called too often for a router and its promises.
 */
export class UnaryEndpoint implements Endpoint {
  readonly method: DescMethod;
  readonly #handle: UnaryHandler;
  readonly #enveloped: EnvelopeEndpoint;
  readonly #options: ResolvedOptions;
  readonly #decodeJson: ReturnType<typeof jsonDecoder>;
  readonly #encodeJson: ReturnType<typeof jsonEncoder>;
  #active = 0;

  constructor(method: DescMethod, handle: UnaryHandler, options: EnvelopeOptions = {}) {
    this.method = method;
    this.#handle = handle;
    this.#options = resolveOptions(options);
    this.#enveloped = new EnvelopeEndpoint(method, (call) => new UnaryAdapter(call, handle), options);
    this.#decodeJson = jsonDecoder(method.input, options);
    this.#encodeJson = jsonEncoder(method.output, options);
  }

  get active(): number {
    return this.#active + this.#enveloped.active;
  }

  serve(
    request: IncomingMessage | Http2ServerRequest,
    response: ServerResponse | Http2ServerResponse,
    context: ServeContext = {},
  ): void {
    this.#accept(exchangeOf(request, response), context);
  }

  serveStream(stream: ServerHttp2Stream, headers: IncomingHttpHeaders, context: ServeContext = {}): void {
    this.#accept(http2Exchange(stream, headers), context);
  }

  #accept(exchange: Exchange, context: ServeContext): void {
    const type = parseContentType(fieldValue(exchange.headers, 'content-type'));
    if (type?.protocol !== 'connect-unary') {
      this.#enveloped.accept(exchange, context);
      return;
    }
    const refusal = refusalOf(exchange, 'unary', type);
    if (refusal !== undefined) {
      refuse(exchange.stream, refusal, context.responseHeaders, this.#options.lingerMs);
      return;
    }
    this.#active++;
    const json = type.codec === 'json';
    const call = new ConnectUnaryCall(exchange, context, {
      codec: type.codec,
      options: this.#options,
      decode: json ? this.#decodeJson : undefined,
      encode: json ? this.#encodeJson : undefined,
      onGone: () => this.#active--,
    });
    call.start(this.#handle);
  }
}

/** A unary handler behind an enveloped call. */
class UnaryAdapter implements EnvelopeHandler {
  readonly #call: EnvelopeCall;
  readonly #handle: UnaryHandler;

  constructor(call: EnvelopeCall, handle: UnaryHandler) {
    this.#call = call;
    this.#handle = handle;
  }

  message(bytes: Uint8Array): boolean {
    this.#handle(bytes, this.#call, (result) => {
      if (!(result instanceof Uint8Array)) {
        this.#call.end(result);
        return;
      }
      this.#call.send(result);
      this.#call.end();
    });
    return true;
  }

  halfClosed(): void {}
  drained(): void {}
  closed(): void {}

  violated(error: ConnectError): void {
    this.#call.end(error);
  }
}
