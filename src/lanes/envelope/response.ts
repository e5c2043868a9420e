import type { ConnectError } from '@connectrpc/connect';
import type { ByteStream } from './byte-stream.ts';
import {
  type Codec,
  compressedFlag,
  connectEndBytes,
  connectEndFlag,
  type EnvelopeProtocol,
  grpcTrailers,
  grpcWebTrailerBytes,
  protocolHeaders,
  responseContentType,
  webTrailerFlag,
} from './connect-protocol.ts';
import { envelope } from './framing.ts';
import { deflate } from './gzip.ts';
import { addFields, type HeaderFields } from './metadata.ts';

const okTrailers: HeaderFields = Object.freeze({ 'grpc-status': '0' });

/** The response of a call: header fields at the first write, envelopes, then the status where the protocol puts it. */
export class EnvelopeResponse {
  readonly #stream: ByteStream;
  readonly #protocol: EnvelopeProtocol;
  readonly #codec: Codec;
  readonly #gzip: boolean;
  readonly #extra: Readonly<Record<string, string>> | undefined;
  readonly #compressMinBytes: number;
  #headers: Headers | undefined;

  /** @param extra fields of the gateway (CORS, `alt-svc`) */
  constructor(
    stream: ByteStream,
    protocol: EnvelopeProtocol,
    codec: Codec,
    extra: Readonly<Record<string, string>> | undefined,
    gzip = false,
    compressMinBytes = Number.POSITIVE_INFINITY,
  ) {
    this.#stream = stream;
    this.#protocol = protocol;
    this.#codec = codec;
    this.#extra = extra;
    this.#gzip = gzip;
    this.#compressMinBytes = compressMinBytes;
  }

  /** The call's own response metadata. */
  get headers(): Headers {
    this.#headers ??= new Headers();
    return this.#headers;
  }

  /** Writes framed bytes; false above the high-water mark. */
  write(bytes: Uint8Array): boolean {
    this.#start();
    return this.#stream.write(bytes);
  }

  /**
   * Ends the response. An error before the first message has header fields and trailers like any other end: a
   * "trailers-only" response would say the same in fewer bytes, and proxies and clients differ about it.
   */
  end(error: ConnectError | undefined, trailers: Headers | undefined): void {
    this.#start();
    switch (this.#protocol) {
      case 'grpc':
        this.#stream.end(undefined, grpcFields(error, trailers));
        return;
      case 'grpc-web':
        this.#stream.end(this.#last(webTrailerFlag, grpcWebTrailerBytes(error, trailers)), undefined);
        return;
      case 'connect':
        this.#stream.end(this.#last(connectEndFlag, connectEndBytes(error, trailers)), undefined);
    }
  }

  #start(): void {
    if (this.#stream.responded) return;
    const fields: HeaderFields = {};
    addFields(fields, this.#extra);
    addFields(fields, this.#headers);
    fields['content-type'] = responseContentType({ protocol: this.#protocol, codec: this.#codec });
    if (this.#gzip) fields[protocolHeaders(this.#protocol).encoding] = 'gzip';
    this.#stream.respond(200, fields, this.#protocol === 'grpc');
  }

  #last(flag: number, body: Uint8Array): Uint8Array {
    return this.#gzip && body.byteLength >= this.#compressMinBytes
      ? envelope(flag | compressedFlag, deflate(body))
      : envelope(flag, body);
  }
}

function grpcFields(error: ConnectError | undefined, trailers: Headers | undefined): HeaderFields {
  if (error === undefined && trailers === undefined) return okTrailers;
  const fields: HeaderFields = {};
  addFields(fields, grpcTrailers(error, trailers));
  return fields;
}
