import { Reason, ReasonSchema } from '../../../gen/signalbox/v1/reason_pb.ts';
import type { ClassicFault } from './classic-message.ts';

/** Types of the gateway's own messages. What a participant sends never reaches a page under one of them. */
export const GATEWAY_TYPES: ReadonlySet<string> = new Set([
  'register_response',
  'register_pending',
  'participant_joined',
  'participant_left',
  'left',
  'going_away',
  'error',
  'pong',
]);

/** Name of a reason without its prefix: `UNKNOWN_RECIPIENT`. */
export function reasonName(reason: Reason): string {
  const name = ReasonSchema.values.find(({ number }) => number === reason)?.name ?? 'REASON_UNSPECIFIED';
  return name.slice('REASON_'.length);
}

/** `register_response` of success: who the client is, where, and who else is there. */
export function registered(id: string, room: string, participants: readonly string[]): object {
  return { type: 'register_response', success: true, data: { id, room, participants } };
}

/** `register_response` of failure. The client may register again on the same connection. */
export function notRegistered(reason: Reason, message: string): object {
  return { type: 'register_response', success: false, data: { reason: reasonName(reason), message } };
}

/** The client waits to be let into the room. */
export function pending(reason: Reason): object {
  return { type: 'register_pending', data: { reason: reasonName(reason) } };
}

/** The client is out of the room. It may register again on the same connection. */
export function out(reason: Reason, message: string): object {
  return { type: 'left', data: { reason: reasonName(reason), message } };
}

/** The gateway will end this connection: open another one. */
export function goingAway(reason: Reason): object {
  return { type: 'going_away', data: { reason: reasonName(reason) } };
}

/** An error about a message to `to`, '' when it was about none. */
export function errorReply(reason: Reason, message: string, to: string): object {
  return { type: 'error', data: { reason: reasonName(reason), message, ...(to === '' ? {} : { to }) } };
}

/** An error that names the field at fault. */
export function faultReply(fault: ClassicFault, to: string): object {
  const data = { reason: reasonName(Reason.MALFORMED), message: fault.message, field: fault.field };
  return { type: 'error', data: { ...data, ...(to === '' ? {} : { to }) } };
}
