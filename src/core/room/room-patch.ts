import { clone, equals } from '@bufbuild/protobuf';
import { Reason } from '../../../gen/signalbox/v1/reason_pb.ts';
import { type Recording, type RoomSettings, RoomSettingsSchema } from '../../../gen/signalbox/v1/room_pb.ts';
import { type Refusal, refuse } from '../refusal.ts';
import { admitAll } from './admission.ts';
import type { RoomState } from './room-state.ts';
import { checkSettings, mergeSettings, resolveSettings } from './settings.ts';

/** Changes of a room: what is absent stays. Plain data, so that an engine may send it elsewhere. */
export interface RoomPatch {
  readonly settings?: RoomSettings;
  /** Fields of `settings` to take, by their proto names, also where they are at their default; absent: those set. */
  readonly paths?: readonly string[];
  readonly locked?: boolean;
  readonly recording?: Recording;
  /** Room.version that the caller saw; 0: any. */
  readonly expectedVersion?: number;
}

/** Changes the room, or nothing at all. */
export function patchRoom(room: RoomState, patch: RoomPatch, now: number): Refusal | undefined {
  const { expectedVersion = 0 } = patch;
  if (expectedVersion !== 0 && expectedVersion !== room.version) {
    const detail = `the room has version ${room.version}, not ${expectedVersion}: read it again`;
    return refuse(Reason.OUT_OF_ORDER, detail, { room: room.name, fieldPath: 'expected_version' });
  }
  if (patch.settings !== undefined) {
    const next = clone(RoomSettingsSchema, room.settings as RoomSettings);
    const unknown = mergeSettings(next, patch.settings, patch.paths);
    if (unknown !== undefined) {
      const detail = `RoomSettings has no field ${unknown.slice(0, 64)}`;
      return refuse(Reason.MALFORMED, detail, { room: room.name, fieldPath: 'update_mask' });
    }
    const problem = checkSettings(next);
    if (problem !== undefined) {
      const fieldPath = `settings.${problem.field}`;
      return refuse(Reason.MALFORMED, `${fieldPath} ${problem.problem}`, { room: room.name, fieldPath });
    }
    const resolved = resolveSettings(next);
    // The same again is no change: nobody is told, and the version stays.
    if (!equals(RoomSettingsSchema, resolved, room.settings as RoomSettings)) {
      room.changeSettings(resolved, now);
      if (!resolved.lobby) admitAll(room, now);
    }
  }
  if (patch.locked !== undefined) room.setLocked(patch.locked, now);
  if (patch.recording !== undefined) room.setRecording(patch.recording, now);
  return undefined;
}
