import { create } from '@bufbuild/protobuf';
import { Reason } from '../../../gen/signalbox/v1/reason_pb.ts';
import { LeftSchema, type RoomPosition } from '../../../gen/signalbox/v1/session_pb.ts';
import { encodeBody } from '../server-frame.ts';
import { roomProblem } from '../text.ts';
import { inBackground } from './in-background.ts';
import type { Session } from './session.ts';

/**
 * A client that lost frames of its inbox may have lost a Left with them: of the rooms that it speaks of, those that it is not
 * in are told again. The others get a fresh Joined.
 */
export function tellLostRooms(session: Session, positions: readonly RoomPosition[]): void {
  const { host, id, rooms } = session;
  for (const { room } of positions.slice(0, host.limits.rooms)) {
    if (rooms.has(room) || roomProblem(room) !== undefined) continue;
    const value = create(LeftSchema, { room, reason: Reason.EPOCH_LOST, detail: 'you are not in this room' });
    inBackground(host, 'a session could not be told that it is in no such room', () =>
      host.engine.appendOwn(id, encodeBody({ case: 'left', value })),
    );
  }
}
