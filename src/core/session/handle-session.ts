import { equals } from '@bufbuild/protobuf';
import { durationMs } from '@bufbuild/protobuf/wkt';
import { PermissionsSchema } from '../../../gen/signalbox/v1/participant_pb.ts';
import { Reason } from '../../../gen/signalbox/v1/reason_pb.ts';
import {
  ClientState_Activity as Activity,
  type ClientState,
  type RefreshToken,
  type SetWill,
} from '../../../gen/signalbox/v1/session_pb.ts';
import { when } from '../eventually.ts';
import { coversRoom, type Grants, isRefusal as isTokenRefusal } from '../grants.ts';
import { isRefusal, type Refusal, refuse } from '../refusal.ts';
import type { ParticipantPatch } from '../room/participant-patch.ts';
import { type FrameScan, MESSAGE_BODY } from '../wire/scan.ts';
import { varintSize, writeVarint } from '../wire/varint.ts';
import { findPresence } from './find-membership.ts';
import type { Outcome } from './handle-frame.ts';
import { contentOf, denyMessage, isDirected, refuseContent } from './handle-message.ts';
import { inBackground } from './in-background.ts';
import type { Session } from './session.ts';
import { endingOfToken, tokenReason } from './token-reason.ts';

/** Foreground, background, suspended: a suspended client is not tested, and keeps its session for the hold. */
export function handleClientState(
  session: Session,
  { activity, hold, networkChanged }: ClientState,
): Outcome {
  const { limits } = session.host;
  const suspended = activity === Activity.SUSPENDED;
  const asked = hold === undefined ? limits.holdMs : durationMs(hold);
  session.holdMs = suspended ? Math.max(0, Math.min(asked, limits.holdMs)) : undefined;
  session.liveness.rest(session.holdMs);
  if (networkChanged) session.liveness.probe();
  return undefined;
}

/** Sets, or takes back, the message that a room gets should the session be lost. */
export function handleSetWill(session: Session, will: SetWill, bytes: Uint8Array, scan: FrameScan): Outcome {
  const presence = findPresence(session, will.room, 'set_will.room');
  if (isRefusal(presence)) return presence;
  const { membership, self } = presence;
  if (will.message === undefined) {
    membership.will = undefined;
    return undefined;
  }
  if (will.message.room !== will.room) {
    const fieldPath = 'set_will.message.room';
    return refuse(Reason.MALFORMED, `${fieldPath}: must be the same room`, { fieldPath, room: will.room });
  }
  const { start, end } = scan.message;
  const refusal = refuseContent(scan.message, end - start, session.host.limits, 'set_will.message');
  if (refusal !== undefined) return refusal;
  if (isDirected(scan.message)) {
    const fieldPath = 'set_will.message';
    return refuse(Reason.MALFORMED, 'set_will.message: a will goes to the whole room', {
      fieldPath,
      room: will.room,
    });
  }
  const content = contentOf(messageRecord(bytes.subarray(start, end)), scan.message);
  const denial = denyMessage(content, self);
  if (denial !== undefined) return { ...denial, room: will.room };
  membership.will = content;
  return undefined;
}

/** A newer token of the same identity: what it permits holds from now on, in every room. */
export function handleRefreshToken(session: Session, { token }: RefreshToken): Outcome {
  return when(session.host.verifier.verify(token), (grants): Refusal | undefined => {
    const fieldPath = 'refresh_token.token';
    if (isTokenRefusal(grants)) return refuse(tokenReason(grants), grants.detail, { fieldPath });
    const ending = endingOfToken(session.host, grants);
    if (ending !== undefined) return refuse(ending.reason, ending.detail, { fieldPath });
    const { tenant, identity } = session.info;
    if (grants.tenant !== tenant || (grants.identity !== '' && grants.identity !== identity)) {
      return refuse(Reason.DENIED, 'the token is for another identity', { fieldPath });
    }
    const uncovered = [...session.rooms.keys()].find((room) => !coversRoom(grants, room));
    if (uncovered !== undefined) {
      return refuse(Reason.DENIED, `the token does not cover the room ${uncovered} that the session is in`, {
        fieldPath,
        room: uncovered,
      });
    }
    regrant(session, grants);
    session.credentials.renewIceServers();
    return undefined;
  });
}

/** What a newer token permits holds from now on, in every room. A room that it does not cover is left. */
export function regrant(session: Session, grants: Grants): void {
  const { engine } = session.host;
  const patch = changeOf(session.grants, grants);
  session.grants = grants;
  session.credentials.granted();
  for (const { key, name, participant } of [...session.rooms.values()]) {
    const removal = { reason: Reason.DENIED, detail: 'the new token is not for this room' };
    const carryOut = () => {
      if (!coversRoom(grants, name)) return engine.leave(key, session.id, removal);
      return patch === undefined ? undefined : engine.change(key, participant, patch);
    };
    // Nobody goes on with what its token does not permit any longer.
    inBackground(session.host, 'what a token permits could not be put in force', carryOut, () =>
      session.close(Reason.INTERNAL),
    );
  }
}

/** What a newer token changes: what it leaves as it was may have been changed live, and stays. */
function changeOf(before: Grants, now: Grants): ParticipantPatch | undefined {
  const permissionsChanged = !equals(PermissionsSchema, before.permissions, now.permissions);
  if (!permissionsChanged && before.role === now.role) return undefined;
  return {
    ...(permissionsChanged ? { permissions: now.permissions } : {}),
    ...(before.role === now.role ? {} : { role: now.role }),
  };
}

/** A DataMessage as it stands in a frame: tag, length, message. */
function messageRecord(message: Uint8Array): Uint8Array {
  const record = new Uint8Array(1 + varintSize(message.length) + message.length);
  record[0] = (MESSAGE_BODY << 3) | 2;
  record.set(message, writeVarint(record, 1, message.length));
  return record;
}
