import { create } from '@bufbuild/protobuf';
import { timestampFromMs } from '@bufbuild/protobuf/wkt';
import {
  Participant_Kind as Kind,
  type Participant,
  ParticipantSchema,
  Participant_State as State,
} from '../../../gen/signalbox/v1/participant_pb.ts';
import { Reason } from '../../../gen/signalbox/v1/reason_pb.ts';
import { RoomSettings_Duplicates as Duplicates } from '../../../gen/signalbox/v1/room_pb.ts';
import { type Refusal, refuse } from '../refusal.ts';
import { Member, type MemberSession } from './member.ts';
import type { RoomState } from './room-state.ts';

/** Somebody at the door. */
export interface JoinRequest {
  readonly session: MemberSession;
  readonly attempt: number;
  /** How many joins the session has made: participant ids are never used twice. */
  readonly joins: number;
  /** What token and client say of the participant; id, ordinal and state come from the room. */
  readonly profile: Pick<
    Participant,
    'identity' | 'name' | 'role' | 'kind' | 'attributes' | 'tracks' | 'permissions' | 'features' | 'replaces'
  >;
  readonly knock: string;
}

export type JoinOutcome =
  | { readonly status: 'joined'; readonly participant: string }
  | {
      readonly status: 'pending';
      readonly participant: string;
      readonly reason: Reason;
      readonly position: number;
    }
  | { readonly status: 'refused'; readonly refusal: Refusal };

/** Lets somebody in, has them wait, or turns them away. The same session joins once, however often it asks. */
export function join(room: RoomState, request: JoinRequest, now: number): JoinOutcome {
  const { session } = request;
  const present = room.members.ofSession(session.id);
  if (present !== undefined) return { status: 'joined', participant: present.id };
  const waiting = room.lobby.findSession(session.id);
  if (waiting !== undefined) return pending(room, waiting.id);
  const refusal = refuseAtDoor(room, request, now);
  if (refusal !== undefined) return { status: 'refused', refusal };
  const member = memberOf(room, request, now);
  if (room.settings.lobby && !passes(member)) {
    room.lobby.enter(member, request.knock, room.members.moderators());
    return pending(room, member.id);
  }
  letIn(room, member, now);
  return { status: 'joined', participant: member.id };
}

/** Admits somebody from the lobby. False: nobody of that id waits. */
export function admit(room: RoomState, participant: string, now: number): boolean {
  const member = room.lobby.take(participant, room.members.moderators());
  if (member === undefined) return false;
  member.change((next) => {
    next.joinedAt = timestampFromMs(now);
  });
  letIn(room, member, now);
  return true;
}

/** Turns somebody in the lobby away. False: nobody of that id waits. */
export function deny(room: RoomState, participant: string, note: string): boolean {
  const member = room.lobby.take(participant, room.members.moderators());
  if (member === undefined) return false;
  room.expel(member, { reason: Reason.LOBBY_DENIED, detail: note });
  return true;
}

function pending(room: RoomState, participant: string): JoinOutcome {
  return { status: 'pending', participant, reason: Reason.LOBBY, position: room.lobby.position(participant) };
}

function letIn(room: RoomState, member: Member, now: number): void {
  for (const older of replacedBy(room, member)) {
    room.remove(
      older,
      { reason: Reason.REPLACED, replacedBy: member.id, detail: 'joined from elsewhere' },
      now,
    );
  }
  room.enter(member, now);
}

function replacedBy(room: RoomState, member: Member): Member[] {
  const { duplicates } = room.settings;
  if (duplicates === Duplicates.ALLOW) return [];
  const others = room.members.ofIdentity(member.participant.identity);
  return others.filter(
    (other) => duplicates === Duplicates.REPLACE || other.session.device === member.session.device,
  );
}

function refuseAtDoor(room: RoomState, request: JoinRequest, now: number): Refusal | undefined {
  const { profile, session } = request;
  const where = { room: room.name };
  if (room.bans.find(profile.identity, now) !== undefined) {
    return refuse(Reason.BANNED, `${profile.identity} is banned from this room`, where);
  }
  const same = room.members.ofIdentity(profile.identity);
  const { duplicates, startsAt, maxParticipants } = room.settings;
  if (duplicates === Duplicates.REJECT && same.length > 0) {
    return refuse(Reason.IDENTITY_IN_USE, `${profile.identity} is in this room already`, where);
  }
  if (
    same.some((other) => other.session.device === session.device && other.session.bornAt > session.bornAt)
  ) {
    return refuse(Reason.REPLACED, 'a newer session of this device is in this room', where);
  }
  if (profile.permissions?.moderate === true || profile.permissions?.hub === true) return undefined;
  if (startsAt !== undefined && Number(startsAt.seconds) * 1000 > now) {
    const retryAfterMs = Number(startsAt.seconds) * 1000 - now;
    return refuse(Reason.NOT_STARTED, 'this room opens later', { ...where, retryAfterMs });
  }
  if (room.locked) return refuse(Reason.ROOM_LOCKED, 'a moderator locked this room', where);
  const most = maxParticipants === 0 ? room.limits.participants : maxParticipants;
  const replaced = same.filter((other) => other.session.device === session.device).length;
  if (room.members.counted - replaced >= most) {
    return refuse(Reason.ROOM_FULL, `this room takes ${most} participants`, where);
  }
  return undefined;
}

/** Those who need not wait in a lobby. */
function passes(member: Member): boolean {
  return member.moderates || member.isHub || member.participant.kind === Kind.MEDIA_NODE;
}

function memberOf(room: RoomState, request: JoinRequest, now: number): Member {
  const ordinal = room.nextOrdinal(now);
  const participant = create(ParticipantSchema, {
    ...request.profile,
    id: `${ordinal}.${request.session.id}.${request.joins}`,
    ordinal,
    state: State.ACTIVE,
    joinedAt: timestampFromMs(now),
  });
  return new Member(request.session, participant, request.attempt);
}
