import { Code, ConnectError } from '@connectrpc/connect';
import { FrameErrorSchema, Reason } from '../../gen/signalbox/v1/reason_pb.ts';
import { type Refusal, refuse } from '../core/refusal.ts';
import { frameError } from '../core/server-frame.ts';

/**
 * The status of a unary call for each reason. Statuses say whether a call may be tried again as it is (UNAVAILABLE,
 * RESOURCE_EXHAUSTED), after reading anew (ABORTED), or not; the reason in the detail says why.
 */
export const codeOf: Readonly<Record<Reason, Code>> = {
  [Reason.UNSPECIFIED]: Code.Unknown,
  [Reason.MALFORMED]: Code.InvalidArgument,
  [Reason.TOO_LARGE]: Code.ResourceExhausted,
  [Reason.OUT_OF_ORDER]: Code.Aborted,
  [Reason.UNSUPPORTED]: Code.InvalidArgument,
  [Reason.RATE_LIMITED]: Code.ResourceExhausted,
  [Reason.OVERLOADED]: Code.ResourceExhausted,
  [Reason.ENGINE_UNAVAILABLE]: Code.Unavailable,
  [Reason.INTERNAL]: Code.Internal,
  [Reason.STALE_NEGOTIATION]: Code.FailedPrecondition,
  [Reason.INCOMPATIBLE_MEDIA]: Code.FailedPrecondition,
  [Reason.CANCELLED]: Code.Canceled,
  [Reason.OUTCOME_UNKNOWN]: Code.Unknown,
  [Reason.TOKEN_INVALID]: Code.Unauthenticated,
  [Reason.TOKEN_EXPIRED]: Code.Unauthenticated,
  [Reason.TOKEN_REVOKED]: Code.Unauthenticated,
  [Reason.DENIED]: Code.PermissionDenied,
  [Reason.UPGRADE_REQUIRED]: Code.FailedPrecondition,
  [Reason.ROOM_NOT_FOUND]: Code.NotFound,
  [Reason.ROOM_FULL]: Code.ResourceExhausted,
  [Reason.ROOM_LOCKED]: Code.FailedPrecondition,
  [Reason.ROOM_CLOSED]: Code.FailedPrecondition,
  [Reason.LOBBY]: Code.FailedPrecondition,
  [Reason.LOBBY_DENIED]: Code.PermissionDenied,
  [Reason.BANNED]: Code.PermissionDenied,
  [Reason.NOT_JOINED]: Code.FailedPrecondition,
  [Reason.NO_HUB]: Code.FailedPrecondition,
  [Reason.NOT_STARTED]: Code.FailedPrecondition,
  [Reason.IDENTITY_IN_USE]: Code.AlreadyExists,
  [Reason.UNKNOWN_RECIPIENT]: Code.NotFound,
  [Reason.RECIPIENT_LEFT]: Code.NotFound,
  [Reason.INBOX_OVERFLOW]: Code.ResourceExhausted,
  [Reason.WINDOW_EXPIRED]: Code.Aborted,
  [Reason.EPOCH_LOST]: Code.DataLoss,
  [Reason.LEFT]: Code.Aborted,
  [Reason.LEASE_EXPIRED]: Code.Aborted,
  [Reason.REMOVED]: Code.Aborted,
  [Reason.REPLACED]: Code.Aborted,
  [Reason.MOVED]: Code.Aborted,
  [Reason.DRAINING]: Code.Unavailable,
  [Reason.SLOW_CONSUMER]: Code.Unavailable,
  [Reason.IDLE]: Code.Unavailable,
};

/** The error of a unary call. Its detail is a FrameError: reason, field path, and how long to wait. */
export function refusalError(refusal: Refusal): ConnectError {
  const value = frameError(0, refusal);
  return new ConnectError(refusal.detail, codeOf[refusal.reason] ?? Code.Unknown, undefined, [
    { desc: FrameErrorSchema, value },
  ]);
}

/** INVALID_ARGUMENT, naming the field: `path` as in the schema, such as `message.key`. */
export function malformed(path: string, problem: string, room = ''): ConnectError {
  return refusalError(refuse(Reason.MALFORMED, `${path}: ${problem}`, { fieldPath: path, room }));
}

/** Throws `malformed` where there is a problem. */
export function check(path: string, problem: string | undefined, room = ''): void {
  if (problem !== undefined) throw malformed(path, problem, room);
}

/** NOT_FOUND for a room. */
export function noRoom(room: string): ConnectError {
  return refusalError(refuse(Reason.ROOM_NOT_FOUND, `there is no room ${room}`, { room }));
}

/** NOT_FOUND for a participant. */
export function noParticipant(room: string, detail = 'no participant of the room has this id'): ConnectError {
  return refusalError(refuse(Reason.UNKNOWN_RECIPIENT, detail, { fieldPath: 'participant', room }));
}
