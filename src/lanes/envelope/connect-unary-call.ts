import type { IncomingHttpHeaders } from 'node:http';
import { Code, ConnectError } from '@connectrpc/connect';
import { BodyReader } from './body-reader.ts';
import type { ByteStream, ByteStreamEvents } from './byte-stream.ts';
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
import type { Exchange, ServeContext } from './exchange.ts';
import { deflate } from './gzip.ts';
import { addFields, fieldValue, type HeaderFields, toHeaders } from './metadata.ts';
import type { ResolvedOptions } from './options.ts';
import { type Decoded, decompress, tooLarge } from './request-codec.ts';
import { startTimer } from './timer.ts';

/** What an endpoint knows of a Connect unary call before it begins. */
export interface ConnectUnarySetup {
  readonly codec: Codec;
  readonly options: ResolvedOptions;
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
  readonly #stream: ByteStream;
  readonly #headers: IncomingHttpHeaders;
  readonly #extra: ServeContext['responseHeaders'];
  readonly #setup: ConnectUnarySetup;
  readonly #compression: CompressionChoice;
  readonly #timeoutError: ConnectError | undefined;
  readonly #body: BodyReader;
  readonly #stops: (() => void)[] = [];
  #requestHeaders: Headers | undefined;
  #phase: 'reading' | 'handling' | 'ended' | 'gone' = 'reading';
  #handle: UnaryHandler | undefined;

  constructor(exchange: Exchange, context: ServeContext, setup: ConnectUnarySetup) {
    const names = protocolHeaders('connect-unary');
    const timeout = parseTimeout('connect-unary', fieldValue(exchange.headers, names.timeout));
    this.codec = setup.codec;
    this.httpVersion = exchange.stream.httpVersion === '2' ? '2' : '1.1';
    this.address = context.address ?? exchange.address;
    this.timeoutMs = timeout.timeoutMs;
    this.#timeoutError = timeout.error;
    this.#stream = exchange.stream;
    this.#headers = exchange.headers;
    this.#extra = context.responseHeaders;
    this.#setup = setup;
    this.#compression = chooseCompression(exchange.headers, names, setup.options.compress);
    this.#body = new BodyReader(setup.options.maxMessageBytes);
  }

  /** Reads the request, then calls `handle`. */
  start(handle: UnaryHandler): void {
    this.#handle = handle;
    this.#stream.open(this);
    const { maxMessageBytes, requestTimeoutMs } = this.#setup.options;
    const refused = this.#compression.error ?? this.#timeoutError;
    if (refused !== undefined) {
      this.#finish(refused);
    } else if (Number(fieldValue(this.#headers, 'content-length') ?? 0) > maxMessageBytes) {
      this.#refuseSize();
    } else {
      this.#stops.push(startTimer(requestTimeoutMs, () => this.#expireRequest(requestTimeoutMs)));
      if (this.timeoutMs !== undefined) {
        this.#stops.push(startTimer(this.timeoutMs, () => this.#finish(expired('deadline exceeded'))));
      }
    }
  }

  get requestHeaders(): Headers {
    this.#requestHeaders ??= toHeaders(this.#headers);
    return this.#requestHeaders;
  }

  requestHeader(name: string): string | undefined {
    return fieldValue(this.#headers, name);
  }

  data(chunk: Uint8Array): void {
    if (this.#phase === 'reading' && !this.#body.push(chunk)) this.#refuseSize();
  }

  ended(): void {
    if (this.#phase !== 'reading') return;
    this.#phase = 'handling';
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
      this.#handle?.(read.bytes, this, (result) => this.#finish(result));
    } catch (reason) {
      this.#fail(reason);
    }
  }

  drained(): void {}

  closed(): void {
    this.#phase = 'gone';
    this.#stopTimers();
    this.#body.clear();
    this.#setup.onGone();
  }

  #expireRequest(limit: number): void {
    if (this.#phase === 'reading') this.#finish(expired(`the request was not complete within ${limit} ms`));
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
    const fields: HeaderFields = {};
    addFields(fields, this.#extra);
    addFields(fields, metadata);
    let body = plain;
    if (this.#compression.response && plain.byteLength >= this.#setup.options.compressMinBytes) {
      body = deflate(plain);
      fields['content-encoding'] = 'gzip';
    }
    fields['content-type'] = contentType;
    fields['content-length'] = String(body.byteLength);
    this.#stops.push(startTimer(this.#setup.options.lingerMs, () => this.#stream.destroy()));
    this.#stream.respond(status, fields, false);
    this.#stream.end(body, undefined);
  }

  #stopTimers(): void {
    for (const stop of this.#stops.splice(0)) stop();
  }
}

function expired(message: string): ConnectError {
  return new ConnectError(message, Code.DeadlineExceeded);
}
