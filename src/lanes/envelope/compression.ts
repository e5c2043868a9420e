import type { IncomingHttpHeaders } from 'node:http';
import { Code, ConnectError } from '@connectrpc/connect';
import type { ProtocolHeaders } from './connect-protocol.ts';
import { fieldValue } from './metadata.ts';
import { compressHeader } from './options.ts';

/** What request and response of a call are compressed with. */
export interface CompressionChoice {
  /** The request's messages may be compressed. */
  readonly request: boolean;
  /** The response's messages are compressed. */
  readonly response: boolean;
  /** The request uses an encoding that is not known. */
  readonly error: ConnectError | undefined;
}

/** Reads the encodings that a request uses and accepts. gzip is the only one besides `identity`. */
export function chooseCompression(
  headers: IncomingHttpHeaders,
  names: ProtocolHeaders,
  mode: 'requested' | 'accepted',
): CompressionChoice {
  const used = fieldValue(headers, names.encoding);
  const request = used === 'gzip';
  const error =
    used === undefined || used === '' || used === 'identity' || request
      ? undefined
      : new ConnectError(`unknown compression "${used}": supported encodings are gzip`, Code.Unimplemented);
  const accepted = fieldValue(headers, names.acceptEncoding);
  const accepts = accepted === undefined || accepted === '' ? request : listsGzip(accepted);
  const asked = mode === 'accepted' || fieldValue(headers, compressHeader) === 'gzip';
  return { request, response: accepts && asked, error };
}

function listsGzip(accepted: string): boolean {
  return accepted.split(',').some((entry) => {
    const [name = '', ...parameters] = entry.split(';');
    return name.trim() === 'gzip' && !parameters.some((parameter) => /^\s*q=0(\.0*)?\s*$/.test(parameter));
  });
}
