import type { MessageInitShape } from '@bufbuild/protobuf';
import type { InboxRecordSchema, RoomRecordSchema } from '../../../gen/signalbox/state/v1/state_pb.ts';
import { roomNameOf, tenantOf } from '../../core/room-key.ts';
import type { MemoryState } from './memory-engine.ts';

/** What a memory engine had, one by one: while one is written, the next is not made yet. */
export function* savedInboxes({
  sessions,
}: MemoryState): Generator<MessageInitShape<typeof InboxRecordSchema>> {
  for (const { info, inbox, attempt } of sessions.values()) yield { ...info, attempt, ...inbox.save() };
}

/** As `savedInboxes`, for the rooms. They go into an engine that has the sessions already. */
export function* savedRooms(
  { rooms }: MemoryState,
  now: number,
): Generator<MessageInitShape<typeof RoomRecordSchema>> {
  for (const [key, room] of rooms) yield { ...room.save(now), tenant: tenantOf(key), name: roomNameOf(key) };
}
