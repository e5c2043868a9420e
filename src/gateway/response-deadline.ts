import { constants, type ServerHttp2Stream } from 'node:http2';
import type { NodeRequest } from './connection.ts';
import type { NodeResponse } from './refusal.ts';

/**
 * Ends the exchange when its response is not out after `ms`: a peer that does not read would otherwise hold it, and what
 * is buffered for it, for ever. Not for streams, which the core's own pings watch.
 */
export function limitResponseTime(request: NodeRequest, response: NodeResponse, ms: number): void {
  if ('stream' in request) {
    limitStreamTime(request.stream, ms);
    return;
  }
  const timer = setTimeout(() => request.socket.destroy(), ms);
  response.once('close', () => clearTimeout(timer));
}

/** The same for an exchange over HTTP/2. */
export function limitStreamTime(stream: ServerHttp2Stream, ms: number): void {
  const timer = setTimeout(() => stream.close(constants.NGHTTP2_CANCEL), ms);
  stream.once('close', () => clearTimeout(timer));
}
