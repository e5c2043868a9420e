/**
 * The one place that knows how Connect, gRPC and gRPC-Web spell content types, timeouts, statuses and trailers.
 *
 * `@connectrpc/connect/protocol*` is private API of a package that is pinned to an exact version; nothing else in the
 * gateway imports it, so that an upgrade is a review of this file.
 */
import type { Registry } from '@bufbuild/protobuf';
import { Code, ConnectError } from '@connectrpc/connect';
import { compressedFlag, mergeNonProtocolHeaders } from '@connectrpc/connect/protocol';
import {
  codeToHttpStatus,
  headerStreamAcceptEncoding as connectAcceptEncoding,
  headerStreamEncoding as connectEncoding,
  headerTimeout as connectTimeout,
  endStreamFlag,
  endStreamToJson,
  errorToJson,
  headerUnaryAcceptEncoding,
  headerUnaryEncoding,
  parseContentType as parseConnectContentType,
  parseTimeout as parseConnectTimeout,
} from '@connectrpc/connect/protocol-connect';
import {
  headerAcceptEncoding as grpcAcceptEncoding,
  headerEncoding as grpcEncoding,
  headerTimeout as grpcTimeout,
  parseContentType as parseGrpcContentType,
  parseTimeout as parseGrpcTimeout,
  setTrailerStatus,
} from '@connectrpc/connect/protocol-grpc';
import {
  parseContentType as parseGrpcWebContentType,
  trailerFlag,
  trailerSerialize,
} from '@connectrpc/connect/protocol-grpc-web';

export { codeToHttpStatus, compressedFlag, mergeNonProtocolHeaders };

/** The protocols that put messages into 5-byte envelopes. */
export type EnvelopeProtocol = 'grpc' | 'grpc-web' | 'connect';
/** How a message is encoded inside its envelope. */
export type Codec = 'proto' | 'json';

/** What a content type says about a call. `connect-unary` has no envelopes: one message is the whole body. */
export interface ContentType {
  readonly protocol: EnvelopeProtocol | 'connect-unary';
  readonly codec: Codec;
}

/** Names of the headers that carry a protocol's own settings, lower case as Node spells them. */
export interface ProtocolHeaders {
  readonly timeout: string;
  readonly encoding: string;
  readonly acceptEncoding: string;
}

const grpcHeaders: ProtocolHeaders = {
  timeout: grpcTimeout.toLowerCase(),
  encoding: grpcEncoding.toLowerCase(),
  acceptEncoding: grpcAcceptEncoding.toLowerCase(),
};

const headersOf: Readonly<Record<ContentType['protocol'], ProtocolHeaders>> = {
  grpc: grpcHeaders,
  'grpc-web': grpcHeaders,
  connect: {
    timeout: connectTimeout.toLowerCase(),
    encoding: connectEncoding.toLowerCase(),
    acceptEncoding: connectAcceptEncoding.toLowerCase(),
  },
  'connect-unary': {
    timeout: connectTimeout.toLowerCase(),
    encoding: headerUnaryEncoding.toLowerCase(),
    acceptEncoding: headerUnaryAcceptEncoding.toLowerCase(),
  },
};

/** The protocol's header names. */
export function protocolHeaders(protocol: ContentType['protocol']): ProtocolHeaders {
  return headersOf[protocol];
}

/**
 * Reads a request's content type. `undefined` for anything that is not served, which includes `grpc-web-text`: base64
 * in both directions would need a second copy of every shared write.
 */
export function parseContentType(value: string | undefined): ContentType | undefined {
  if (value === undefined) return undefined;
  const grpc = parseGrpcContentType(value);
  if (grpc !== undefined) return { protocol: 'grpc', codec: grpc.binary ? 'proto' : 'json' };
  const web = parseGrpcWebContentType(value);
  if (web !== undefined) {
    return web.text ? undefined : { protocol: 'grpc-web', codec: web.binary ? 'proto' : 'json' };
  }
  const connect = parseConnectContentType(value);
  if (connect === undefined) return undefined;
  return { protocol: connect.stream ? 'connect' : 'connect-unary', codec: connect.binary ? 'proto' : 'json' };
}

/** The content type of a response. */
export function responseContentType({ protocol, codec }: ContentType): string {
  switch (protocol) {
    case 'grpc':
      return `application/grpc+${codec}`;
    case 'grpc-web':
      return `application/grpc-web+${codec}`;
    case 'connect':
      return `application/connect+${codec}`;
    case 'connect-unary':
      return `application/${codec}`;
  }
}

/** Reads the protocol's timeout header: milliseconds, nothing, or the error to answer with. */
export function parseTimeout(
  protocol: ContentType['protocol'],
  value: string | undefined,
): { readonly timeoutMs?: number; readonly error?: ConnectError } {
  const parse = protocol === 'grpc' || protocol === 'grpc-web' ? parseGrpcTimeout : parseConnectTimeout;
  const parsed = parse(value ?? null, Number.MAX_SAFE_INTEGER);
  return {
    ...(parsed.timeoutMs === undefined ? {} : { timeoutMs: parsed.timeoutMs }),
    ...(parsed.error === undefined ? {} : { error: parsed.error }),
  };
}

/** Flag of an envelope that ends a Connect stream; a client has no use for it and it is skipped when it sends one. */
export const connectEndFlag = endStreamFlag;
/** Flag of an envelope that holds gRPC-Web trailers. */
export const webTrailerFlag = trailerFlag;

/** A status message that survives percent encoding: `encodeURIComponent` throws on a lone surrogate. */
function wellFormed(error: ConnectError): ConnectError {
  if (error.rawMessage.isWellFormed()) return error;
  const copy = new ConnectError(error.rawMessage.toWellFormed(), error.code, error.metadata);
  copy.details = error.details;
  return copy;
}

/** Trailers of gRPC: the call's own, with the status (and `grpc-status-details-bin`) set. */
export function grpcTrailers(error: ConnectError | undefined, trailers: Headers | undefined): Headers {
  const target = new Headers(trailers);
  try {
    return setTrailerStatus(target, error === undefined ? undefined : wellFormed(error));
  } catch {
    // A detail that cannot be encoded must not cost the caller its status.
    const bare = new Headers();
    return setTrailerStatus(bare, new ConnectError(error?.rawMessage.toWellFormed() ?? '', error?.code));
  }
}

/** Body of the envelope that ends a gRPC-Web response. */
export function grpcWebTrailerBytes(
  error: ConnectError | undefined,
  trailers: Headers | undefined,
): Uint8Array {
  return trailerSerialize(grpcTrailers(error, trailers));
}

const encoder = new TextEncoder();

/** Types that the readable form of an error's details may need. */
export interface DetailSettings {
  readonly registry?: Registry;
}

/** Body of the envelope that ends a Connect response. */
export function connectEndBytes(
  error: ConnectError | undefined,
  trailers: Headers | undefined,
  settings?: DetailSettings,
): Uint8Array {
  const metadata = new Headers(trailers);
  const end = endStreamToJson(metadata, error === undefined ? undefined : wellFormed(error), settings);
  return encoder.encode(JSON.stringify(end));
}

/** Body of a Connect unary error response. */
export function connectErrorBytes(error: ConnectError, settings?: DetailSettings): Uint8Array {
  return encoder.encode(JSON.stringify(errorToJson(wellFormed(error), settings)));
}

/** Turns anything thrown into what may be told: a ConnectError as it is, everything else without its text. */
export function publicError(reason: unknown): ConnectError {
  return reason instanceof ConnectError
    ? reason
    : new ConnectError('internal error', Code.Internal, undefined, undefined, reason);
}
