import { ErrorCode } from '../lanes/http2/protocol.ts';
import type { NodeRequest } from './connection.ts';
import type { NodeResponse } from './refusal.ts';

/**
 * Ends the exchange when its response is not out after `ms`: a peer that does not read would otherwise hold it, and what
 * is buffered for it, for ever. Not for streams, which the core's own pings watch.
 */
export function limitResponseTime(request: NodeRequest, response: NodeResponse, ms: number): void {
  const end = (): void => {
    if ('stream' in request) request.stream.close(ErrorCode.CANCEL);
    else request.socket.destroy();
  };
  const timer = setTimeout(end, ms);
  const over = 'stream' in request ? request.stream : response;
  over.once('close', () => clearTimeout(timer));
}
