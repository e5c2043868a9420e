import { create } from '@bufbuild/protobuf';
import type {
  Grants as SavedGrants,
  Membership as SavedMembership,
  SessionRecord,
} from '../../../gen/signalbox/state/v1/state_pb.ts';
import { PermissionsSchema } from '../../../gen/signalbox/v1/participant_pb.ts';
import type { RoomView } from '../engine.ts';
import type { Grants } from '../grants.ts';
import { type RoomKey, roomKey } from '../room-key.ts';
import { Membership } from './membership.ts';
import { Session } from './session.ts';
import type { SessionHost } from './session-host.ts';

/**
 * A session that goes on, without a connection yet. Its window goes on from now. Throws where the engine does not have it, or
 * not the rooms that it is in.
 */
export function restoreSession(host: SessionHost, saved: SessionRecord): Session {
  const { id, tenant, identity, device, bornAt, sendKeyHash, features } = saved;
  const info = { id, tenant, identity, device, bornAt, sendKeyHash, features };
  if (host.engine.inbox(id) === undefined) throw new Error(`the inbox of the session ${id} is missing`);
  const session = new Session(host, info, restoreGrants(saved.grants));
  session.attempt = saved.attempt;
  session.joins = saved.joins;
  session.holdMs = saved.holdMs;
  session.credentials.restoreIce(saved);
  session.incoming.restore(saved.done);
  session.wait(Math.max(0, saved.remainingMs));
  for (const membership of saved.memberships) {
    const key = roomKey(tenant, membership.room);
    const view = host.engine.view(key);
    if (view === undefined) throw new Error(`the room ${membership.room} of the session ${id} is missing`);
    session.rooms.set(membership.room, restoreMembership(key, view, membership));
    host.follow(key, session);
  }
  for (const { room, remainingMs } of saved.leaves) session.leaveLater(roomKey(tenant, room), remainingMs);
  return session;
}

function restoreMembership(key: RoomKey, view: RoomView, saved: SavedMembership): Membership {
  const { participant, beganAfter, beganAt, cursor, history, since, will } = saved;
  const membership = new Membership(key, view, participant, beganAfter, beganAt);
  membership.cursor =
    cursor === undefined
      ? { kind: 'none', history, since }
      : { kind: 'at', offset: cursor.offset, version: cursor.version };
  if (will !== undefined) {
    const { record, delivery, messageType, key: of, hasContent, count } = will;
    membership.will = { record: record.slice(), delivery, messageType, key: of, hasContent, count };
  }
  return membership;
}

function restoreGrants(saved: SavedGrants | undefined): Grants {
  if (saved === undefined) throw new Error('a session without grants');
  const { $typeName, $unknown, permissions, ...grants } = saved;
  return { ...grants, permissions: permissions ?? create(PermissionsSchema) };
}
