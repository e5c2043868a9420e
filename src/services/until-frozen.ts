import type { Interceptor } from '@connectrpc/connect';
import { Reason } from '../../gen/signalbox/v1/reason_pb.ts';
import { refuse } from '../core/refusal.ts';
import { refusalError } from './refusal-error.ts';

/**
 * Answers UNAVAILABLE once the node hands its state over: what a call changes then is in no state, and what it was about to
 * answer nobody may be told. A call that was under way may or may not have been carried out.
 */
export function untilFrozen(node: { readonly isFrozen: boolean }): Interceptor {
  return (next) => async (request) => {
    if (node.isFrozen) throw refusalError(restarting);
    try {
      return await next(request);
    } finally {
      // biome-ignore lint/correctness/noUnsafeFinally: neither an answer nor an error of the frozen node counts.
      if (node.isFrozen) throw refusalError(restarting);
    }
  };
}

const restarting = refuse(Reason.DRAINING, 'the gateway restarts: ask again', { retryAfterMs: 1000 });
