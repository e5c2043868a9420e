import { create } from '@bufbuild/protobuf';
import { Reason } from '../../../gen/signalbox/v1/reason_pb.ts';
import { LeftSchema, type RoomPosition } from '../../../gen/signalbox/v1/session_pb.ts';
import { encodeBody } from '../server-frame.ts';
import { roomProblem } from '../text.ts';
import type { Session } from './session.ts';

/**
 * A client that lost frames of its inbox may have lost a Left with them. Left, as whole ServerFrames, of the rooms that it
 * speaks of and is not in: they go with the Resync, before it may have joined again. The other rooms get a fresh Joined.
 */
export function leftOfLostRooms(
  { host, rooms }: Session,
  positions: readonly RoomPosition[],
): readonly Uint8Array[] {
  return positions
    .slice(0, host.limits.rooms)
    .filter(({ room }) => !rooms.has(room) && roomProblem(room) === undefined)
    .map(({ room }) => {
      const value = create(LeftSchema, {
        room,
        reason: Reason.EPOCH_LOST,
        detail: 'you are not in this room',
      });
      return encodeBody({ case: 'left', value });
    });
}
