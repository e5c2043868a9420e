import { constants } from 'node:http2';
import type { NodeRequest } from './connection.ts';
import type { NodeResponse } from './refusal.ts';

/**
 * Ends the exchange when its response is not out after `ms`: a peer that does not read would otherwise hold it, and what
 * is buffered for it, for ever. Not for streams, which the core's own pings watch.
 */
export function limitResponseTime(request: NodeRequest, response: NodeResponse, ms: number): void {
  const timer = setTimeout(() => {
    if ('stream' in request) request.stream.close(constants.NGHTTP2_CANCEL);
    else request.socket.destroy();
  }, ms);
  const ends = 'stream' in request ? request.stream : response;
  ends.once('close', () => clearTimeout(timer));
}
