import { compatStreamOf } from '../lanes/http2/compat-stream.ts';
import type { NodeRequest } from './connection.ts';
import type { NodeResponse } from './refusal.ts';

/**
 * Calls `late` once when the body of `request` is not complete after `ms`. HTTP/2 has no such limit of its own: a body
 * that trickles would hold its stream for ever.
 */
export function limitBodyTime(
  request: NodeRequest,
  response: NodeResponse,
  ms: number,
  late: () => void,
): void {
  const timer = setTimeout(() => {
    if (!isComplete(request)) late();
  }, ms);
  const stop = (): void => clearTimeout(timer);
  request.once('end', stop);
  response.once('close', stop);
}

function isComplete(request: NodeRequest): boolean {
  if ('stream' in request) return compatStreamOf(request).isRemoteClosed || request.stream.destroyed;
  return request.complete || request.destroyed;
}
