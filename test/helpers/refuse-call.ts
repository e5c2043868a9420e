import { Code, ConnectError } from '@connectrpc/connect';
import type { ByteStream } from '../../src/lanes/envelope/byte-stream.ts';
import {
  codeToHttpStatus,
  connectErrorBytes,
  parseContentType,
} from '../../src/lanes/envelope/connect-protocol.ts';
import type { Exchange, ServeContext } from '../../src/lanes/envelope/exchange.ts';
import { addFields, fieldValue, type HeaderFields } from '../../src/lanes/envelope/metadata.ts';
import { lingering } from '../../src/lanes/envelope/refusal.ts';
import { EnvelopeResponse } from '../../src/lanes/envelope/response.ts';

const lingerMs = 10_000;

/**
 * Answers a request with an error in the caller's own protocol, without a method to serve it: an unknown rpc, a gateway
 * that is full or draining. Returns false, and has not touched the request, when its content type is none of an rpc's:
 * the gateway then answers in its own way. A Connect `GET` is none either.
 */
export function refuseCall(
  { stream, headers }: Exchange,
  error: ConnectError,
  context: ServeContext = {},
): boolean {
  const type = parseContentType(fieldValue(headers, 'content-type'));
  if (type === undefined) return false;
  const { protocol, codec } = type;
  // gRPC cannot be answered over HTTP/1.1: there is nowhere to put a status.
  if (protocol === 'grpc' && stream.httpVersion !== '2') return false;
  stream.open(lingering(stream, lingerMs));
  if (protocol === 'connect-unary') respondUnary(stream, error, context);
  else
    new EnvelopeResponse(stream, protocol, codec, { extra: context.responseHeaders }).end(error, undefined);
  return true;
}

/** The error of a path that names no rpc. */
export function unknownRpc(path: string): ConnectError {
  return new ConnectError(`unknown rpc ${path.split('?', 1)[0]}`, Code.Unimplemented);
}

function respondUnary(stream: ByteStream, error: ConnectError, context: ServeContext): void {
  const body = connectErrorBytes(error);
  const fields: HeaderFields = {};
  addFields(fields, context.responseHeaders);
  fields['content-type'] = 'application/json';
  fields['content-length'] = String(body.byteLength);
  // An rpc that is not there is a page that is not there: 404 and not the 501 of a method that is declared and missing.
  const status = error.code === Code.Unimplemented ? 404 : codeToHttpStatus(error.code);
  stream.respond(status, fields, false);
  stream.end(body, undefined);
}
