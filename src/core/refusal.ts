import { Reason } from '../../gen/signalbox/v1/reason_pb.ts';
import { NextStep } from '../../gen/signalbox/v1/session_pb.ts';
import type { LaneEndStatus } from './lane.ts';

/** A frame or a call that is not carried out. The cause is logged, never sent. */
export interface Refusal {
  readonly reason: Reason;
  /** English, for the developer of the client: what is wrong, where, and what to do. */
  readonly detail: string;
  /** Path of the field at fault, such as `join.room`. */
  readonly fieldPath?: string;
  readonly room?: string;
  /** Milliseconds to wait before trying again. */
  readonly retryAfterMs?: number;
}

export function refuse(
  reason: Reason,
  detail: string,
  more: Omit<Refusal, 'reason' | 'detail'> = {},
): Refusal {
  return { reason, detail, ...more };
}

export function isRefusal(value: object): value is Refusal {
  return 'reason' in value && 'detail' in value;
}

/** Reasons after which the same frame, under a new seq, may succeed. */
const retryable: ReadonlySet<Reason> = new Set([
  Reason.RATE_LIMITED,
  Reason.OVERLOADED,
  Reason.ENGINE_UNAVAILABLE,
  Reason.INTERNAL,
  Reason.ROOM_FULL,
  Reason.ROOM_LOCKED,
  Reason.NO_HUB,
  Reason.NOT_STARTED,
  Reason.INBOX_OVERFLOW,
]);

export function isRetryable(reason: Reason): boolean {
  return retryable.has(reason);
}

/** How a stream ends: what the client does next, and the status of its protocol. */
export interface Ending {
  readonly reason: Reason;
  readonly nextStep: NextStep;
  readonly status: LaneEndStatus;
  readonly detail: string;
  readonly retryAfterMs?: number;
  /** Other addresses to try. */
  readonly endpoints?: readonly string[];
}

const endings: Partial<Record<Reason, readonly [NextStep, LaneEndStatus]>> = {
  [Reason.MALFORMED]: [NextStep.STOP, 'invalid_argument'],
  [Reason.TOO_LARGE]: [NextStep.STOP, 'resource_exhausted'],
  [Reason.OUT_OF_ORDER]: [NextStep.RESUME, 'unavailable'],
  [Reason.UNSUPPORTED]: [NextStep.STOP, 'invalid_argument'],
  [Reason.TOKEN_INVALID]: [NextStep.REAUTHENTICATE, 'unauthenticated'],
  [Reason.TOKEN_EXPIRED]: [NextStep.REAUTHENTICATE, 'unauthenticated'],
  [Reason.TOKEN_REVOKED]: [NextStep.STOP, 'unauthenticated'],
  [Reason.DENIED]: [NextStep.STOP, 'permission_denied'],
  [Reason.REPLACED]: [NextStep.STOP, 'aborted'],
  [Reason.SLOW_CONSUMER]: [NextStep.RESUME, 'unavailable'],
  [Reason.IDLE]: [NextStep.RESUME, 'unavailable'],
  [Reason.DRAINING]: [NextStep.RESUME, 'unavailable'],
  [Reason.OVERLOADED]: [NextStep.RECONNECT, 'unavailable'],
  [Reason.ENGINE_UNAVAILABLE]: [NextStep.RESUME, 'unavailable'],
  [Reason.INTERNAL]: [NextStep.RECONNECT, 'internal'],
};

export function endingOf(reason: Reason, detail: string, retryAfterMs?: number): Ending {
  const [nextStep, status] = endings[reason] ?? [NextStep.RECONNECT, 'unavailable'];
  return { reason, nextStep, status, detail, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) };
}
