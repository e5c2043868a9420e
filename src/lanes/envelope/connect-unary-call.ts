import type { IncomingHttpHeaders } from 'node:http';
import { Code, ConnectError } from '@connectrpc/connect';
import { BodyReader } from './body-reader.ts';
import type { ByteStreamEvents, UnaryStream } from './byte-stream.ts';
import type { UnaryCaller, UnaryHandler } from './call.ts';
import { type CompressionChoice, chooseCompression } from './compression.ts';
import {
  type Codec,
  codeToHttpStatus,
  connectErrorBytes,
  mergeNonProtocolHeaders,
  parseTimeout,
  protocolHeaders,
  publicError,
  responseContentType,
} from './connect-protocol.ts';
import type { Deadlines } from './deadlines.ts';
import type { ServeContext } from './exchange.ts';
import { deflate } from './gzip.ts';
import { addFields, fieldValue, type HeaderFields, toHeaders } from './metadata.ts';
import type { ResolvedOptions } from './options.ts';
import { type Decoded, decompress, tooLarge } from './request-codec.ts';
import { startTimer } from './timer.ts';

/** A request that has arrived, whatever HTTP version it came over. */
export interface UnaryExchange {
  readonly stream: UnaryStream;
  readonly headers: IncomingHttpHeaders;
  /** Address of the peer, as it is trusted. */
  readonly address: string;
  readonly responseHeaders: ServeContext['responseHeaders'];
}

/** What an endpoint's Connect unary calls of one codec have in common. */
export interface ConnectUnarySetup {
  readonly codec: Codec;
  readonly options: ResolvedOptions;
  readonly handle: UnaryHandler;
  /** Calls whose request is not complete. They are told `requestLate`. */
  readonly reading: Deadlines<ConnectUnaryCall>;
  /** Calls whose answer was not read. They are told `answerLate`. */
  readonly answering: Deadlines<ConnectUnaryCall>;
  /** JSON to binary and back; absent with the binary codec. */
  readonly decode: ((bytes: Uint8Array) => Decoded) | undefined;
  readonly encode: ((bytes: Uint8Array) => Uint8Array) | undefined;
  readonly onGone: () => void;
}

/** One Connect unary call: the body is the message, the status is HTTP's, an error is JSON. */
export class ConnectUnaryCall implements UnaryCaller, ByteStreamEvents {
  readonly protocol = 'connect';
  readonly codec: Codec;
  readonly httpVersion: '1.1' | '2';
  readonly address: string;
  readonly timeoutMs: number | undefined;
  readonly #exchange: UnaryExchange;
  readonly #setup: ConnectUnarySetup;
  readonly #compression: CompressionChoice;
  readonly #timeoutError: ConnectError | undefined;
  readonly #body: BodyReader;
  readonly #beganAt: number | undefined;
  #stopDeadline: (() => void) | undefined;
  #requestHeaders: Headers | undefined;
  #phase: 'reading' | 'handling' | 'ended' | 'gone' = 'reading';

  constructor(exchange: UnaryExchange, setup: ConnectUnarySetup) {
    const names = protocolHeaders('connect-unary');
    const timeout = parseTimeout('connect-unary', fieldValue(exchange.headers, names.timeout));
    this.codec = setup.codec;
    this.httpVersion = exchange.stream.httpVersion === '2' ? '2' : '1.1';
    this.address = exchange.address;
    this.timeoutMs = timeout.timeoutMs;
    this.#timeoutError = timeout.error;
    this.#beganAt = timeout.timeoutMs === undefined ? undefined : performance.now();
    this.#exchange = exchange;
    this.#setup = setup;
    this.#compression = chooseCompression(exchange.headers, names, setup.options.compress);
    this.#body = new BodyReader(setup.options.maxMessageBytes);
  }

  /** Reads the request and has it handled. */
  start(): void {
    const { stream, headers } = this.#exchange;
    stream.open(this);
    const { maxMessageBytes, requestTimeoutMs } = this.#setup.options;
    const refused = this.#compression.error ?? this.#timeoutError;
    if (refused !== undefined) {
      this.#finish(refused);
    } else if (Number(fieldValue(headers, 'content-length') ?? 0) > maxMessageBytes) {
      this.#refuseSize();
    } else {
      this.#setup.reading.add(this);
      if (this.timeoutMs !== undefined && this.timeoutMs < requestTimeoutMs) this.#startDeadline();
    }
  }

  get requestHeaders(): Headers {
    this.#requestHeaders ??= toHeaders(this.#exchange.headers);
    return this.#requestHeaders;
  }

  requestHeader(name: string): string | undefined {
    return fieldValue(this.#exchange.headers, name);
  }

  requestLate(): void {
    this.#finish(expired(`the request was not complete within ${this.#setup.options.requestTimeoutMs} ms`));
  }

  answerLate(): void {
    this.#exchange.stream.destroy();
  }

  data(chunk: Uint8Array): void {
    if (this.#phase === 'reading' && !this.#body.push(chunk)) this.#refuseSize();
  }

  ended(): void {
    if (this.#phase !== 'reading') return;
    this.#phase = 'handling';
    this.#setup.reading.delete(this);
    let read: Decoded = { kind: 'ok', bytes: this.#body.bytes };
    this.#body.clear();
    if (this.#compression.request) {
      read = decompress(read.bytes, true, this.#setup.options.maxMessageBytes);
    }
    if (read.kind === 'ok' && this.#setup.decode !== undefined) read = this.#setup.decode(read.bytes);
    if (read.kind !== 'ok') {
      this.#finish(read.error);
      return;
    }
    try {
      this.#setup.handle(read.bytes, this, (result) => this.#finish(result));
    } catch (reason) {
      this.#fail(reason);
    }
    // Nearly all are answered at once.
    if (this.#isHandling) this.#startDeadline();
  }

  drained(): void {}

  closed(): void {
    this.#phase = 'gone';
    this.#stopTimers();
    this.#setup.answering.delete(this);
    this.#body.clear();
    this.#setup.onGone();
  }

  get #isHandling(): boolean {
    return this.#phase === 'handling';
  }

  /** Once: the caller's deadline counts from the beginning of the call. */
  #startDeadline(): void {
    if (this.timeoutMs === undefined || this.#beganAt === undefined) return;
    const leftMs = this.timeoutMs - (performance.now() - this.#beganAt);
    this.#stopDeadline ??= startTimer(leftMs, () => this.#finish(expired('deadline exceeded')));
  }

  #refuseSize(): void {
    const refused = tooLarge(this.#setup.options.maxMessageBytes);
    if (refused.kind === 'violation') this.#finish(refused.error);
  }

  #fail(reason: unknown): void {
    if (!(reason instanceof ConnectError)) this.#setup.options.onError(reason);
    this.#finish(publicError(reason));
  }

  #finish(result: Uint8Array | ConnectError): void {
    if (this.#phase === 'ended' || this.#phase === 'gone') return;
    if (result instanceof Uint8Array) {
      try {
        const body = this.#setup.encode === undefined ? result : this.#setup.encode(result);
        this.#respond(200, responseContentType({ protocol: 'connect-unary', codec: this.codec }), body);
      } catch (reason) {
        this.#fail(reason);
      }
      return;
    }
    const metadata = new Headers();
    mergeNonProtocolHeaders(metadata, result.metadata);
    if (result === this.#compression.error) metadata.set('accept-encoding', 'gzip');
    this.#respond(
      codeToHttpStatus(result.code),
      'application/json',
      connectErrorBytes(result, this.#setup.options),
      metadata,
    );
  }

  #respond(status: number, contentType: string, plain: Uint8Array, metadata?: Headers): void {
    this.#phase = 'ended';
    this.#stopTimers();
    this.#body.clear();
    const { stream, responseHeaders } = this.#exchange;
    const fields: HeaderFields = {};
    addFields(fields, responseHeaders);
    addFields(fields, metadata);
    let body = plain;
    if (this.#compression.response && plain.byteLength >= this.#setup.options.compressMinBytes) {
      body = deflate(plain);
      fields['content-encoding'] = 'gzip';
    }
    fields['content-type'] = contentType;
    fields['content-length'] = String(body.byteLength);
    this.#setup.answering.add(this);
    stream.respond(status, fields, false);
    stream.end(body, undefined);
  }

  #stopTimers(): void {
    this.#setup.reading.delete(this);
    this.#stopDeadline?.();
  }
}

function expired(message: string): ConnectError {
  return new ConnectError(message, Code.DeadlineExceeded);
}
