import type { ConnectError } from '@connectrpc/connect';
import type { ByteStream } from './byte-stream.ts';
import {
  type Codec,
  compressedFlag,
  connectEndBytes,
  connectEndFlag,
  type DetailSettings,
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

/** What a response needs to know beside its protocol. */
export interface ResponseSettings extends DetailSettings {
  /** Fields of the gateway (CORS, `alt-svc`). */
  readonly extra?: Readonly<Record<string, string>> | undefined;
  /** The response's envelopes may be compressed. */
  readonly gzip?: boolean;
  readonly compressMinBytes?: number;
}

/** The response of a call: header fields at the first write, envelopes, then the status where the protocol puts it. */
export class EnvelopeResponse {
  readonly #stream: ByteStream;
  readonly #protocol: EnvelopeProtocol;
  readonly #codec: Codec;
  readonly #settings: ResponseSettings;
  #headers: Headers | undefined;
  #started = false;

  constructor(stream: ByteStream, protocol: EnvelopeProtocol, codec: Codec, settings: ResponseSettings) {
    this.#stream = stream;
    this.#protocol = protocol;
    this.#codec = codec;
    this.#settings = settings;
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
        this.#stream.end(
          this.#last(connectEndFlag, connectEndBytes(error, trailers, this.#settings)),
          undefined,
        );
    }
  }

  #start(): void {
    if (this.#started || this.#stream.responded) return;
    this.#started = true;
    const fields: HeaderFields = {};
    addFields(fields, this.#settings.extra);
    addFields(fields, this.#headers);
    fields['content-type'] = responseContentType({ protocol: this.#protocol, codec: this.#codec });
    if (this.#settings.gzip === true) fields[protocolHeaders(this.#protocol).encoding] = 'gzip';
    this.#stream.respond(200, fields, this.#protocol === 'grpc');
  }

  #last(flag: number, body: Uint8Array): Uint8Array {
    const { gzip = false, compressMinBytes = 0 } = this.#settings;
    return gzip && body.byteLength >= compressMinBytes
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
