import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import type { DescMethod } from '@bufbuild/protobuf';
import type { ConnectError } from '@connectrpc/connect';
import type { ByteStream } from './byte-stream.ts';
import type { EnvelopeCall, EnvelopeHandler, UnaryHandler } from './call.ts';
import { type Codec, parseContentType } from './connect-protocol.ts';
import { ConnectUnaryCall, type ConnectUnarySetup, type UnaryExchange } from './connect-unary-call.ts';
import { Deadlines } from './deadlines.ts';
import { type Endpoint, EnvelopeEndpoint, refusalOf } from './endpoint.ts';
import { type Exchange, exchangeOf, type ServeContext, streamExchange } from './exchange.ts';
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
  readonly #enveloped: EnvelopeEndpoint;
  readonly #options: ResolvedOptions;
  readonly #setups: Readonly<Record<Codec, ConnectUnarySetup>>;
  #active = 0;

  constructor(method: DescMethod, handle: UnaryHandler, options: EnvelopeOptions = {}) {
    this.method = method;
    this.#options = resolveOptions(options);
    this.#enveloped = new EnvelopeEndpoint(method, (call) => new UnaryAdapter(call, handle), options);
    const { requestTimeoutMs, lingerMs } = this.#options;
    const proto: ConnectUnarySetup = {
      codec: 'proto',
      options: this.#options,
      handle,
      reading: new Deadlines(requestTimeoutMs, (call) => call.requestLate()),
      answering: new Deadlines(lingerMs, (call) => call.answerLate()),
      decode: undefined,
      encode: undefined,
      onGone: () => {
        this.#active--;
      },
    };
    const decode = jsonDecoder(method.input, options);
    const encode = jsonEncoder(method.output, options);
    this.#setups = { proto, json: { ...proto, codec: 'json', decode, encode } };
  }

  get active(): number {
    return this.#active + this.#enveloped.active;
  }

  serve(request: IncomingMessage, response: ServerResponse, context: ServeContext = {}): void {
    this.#accept(exchangeOf(request, response), context);
  }

  serveStream(stream: ByteStream, headers: IncomingHttpHeaders, context: ServeContext = {}): void {
    const type = parseContentType(fieldValue(headers, 'content-type'));
    if (type?.protocol !== 'connect-unary' || headers[':method'] !== 'POST') {
      this.#accept(streamExchange(stream, headers), context);
      return;
    }
    const { address = '', responseHeaders } = context;
    this.#begin({ stream, headers, address, responseHeaders }, type.codec);
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
    const { stream, headers, address } = exchange;
    const { responseHeaders } = context;
    this.#begin({ stream, headers, address: context.address ?? address, responseHeaders }, type.codec);
  }

  #begin(exchange: UnaryExchange, codec: Codec): void {
    this.#active++;
    new ConnectUnaryCall(exchange, this.#setups[codec]).start();
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
