import { create } from '@bufbuild/protobuf';
import {
  ModerationAction as Action,
  type Moderate,
  ModerationNoticeSchema,
} from '../../../gen/signalbox/v1/moderation_pb.ts';
import { Reason } from '../../../gen/signalbox/v1/reason_pb.ts';
import { Recording } from '../../../gen/signalbox/v1/room_pb.ts';
import { type Eventually, when } from '../eventually.ts';
import { coversRoom } from '../grants.ts';
import { isRefusal, type Refusal, refuse } from '../refusal.ts';
import { banIdentity, identityOf } from '../room/ban-identity.ts';
import { moveParticipant } from '../room/move-participant.ts';
import type { RoomKey } from '../room-key.ts';
import { encodeBody } from '../server-frame.ts';
import { boundedProblem, roleProblem } from '../text.ts';
import { findPresence } from './find-membership.ts';
import type { Outcome } from './handle-frame.ts';
import type { Session } from './session.ts';

/** A Map, as an object would also have a `constructor`. */
const recordings: ReadonlyMap<string, Recording> = new Map([
  ['off', Recording.OFF],
  ['asking', Recording.ASKING],
  ['on', Recording.ON],
  ['paused', Recording.PAUSED],
]);

/** Acts on a participant or on the room. */
export function handleModerate(session: Session, moderate: Moderate): Outcome {
  const presence = findPresence(session, moderate.room, 'moderate.room');
  if (isRefusal(presence)) return presence;
  const { membership, self } = presence;
  if (!self.moderates) {
    return refuse(Reason.DENIED, 'this needs the permission moderate', { room: moderate.room });
  }
  const noteProblem = boundedProblem('a note', moderate.note, 0, 256);
  if (noteProblem !== undefined) return malformed(moderate, 'note', noteProblem);
  return carryOut(session, membership.key, self.id, moderate);
}

function carryOut(session: Session, key: RoomKey, moderator: string, moderate: Moderate): Outcome {
  const { engine } = session.host;
  const { action, participant, argument, note } = moderate;
  const found = (done: Eventually<boolean>) => when(done, (was) => (was ? undefined : unknown(moderate)));
  switch (action) {
    case Action.ADMIT:
      return found(engine.admit(key, participant));
    case Action.DENY:
      return found(engine.deny(key, participant, note));
    case Action.REMOVE:
      return found(engine.remove(key, participant, { reason: Reason.REMOVED, detail: note }));
    case Action.BAN:
      return ban(session, key, moderate);
    case Action.MUTE:
    case Action.ASK_UNMUTE:
      return notify(session, key, moderator, moderate);
    case Action.SET_ROLE: {
      const problem = roleProblem(argument);
      if (problem !== undefined) return malformed(moderate, 'argument', problem);
      return found(
        when(engine.change(key, participant, { role: argument }), (changed) => changed !== undefined),
      );
    }
    case Action.LOWER_HAND:
      return found(
        when(engine.change(key, participant, { handRaised: false }), (changed) => changed !== undefined),
      );
    case Action.LOCK:
    case Action.UNLOCK:
      return updated(engine.updateRoom(key, { locked: action === Action.LOCK }));
    case Action.RECORDING: {
      const recording = recordings.get(argument);
      if (recording === undefined) return malformed(moderate, 'argument', 'one of off, asking, on, paused');
      return updated(engine.updateRoom(key, { recording }));
    }
    case Action.MOVE:
      return move(session, key, moderate);
    case Action.END:
      return when(engine.deleteRoom(key, Reason.ROOM_CLOSED, note), () => undefined);
    default:
      return refuse(Reason.UNSUPPORTED, `moderate.action: ${action} is not known to this gateway`, {
        fieldPath: 'moderate.action',
        room: moderate.room,
      });
  }
}

/** All participants of the identity go, and what waits of it. */
async function ban(session: Session, key: RoomKey, moderate: Moderate): Promise<Refusal | undefined> {
  const { engine } = session.host;
  const identity = await identityOf(engine, key, moderate.participant);
  if (identity === undefined) return unknown(moderate);
  await banIdentity(engine, key, { identity, until: Number.POSITIVE_INFINITY, note: moderate.note });
  return undefined;
}

/** Nobody gives away more than its own token holds. */
function move(session: Session, key: RoomKey, { room, participant, argument }: Moderate): Outcome {
  if (!coversRoom(session.grants, argument)) {
    return refuse(Reason.DENIED, `the token is for the room ${session.grants.room}, not for that one`, {
      fieldPath: 'moderate.argument',
      room,
    });
  }
  return moveParticipant(session.host, session.grants, key, participant, argument);
}

/** Muting is a request: the client that publishes carries it out. */
function notify(session: Session, key: RoomKey, moderator: string, moderate: Moderate): Outcome {
  const { engine } = session.host;
  const { room, action, participant, argument, note, trackIds } = moderate;
  const member = engine.view(key)?.members.get(participant);
  if (member === undefined) return unknown(moderate);
  const value = create(ModerationNoticeSchema, { room, action, moderator, argument, note, trackIds });
  return when(
    engine.appendOwn(member.session.id, encodeBody({ case: 'moderationNotice', value })),
    () => undefined,
  );
}

function updated(result: Eventually<object | undefined>): Outcome {
  return when(result, (room) => (room !== undefined && isRefusal(room) ? room : undefined));
}

function unknown({ room }: Moderate): Refusal {
  return refuse(Reason.UNKNOWN_RECIPIENT, 'no participant of the room has this id', {
    fieldPath: 'moderate.participant',
    room,
  });
}

function malformed({ room }: Moderate, field: string, problem: string): Refusal {
  return refuse(Reason.MALFORMED, `moderate.${field}: ${problem}`, { fieldPath: `moderate.${field}`, room });
}
