import { durationMs } from '@bufbuild/protobuf/wkt';
import { DeliveryClass } from '../../../gen/signalbox/v1/message_pb.ts';
import { Reason } from '../../../gen/signalbox/v1/reason_pb.ts';
import { isRefusal, type Refusal, refuse } from '../refusal.ts';
import { encodeRelayed } from '../wire/origin.ts';
import type { Member } from './member.ts';
import type { Publication, Published } from './publication.ts';
import type { RoomState } from './room-state.ts';

/** Whom a message that is not for the whole room is for. */
export interface Audience {
  readonly participant: string;
  readonly identity: string;
  readonly role: string;
}

/** Says something to the whole room, its sender included. */
export function publish(room: RoomState, message: Publication, now: number): Published | Refusal {
  const { session, seq } = message.sender;
  if (seq === 0) return say(room, message, now);
  const claim = room.marks.claim(session, seq, now);
  if (claim === 'duplicate') return { offset: 0, version: 0, duplicate: true };
  if (claim === 'refused')
    return refuse(Reason.OUTCOME_UNKNOWN, 'this message was refused before', { room: room.name });
  const outcome = say(room, message, now);
  if (isRefusal(outcome)) room.marks.refuse(session);
  return outcome;
}

function say(room: RoomState, message: Publication, now: number): Published | Refusal {
  switch (message.delivery) {
    case DeliveryClass.LATEST: {
      const version = room.board.put(message, now);
      if (typeof version !== 'number') return version;
      room.outlet.changedInBulk();
      return { offset: 0, version };
    }
    case DeliveryClass.COUNTED: {
      const refusal = room.board.add(message);
      if (refusal !== undefined) return refusal;
      room.outlet.changedInBulk();
      return { offset: 0, version: 0 };
    }
    case DeliveryClass.LOSSY:
      if (room.takesLossy(now))
        room.outlet.lossy(encodeRelayed(message.record, message.sender.origin, stampOf(message, now)));
      return { offset: 0, version: 0 };
    default:
      return append(room, message, now);
  }
}

function append(room: RoomState, message: Publication, now: number): Published | Refusal {
  const member = room.members.get(message.sender.participant);
  const { slowMode } = room.settings;
  if (member !== undefined && slowMode !== undefined && !member.moderates) {
    const wait = member.lastMessageAt + durationMs(slowMode) - now;
    if (wait > 0) {
      return refuse(Reason.RATE_LIMITED, 'slow mode: wait before the next message', {
        room: room.name,
        retryAfterMs: Math.ceil(wait),
      });
    }
    member.lastMessageAt = now;
  }
  const offset = room.log.hi + 1;
  const frame = encodeRelayed(message.record, message.sender.origin, { ...stampOf(message, now), offset });
  room.log.append(frame, now, message.record.length);
  room.outlet.changed();
  return { offset, version: 0 };
}

function stampOf(message: Publication, now: number) {
  return { senderSeq: message.sender.seq, acceptedAtMs: now };
}

/** The members that a message to some is for. */
export function audienceOf(room: RoomState, { participant, identity, role }: Audience): readonly Member[] {
  let members: readonly Member[];
  if (participant !== '') {
    const member = room.members.get(participant);
    members = member === undefined ? [] : [member];
  } else if (identity !== '') members = room.members.ofIdentity(identity);
  else members = [...room.members.all()];
  return members.filter(
    (member) =>
      (identity === '' || member.participant.identity === identity) &&
      (role === '' || member.participant.role === role),
  );
}
