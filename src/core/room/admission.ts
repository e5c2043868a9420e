import { create } from '@bufbuild/protobuf';
import { timestampFromMs } from '@bufbuild/protobuf/wkt';
import {
  Participant_Kind as Kind,
  type Participant,
  ParticipantSchema,
  type Participant_State as State,
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
  /** AWAY where the session has no connection at the moment. */
  readonly state: State;
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
  const member = memberOf(room, request, now);
  const refusal = refuseAtDoor(room, member, now);
  if (refusal !== undefined) return { status: 'refused', refusal };
  if (room.settings.lobby && !passes(member)) return wait(room, member, request.knock);
  letIn(room, member, now);
  return { status: 'joined', participant: member.id };
}

/**
 * Admits somebody from the lobby, whatever max_participants and the lock say: somebody decided. Whom a newer session has
 * overtaken while it waited, or whose identity the room rejects by now, is told so instead. False: nobody of that id waits.
 */
export function admit(room: RoomState, participant: string, now: number): boolean {
  const member = room.lobby.take(participant, room.members.moderators());
  if (member === undefined) return false;
  const refusal = refuseDuplicate(room, member, room.members.ofIdentity(member.participant.identity));
  if (refusal !== undefined) {
    room.expel(member, refusal);
    return true;
  }
  member.change((next) => {
    next.joinedAt = timestampFromMs(now);
    // The order of joining, not of knocking: the newcomer makes the offers, and no roster has an older entry after a newer.
    next.ordinal = room.nextOrdinal(now);
  });
  letIn(room, member, now);
  return true;
}

/** Lets in all who wait: the lobby was switched off. */
export function admitAll(room: RoomState, now: number): void {
  for (const id of room.lobby.ids()) admit(room, id, now);
}

/** Turns somebody in the lobby away. False: nobody of that id waits. */
export function deny(room: RoomState, participant: string, note: string): boolean {
  const member = room.lobby.take(participant, room.members.moderators());
  if (member === undefined) return false;
  room.expel(member, { reason: Reason.LOBBY_DENIED, detail: note });
  return true;
}

/** The same rules hold among those who wait: a page that is loaded again waits once. */
function wait(room: RoomState, member: Member, knock: string): JoinOutcome {
  const same = room.lobby.ofIdentity(member.participant.identity);
  const replaced = replacedBy(room, member, same);
  const refusal = refuseDuplicate(room, member, same) ?? refuseFullLobby(room, replaced.length);
  if (refusal !== undefined) return { status: 'refused', refusal };
  for (const older of replaced) {
    room.lobby.take(older.id, room.members.moderators());
    room.expel(older, { reason: Reason.REPLACED, detail: 'waits as another session now' });
  }
  room.lobby.enter(member, knock, room.members.moderators());
  return pending(room, member.id);
}

function refuseFullLobby(room: RoomState, leaving: number): Refusal | undefined {
  if (room.lobby.size - leaving < room.limits.lobby) return undefined;
  return refuse(Reason.ROOM_FULL, `the lobby of this room takes ${room.limits.lobby} participants`, {
    room: room.name,
  });
}

function pending(room: RoomState, participant: string): JoinOutcome {
  return { status: 'pending', participant, reason: Reason.LOBBY, position: room.lobby.position(participant) };
}

function letIn(room: RoomState, member: Member, now: number): void {
  const same = room.members.ofIdentity(member.participant.identity);
  for (const older of replacedBy(room, member, same)) {
    room.remove(
      older,
      { reason: Reason.REPLACED, replacedBy: member.id, detail: 'joined from elsewhere' },
      now,
    );
  }
  room.enter(member, now);
}

/** Which of `same`, who have the member's identity, it takes the place of. */
function replacedBy(room: RoomState, member: Member, same: readonly Member[]): readonly Member[] {
  switch (room.settings.duplicates) {
    case Duplicates.ALLOW:
    case Duplicates.REJECT:
      return [];
    case Duplicates.REPLACE:
      return same;
    default:
      return same.filter((other) => other.session.device === member.session.device);
  }
}

/** A session never takes the place of one that was opened later: a stale page must not evict the one in use. */
function refuseDuplicate(room: RoomState, member: Member, same: readonly Member[]): Refusal | undefined {
  const where = { room: room.name };
  const { identity } = member.participant;
  if (room.settings.duplicates === Duplicates.REJECT && same.length > 0) {
    return refuse(Reason.IDENTITY_IN_USE, `${identity} is in this room already`, where);
  }
  if (replacedBy(room, member, same).some((other) => isNewer(other.session, member.session))) {
    return refuse(Reason.REPLACED, `a newer session of ${identity} is in this room`, where);
  }
  return undefined;
}

/** One of two is always the newer one: two that were born at the same time, on two nodes, must not evict each other in turn. */
function isNewer(one: MemberSession, other: MemberSession): boolean {
  return one.bornAt > other.bornAt || (one.bornAt === other.bornAt && one.id > other.id);
}

function refuseAtDoor(room: RoomState, member: Member, now: number): Refusal | undefined {
  const where = { room: room.name };
  const { identity } = member.participant;
  if (room.bans.find(identity, now) !== undefined) {
    return refuse(Reason.BANNED, `${identity} is banned from this room`, where);
  }
  const same = room.members.ofIdentity(identity);
  const duplicate = refuseDuplicate(room, member, same);
  if (duplicate !== undefined) return duplicate;
  if (member.moderates || member.isHub) return undefined;
  const { startsAt, maxParticipants } = room.settings;
  if (startsAt !== undefined && Number(startsAt.seconds) * 1000 > now) {
    const retryAfterMs = Number(startsAt.seconds) * 1000 - now;
    return refuse(Reason.NOT_STARTED, 'this room opens later', { ...where, retryAfterMs });
  }
  if (room.locked) return refuse(Reason.ROOM_LOCKED, 'a moderator locked this room', where);
  const most = maxParticipants === 0 ? room.limits.participants : maxParticipants;
  const leaving = replacedBy(room, member, same).filter((other) => !other.hidden).length;
  if (room.members.counted - leaving >= most) {
    return refuse(Reason.ROOM_FULL, `this room takes ${most} participants`, where);
  }
  return undefined;
}

/** Those who need not wait in a lobby. */
function passes(member: Member): boolean {
  return member.moderates || member.isHub || member.participant.kind === Kind.MEDIA_NODE;
}

/** One for all: an array of its own for each costs 200 bytes. */
const noKey = new Uint8Array(0);

function memberOf(room: RoomState, request: JoinRequest, now: number): Member {
  const ordinal = room.nextOrdinal(now);
  const participant = create(ParticipantSchema, {
    ...request.profile,
    id: `${ordinal}.${request.session.id}.${request.joins}`,
    ordinal,
    state: request.state,
    joinedAt: timestampFromMs(now),
    identityKey: noKey,
  });
  return new Member(request.session, participant, request.attempt);
}
