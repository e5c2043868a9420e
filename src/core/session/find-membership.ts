import { Reason } from '../../../gen/signalbox/v1/reason_pb.ts';
import { type Refusal, refuse } from '../refusal.ts';
import type { Member } from '../room/member.ts';
import type { Membership } from './membership.ts';
import type { Session } from './session.ts';

/** A session's participant in a room. */
export interface Presence {
  readonly membership: Membership;
  readonly self: Member;
}

/** The session's participant in `room`, or the refusal that says that it has none. */
export function findPresence(session: Session, room: string, fieldPath: string): Presence | Refusal {
  const membership = session.rooms.get(room);
  const self = membership?.self;
  if (membership !== undefined && self !== undefined) return { membership, self };
  const detail = room === '' ? `${fieldPath}: name a room` : 'join the room before you speak in it';
  return refuse(room === '' ? Reason.MALFORMED : Reason.NOT_JOINED, detail, { fieldPath, room });
}
