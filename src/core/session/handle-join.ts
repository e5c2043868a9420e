import { create } from '@bufbuild/protobuf';
import { durationMs } from '@bufbuild/protobuf/wkt';
import { Participant_State as State } from '../../../gen/signalbox/v1/participant_pb.ts';
import { Reason } from '../../../gen/signalbox/v1/reason_pb.ts';
import { type Join, JoinPendingSchema, type Leave } from '../../../gen/signalbox/v1/session_pb.ts';
import { when } from '../eventually.ts';
import { coversRoom } from '../grants.ts';
import { type Refusal, refuse } from '../refusal.ts';
import type { JoinOutcome } from '../room/admission.ts';
import { checkSettings } from '../room/settings.ts';
import { roomKey } from '../room-key.ts';
import { encodeBody } from '../server-frame.ts';
import { attributesProblem, boundedProblem, displayNameProblem, roomProblem } from '../text.ts';
import type { Outcome } from './handle-frame.ts';
import type { Session } from './session.ts';
import { deniedTrack, tracksProblem } from './track-rules.ts';

/** Longest grace of a Leave, in milliseconds. */
const longestGraceMs = 60_000;

/** Joins a room, or joins again: a member gets a fresh Joined. */
export function handleJoin(session: Session, join: Join): Outcome {
  const refusal = refuseJoin(session, join);
  if (refusal !== undefined) return refusal;
  const { host, grants, info } = session;
  const key = roomKey(info.tenant, join.room);
  session.joins += 1;
  session.stay(key);
  const mayName = grants.name === '' || grants.permissions.updateSelf;
  const request = {
    session: { id: session.id, device: info.device, bornAt: info.bornAt, tenant: info.tenant },
    attempt: session.attempt,
    state: presenceOf(session),
    joins: session.joins,
    profile: {
      identity: info.identity,
      name: (mayName && join.name !== '' ? join.name : grants.name) || '',
      role: grants.role,
      kind: grants.kind,
      attributes: { ...join.attributes, ...grants.attributes },
      tracks: join.tracks,
      permissions: grants.permissions,
      features: [...info.features],
      replaces: join.replaces,
    },
    knock: join.knock,
  };
  const mayCreate = grants.mayCreate || host.profiles.joinCreates(join.room);
  const asked = grants.mayCreate ? join.create : undefined;
  const settings = mayCreate ? host.profiles.settingsOf(join.room, asked) : undefined;
  return when(host.engine.join(key, request, settings), (outcome) => {
    // Its connection came, or went, while it was let in: the room knows only how it was then.
    if (presenceOf(session) !== request.state) host.announce(session);
    return joined(session, join, outcome);
  });
}

function presenceOf({ state }: Session): State {
  return state.kind === 'attached' ? State.ACTIVE : State.AWAY;
}

function joined(session: Session, { room, history }: Join, outcome: JoinOutcome): Outcome {
  if (outcome.status === 'refused') return outcome.refusal;
  session.syncMemberships();
  if (outcome.status === 'pending') {
    const { reason, position } = outcome;
    const value = create(JoinPendingSchema, { room, reason, position });
    const body = encodeBody({ case: 'joinPending', value });
    return when(session.host.engine.appendOwn(session.id, body), () => undefined);
  }
  const membership = session.rooms.get(room);
  membership?.restart(history);
  session.host.markDirty(session);
  return undefined;
}

/** Leaves a room, at once or after a grace. */
export function handleLeave(session: Session, { room, grace }: Leave): Outcome {
  const key = roomKey(session.info.tenant, room);
  const { engine } = session.host;
  if (!engine.memberships(session.id).has(key)) {
    return refuse(Reason.NOT_JOINED, 'this session is not in that room', { fieldPath: 'leave.room', room });
  }
  const graceMs = grace === undefined ? 0 : Math.min(durationMs(grace), longestGraceMs);
  if (graceMs > 0) {
    session.leaveLater(key, graceMs);
    return undefined;
  }
  return when(engine.leave(key, session.id, { reason: Reason.LEFT }), () => undefined);
}

function refuseJoin(session: Session, join: Join): Refusal | undefined {
  const { host, grants } = session;
  const malformed = (fieldPath: string, problem: string | undefined) =>
    problem === undefined
      ? undefined
      : refuse(Reason.MALFORMED, `${fieldPath}: ${problem}`, { fieldPath, room: join.room });
  const malformation =
    malformed('join.room', roomProblem(join.room)) ??
    malformed('join.name', displayNameProblem(join.name)) ??
    malformed(
      'join.attributes',
      attributesProblem({ ...join.attributes, ...grants.attributes }, host.limits),
    ) ??
    malformed('join.knock', boundedProblem('a knock', join.knock, 0, 256)) ??
    malformed('join.replaces', boundedProblem('a participant id', join.replaces, 0, 128)) ??
    malformed('join.tracks', tracksProblem(join.tracks, host.limits)) ??
    malformed('join.create', settingsProblem(join));
  if (malformation !== undefined) return malformation;
  if (!coversRoom(grants, join.room)) {
    return refuse(Reason.DENIED, `the token is for the room ${grants.room}, not for this one`, {
      fieldPath: 'join.room',
      room: join.room,
    });
  }
  const denied = deniedTrack(join.tracks, grants.permissions);
  if (denied !== undefined) {
    return refuse(Reason.DENIED, `the token does not permit to publish the track ${denied.id}`, {
      fieldPath: 'join.tracks',
      room: join.room,
    });
  }
  const memberships = host.engine.memberships(session.id);
  const isNew = !memberships.has(roomKey(session.info.tenant, join.room));
  if (isNew && memberships.size >= host.limits.rooms) {
    return refuse(Reason.TOO_LARGE, `a session may be in ${host.limits.rooms} rooms at once`, {
      room: join.room,
    });
  }
  return undefined;
}

function settingsProblem({ create: settings }: Join): string | undefined {
  const problem = settings === undefined ? undefined : checkSettings(settings);
  return problem === undefined ? undefined : `${problem.field} ${problem.problem}`;
}
