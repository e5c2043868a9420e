import { clone, create, isFieldSet } from '@bufbuild/protobuf';
import {
  RoomSettings_Duplicates as Duplicates,
  RoomSettings_Presence as Presence,
  type RoomSettings,
  RoomSettingsSchema,
  RoomSettings_Topology as Topology,
} from '../../../gen/signalbox/v1/room_pb.ts';
import { attributesProblem } from '../text.ts';

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

/** Seconds of the longest Duration and of the last Timestamp: what is beyond cannot be written as JSON. */
const longestDuration = 315_576_000_000n;
const lastSecond = 253_402_300_799n;

const choices = { topology: Topology, presence: Presence, duplicates: Duplicates } as const;

/** What is wrong with settings, with the path of the field; nothing when they can be taken. */
export function checkSettings(settings: RoomSettings): { field: string; problem: string } | undefined {
  for (const field of ['topology', 'presence', 'duplicates'] as const) {
    const known: readonly number[] = Object.values(choices[field]);
    if (!known.includes(settings[field]))
      return { field, problem: `is ${settings[field]}, which is no choice` };
  }
  const problem = attributesProblem(settings.attributes);
  if (problem !== undefined) return { field: 'attributes', problem: `cannot be taken: ${problem}` };
  for (const [field, name] of durations) {
    const duration = settings[field];
    if (duration === undefined) continue;
    if (duration.seconds < 0n || duration.nanos < 0) return { field: name, problem: 'is negative' };
    if (duration.seconds > longestDuration || duration.nanos > 999_999_999) {
      return { field: name, problem: 'is out of the range of a Duration' };
    }
  }
  for (const [field, name] of times) {
    const time = settings[field];
    if (time === undefined) continue;
    if (time.seconds < 0n || time.seconds > lastSecond || time.nanos < 0 || time.nanos > 999_999_999) {
      return { field: name, problem: 'is not a time from 1970 to 9999' };
    }
  }
  return undefined;
}

const durations = [
  ['emptyTimeout', 'empty_timeout'],
  ['departureTimeout', 'departure_timeout'],
  ['slowMode', 'slow_mode'],
] as const;

const times = [
  ['startsAt', 'starts_at'],
  ['endsAt', 'ends_at'],
] as const;
