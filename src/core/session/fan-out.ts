import { DeliveryClass } from '../../../gen/signalbox/v1/message_pb.ts';
import type { RoomView } from '../engine.ts';
import type { FrameScan } from '../wire/scan.ts';
import type { FrameKind } from './frame-budget.ts';
import type { Session } from './session.ts';

/** The room that pays for a frame, and how many sessions it goes to. */
export interface FanOut {
  readonly room: RoomView;
  readonly readers: number;
}

/**
 * Whom a message goes to, at the most. What a session asks for otherwise shows in the rosters of its rooms: it counts as
 * a message to the largest of those that show it, and as one delivery where none does: a crowd that leaves a room of presence COUNT
 * is one number a tick. Undefined: it is in no such room.
 */
export function fanOutOf(
  { rooms, host }: Session,
  kind: FrameKind,
  { message }: FrameScan,
): FanOut | undefined {
  if (kind === 'control') {
    let largest: FanOut | undefined;
    for (const { key, view, self } of rooms.values()) {
      const readers = self !== undefined && view.shows(self) ? host.readers(key) : 1;
      if (largest === undefined || readers > largest.readers) largest = { room: view, readers };
    }
    return largest;
  }
  const membership = rooms.get(message.room);
  if (membership === undefined) return undefined;
  const toOne = message.delivery === DeliveryClass.COUNTED || message.toParticipant !== '';
  return { room: membership.view, readers: toOne ? 1 : host.readers(membership.key) };
}
