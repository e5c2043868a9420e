import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { type Code, ConnectError } from '@connectrpc/connect';
import type { LaneCloseCause } from '../../../src/core/lane.ts';
import type { EnvelopeCall, EnvelopeHandler } from '../../../src/lanes/envelope/call.ts';
import { type Endpoint, EnvelopeEndpoint } from '../../../src/lanes/envelope/endpoint.ts';
import type { EnvelopeOptions } from '../../../src/lanes/envelope/options.ts';
import { UnaryEndpoint } from '../../../src/lanes/envelope/unary-endpoint.ts';
import {
  type EchoRequest,
  EchoRequestSchema,
  EchoResponseSchema,
  EchoService,
} from '../../interop/gen/signalbox/test/v1/echo_pb.ts';

/** What the handlers saw, for tests to look at. */
export interface Seen {
  readonly calls: EnvelopeCall[];
  readonly closed: LaneCloseCause[];
  readonly halfClosed: string[];
  readonly errors: unknown[];
  readonly drained: number[];
}

export function newSeen(): Seen {
  return { calls: [], closed: [], halfClosed: [], errors: [], drained: [] };
}

function fail(request: EchoRequest): ConnectError {
  const error = new ConnectError(request.text || 'asked to fail', request.failCode as Code, {
    'x-error': 'yes',
  });
  error.details = [{ desc: EchoRequestSchema, value: { text: 'detail', count: 7 } }];
  return error;
}

function response(request: EchoRequest, index: number): Uint8Array {
  return toBinary(
    EchoResponseSchema,
    create(EchoResponseSchema, {
      text: request.text,
      payload: request.payload,
      index,
      size: request.payload.byteLength,
      ...(request.any === undefined ? {} : { any: request.any }),
    }),
  );
}

/** Answers by the kind of the method; `x-trailer` in the request comes back as a trailer, `x-header` as a header. */
export class EchoHandler implements EnvelopeHandler {
  readonly call: EnvelopeCall;
  readonly seen: Seen;
  #requests = 0;
  #bytes = 0;
  #left: EchoRequest | undefined;
  #sent = 0;

  constructor(call: EnvelopeCall, seen: Seen) {
    this.call = call;
    this.seen = seen;
    seen.calls.push(call);
    const header = call.requestHeader('x-header');
    if (header !== undefined) call.responseHeaders.set('x-header', header);
    const binary = call.requestHeaders.get('x-any-bin');
    if (binary !== null) call.responseHeaders.set('x-any-bin', binary);
  }

  message(bytes: Uint8Array): boolean {
    const request = fromBinary(EchoRequestSchema, bytes);
    this.#requests++;
    this.#bytes += request.payload.byteLength;
    if (request.text === 'throw') throw new Error('a secret of the handler');
    if (request.text === 'hang') return true;
    if (request.failCode !== 0) {
      this.#end(fail(request));
      return true;
    }
    if (this.call.method === EchoService.method.serverStream) {
      this.#left = request;
      this.#pump();
    } else if (this.call.method === EchoService.method.bidi) {
      this.call.send(response(request, this.#sent++));
    }
    return true;
  }

  halfClosed(): void {
    this.seen.halfClosed.push(this.call.method.name);
    if (this.call.method === EchoService.method.bidi) this.#end();
    if (this.call.method === EchoService.method.clientStream) {
      this.call.send(
        toBinary(
          EchoResponseSchema,
          create(EchoResponseSchema, { index: this.#requests, size: this.#bytes }),
        ),
      );
      this.#end();
    }
  }

  drained(): void {
    this.seen.drained.push(this.#sent);
    this.#pump();
  }

  closed(cause: LaneCloseCause): void {
    this.seen.closed.push(cause);
  }

  violated(error: ConnectError): void {
    this.call.end(error);
  }

  #pump(): void {
    const request = this.#left;
    if (request === undefined) return;
    while (this.#sent < request.count) {
      if (!this.call.send(response(request, this.#sent++))) return;
    }
    this.#left = undefined;
    this.#end();
  }

  #end(error?: ConnectError): void {
    const trailer = this.call.requestHeader('x-trailer');
    this.call.end(error, trailer === undefined ? undefined : new Headers({ 'x-trailer': trailer }));
  }
}

/** The four endpoints of EchoService, by path. */
export function echoEndpoints(seen: Seen, options: EnvelopeOptions = {}): Map<string, Endpoint> {
  const all: EnvelopeOptions = { onError: (reason) => seen.errors.push(reason), ...options };
  const open = (call: EnvelopeCall) => new EchoHandler(call, seen);
  const endpoints: Endpoint[] = [
    new UnaryEndpoint(
      EchoService.method.unary,
      (bytes, _caller, done) => {
        const request = fromBinary(EchoRequestSchema, bytes);
        if (request.text === 'throw') throw new Error('a secret of the handler');
        if (request.text === 'hang') return;
        done(request.failCode === 0 ? response(request, 0) : fail(request));
      },
      all,
    ),
    new EnvelopeEndpoint(EchoService.method.serverStream, open, all),
    new EnvelopeEndpoint(EchoService.method.clientStream, open, all),
    new EnvelopeEndpoint(EchoService.method.bidi, open, all),
  ];
  return new Map(endpoints.map((one) => [`/${EchoService.typeName}/${one.method.name}`, one]));
}
