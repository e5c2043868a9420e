import { durationMs } from '@bufbuild/protobuf/wkt';
import { Reason } from '../../../gen/signalbox/v1/reason_pb.ts';
import {
  ClientState_Activity as Activity,
  type ClientState,
  type RefreshToken,
  type SetWill,
} from '../../../gen/signalbox/v1/session_pb.ts';
import { isRefusal as isTokenRefusal } from '../grants.ts';
import { isRefusal, type Refusal, refuse } from '../refusal.ts';
import { type FrameScan, MESSAGE_BODY } from '../wire/scan.ts';
import { varintSize, writeVarint } from '../wire/varint.ts';
import { findPresence } from './find-membership.ts';
import type { Outcome } from './handle-frame.ts';
import { publicationOf } from './handle-message.ts';
import type { Session } from './session.ts';
import { tokenReason } from './token-reason.ts';

/** Foreground, background, suspended: a suspended client is not tested, and keeps its session for the hold. */
export function handleClientState(
  session: Session,
  { activity, hold, networkChanged }: ClientState,
): Outcome {
  const { limits } = session.host;
  const suspended = activity === Activity.SUSPENDED;
  session.liveness.suspended = suspended;
  const asked = hold === undefined ? limits.holdMs : durationMs(hold);
  session.holdMs = suspended ? Math.max(0, Math.min(asked, limits.holdMs)) : undefined;
  if (networkChanged) session.liveness.probe();
  return undefined;
}

/** Sets, or takes back, the message that a room gets should the session be lost. */
export function handleSetWill(session: Session, will: SetWill, bytes: Uint8Array, scan: FrameScan): Outcome {
  const presence = findPresence(session, will.room, 'set_will.room');
  if (isRefusal(presence)) return presence;
  const { key } = presence.membership;
  if (will.message === undefined) {
    session.wills.delete(key);
    return undefined;
  }
  if (will.message.room !== will.room) {
    const fieldPath = 'set_will.message.room';
    return refuse(Reason.MALFORMED, `${fieldPath}: must be the same room`, { fieldPath, room: will.room });
  }
  const { start, end } = scan.message;
  if (end - start > session.host.limits.messageBytes) {
    const detail = `set_will.message: ${end - start} bytes; at most ${session.host.limits.messageBytes}`;
    return refuse(Reason.TOO_LARGE, detail, { fieldPath: 'set_will.message', room: will.room });
  }
  const record = messageRecord(bytes.subarray(start, end));
  session.wills.set(key, publicationOf(session, presence, record, { seq: 0, message: scan.message }));
  return undefined;
}

/** A newer token of the same identity: what it permits holds from now on, in every room. */
export function handleRefreshToken(session: Session, { token }: RefreshToken): Promise<Refusal | undefined> {
  const { verifier, engine } = session.host;
  return verifier.verify(token).then((grants) => {
    const fieldPath = 'refresh_token.token';
    if (isTokenRefusal(grants)) return refuse(tokenReason(grants), grants.detail, { fieldPath });
    const { tenant, identity } = session.info;
    if (grants.tenant !== tenant || (grants.identity !== '' && grants.identity !== identity)) {
      return refuse(Reason.DENIED, 'the token is for another identity', { fieldPath });
    }
    session.grants = grants;
    for (const { key, participant } of session.rooms.values()) {
      void engine.change(key, participant, { permissions: grants.permissions, role: grants.role });
    }
    return undefined;
  });
}

/** A DataMessage as it stands in a frame: tag, length, message. */
function messageRecord(message: Uint8Array): Uint8Array {
  const record = new Uint8Array(1 + varintSize(message.length) + message.length);
  record[0] = (MESSAGE_BODY << 3) | 2;
  record.set(message, writeVarint(record, 1, message.length));
  return record;
}
