import type { ByteStream, ByteStreamEvents } from './byte-stream.ts';
import { addFields, type HeaderFields } from './metadata.ts';
import { startTimer } from './timer.ts';

/** An answer by HTTP status alone, before a protocol is known. */
export interface Refusal {
  readonly status: 404 | 405 | 415 | 505;
  readonly fields: HeaderFields;
}

/** Content types of the enveloped protocols, for `Accept-Post`. */
const enveloped = [
  'application/grpc',
  'application/grpc+proto',
  'application/grpc+json',
  'application/grpc-web',
  'application/grpc-web+proto',
  'application/grpc-web+json',
];
const streaming = ['application/connect+proto', 'application/connect+json'];
const unary = ['application/proto', 'application/json'];

/** Not a content type of this method: 415 with what would be. */
export function unsupportedMediaType(kind: 'unary' | 'streaming'): Refusal {
  const types = [...enveloped, ...(kind === 'unary' ? unary : streaming)];
  return { status: 415, fields: { 'accept-post': types.join(', ') } };
}

/** Not POST. */
export const methodNotAllowed: Refusal = { status: 405, fields: { allow: 'POST' } };

/**
 * This HTTP version cannot carry the call: a client that streams both ways would wait for ever, so its connection is
 * closed. */
export const versionNotSupported: Refusal = { status: 505, fields: {} };

/** Sends a refusal. The rest of the request is thrown away, for `lingerMs` at most. */
export function refuse(
  stream: ByteStream,
  refusal: Refusal,
  extra: Readonly<Record<string, string>> | undefined,
  lingerMs: number,
): void {
  const fields: HeaderFields = {};
  addFields(fields, extra);
  Object.assign(fields, refusal.fields);
  if (refusal.status === 505 && stream.httpVersion !== '2') fields.connection = 'close';
  fields['content-length'] = '0';
  stream.open(lingering(stream, lingerMs));
  stream.respond(refusal.status, fields, false);
  stream.end(undefined, undefined);
}

/** Events of an exchange whose request matters no more: it is cut when it has not ended after `lingerMs`. */
export function lingering(stream: ByteStream, lingerMs: number): ByteStreamEvents {
  const stop = startTimer(lingerMs, () => stream.destroy());
  return { data: () => {}, ended: () => {}, drained: () => {}, closed: stop };
}
