import type { FrameError } from './codec/messages.ts';
import { milliseconds } from './codec/time.ts';
import { SignalboxError } from './signalbox-error.ts';
import { reasons } from './vocabulary.ts';

/** The gateway's refusal of a frame, as the SDK rejects with it. */
export function refusalFromWire(error: FrameError): SignalboxError {
  const reason = reasons.word(error.reason);
  return new SignalboxError({
    reason,
    detail: error.detail || `the gateway said: ${reason}`,
    retryable: error.retryable,
    retryAfterMs: milliseconds(error.retryAfter),
    field: error.fieldPath || undefined,
  });
}
