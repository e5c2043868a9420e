import type { MessageInitShape } from '@bufbuild/protobuf';
import type {
  MembershipSchema,
  PendingLeaveSchema,
  SessionRecordSchema,
} from '../../../gen/signalbox/state/v1/state_pb.ts';
import type { Membership } from './membership.ts';
import type { Session } from './session.ts';

/** A session as it stands in the state file. */
export type SavedSession = MessageInitShape<typeof SessionRecordSchema>;

/** What a session is, at one moment. */
export function saveSession(
  session: Session,
  remainingMs: number,
  leaves: MessageInitShape<typeof PendingLeaveSchema>[],
): SavedSession {
  const { info, attempt, joins, holdMs, grants } = session;
  const { id, tenant, identity, device, bornAt, sendKeyHash, features } = info;
  return {
    ...{ id, tenant, identity, device, bornAt, sendKeyHash, attempt, joins, remainingMs, leaves },
    ...(holdMs === undefined ? {} : { holdMs }),
    features: [...features],
    grants: { ...grants },
    ...session.credentials.saveIce(),
    done: session.incoming.done,
    memberships: [...session.rooms.values()].map(saveMembership),
  };
}

function saveMembership(membership: Membership): MessageInitShape<typeof MembershipSchema> {
  const { name: room, participant, beganAfter, beganAt, cursor, will } = membership;
  const stands =
    cursor.kind === 'at'
      ? { cursor: { offset: cursor.offset, version: cursor.version } }
      : { history: cursor.history, since: cursor.since };
  return { room, participant, beganAfter, beganAt, ...stands, ...(will === undefined ? {} : { will }) };
}
