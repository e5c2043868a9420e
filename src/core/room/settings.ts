import { clone, create, isFieldSet } from '@bufbuild/protobuf';
import {
  RoomSettings_Duplicates as Duplicates,
  RoomSettings_Presence as Presence,
  type RoomSettings,
  RoomSettingsSchema,
  RoomSettings_Topology as Topology,
} from '../../../gen/signalbox/v1/room_pb.ts';

/** Settings with every unspecified choice resolved to its default. */
export function resolveSettings(...layers: readonly (RoomSettings | undefined)[]): RoomSettings {
  const settings = create(RoomSettingsSchema);
  for (const layer of layers) if (layer !== undefined) mergeSettings(settings, layer);
  if (settings.topology === Topology.UNSPECIFIED) settings.topology = Topology.MESH;
  if (settings.presence === Presence.UNSPECIFIED) settings.presence = Presence.FULL;
  if (settings.duplicates === Duplicates.UNSPECIFIED) settings.duplicates = Duplicates.REPLACE_SAME_DEVICE;
  return settings;
}

/**
 * Copies fields of `from` into `into`: those named by `paths` (proto names, also where they are at their default), else
 * those that are set. Returns the first path that RoomSettings does not have.
 */
export function mergeSettings(
  into: RoomSettings,
  from: RoomSettings,
  paths?: readonly string[],
): string | undefined {
  const source = clone(RoomSettingsSchema, from);
  if (paths === undefined) {
    for (const field of RoomSettingsSchema.fields)
      if (isFieldSet(source, field)) copy(into, source, field.localName);
    return undefined;
  }
  const names = new Map(RoomSettingsSchema.fields.map((field) => [field.name, field.localName]));
  for (const path of paths) {
    const name = names.get(path);
    if (name === undefined) return path;
    copy(into, source, name);
  }
  return undefined;
}

function copy(into: RoomSettings, from: RoomSettings, name: string): void {
  const value: unknown = Reflect.get(from, name);
  if (value === undefined) Reflect.deleteProperty(into, name);
  else Reflect.set(into, name, value);
}

/** What is wrong with settings, with the path of the field; nothing when they can be taken. */
export function checkSettings(settings: RoomSettings): { field: string; problem: string } | undefined {
  const keys = Object.keys(settings.attributes);
  if (keys.length > 64) return { field: 'attributes', problem: `has ${keys.length} keys; at most 64` };
  const bytes = Object.entries(settings.attributes).reduce(
    (sum, [key, value]) => sum + Buffer.byteLength(key) + Buffer.byteLength(value),
    0,
  );
  if (bytes > 4096) return { field: 'attributes', problem: `has ${bytes} bytes; at most 4096` };
  for (const field of ['emptyTimeout', 'departureTimeout', 'slowMode'] as const) {
    const duration = settings[field];
    if (duration !== undefined && (duration.seconds < 0n || duration.nanos < 0)) {
      return { field, problem: 'is negative' };
    }
  }
  return undefined;
}
