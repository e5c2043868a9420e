import { create } from '@bufbuild/protobuf';
import { DeliveryClass } from '../../gen/signalbox/v1/message_pb.ts';
import type { Permissions } from '../../gen/signalbox/v1/participant_pb.ts';
import { PermissionsSchema, TrackSource } from '../../gen/signalbox/v1/participant_pb.ts';
import { messageTypeProblem } from '../core/text.ts';
import { ClaimError } from './claim-error.ts';

/** What a track shows, as tokens spell it. */
export type SourceName = 'camera' | 'microphone' | 'screen' | 'screen-audio' | 'other';
/** Delivery class of a message, as tokens spell it. */
export type DeliveryName = 'reliable' | 'latest' | 'lossy' | 'counted';

/** The claim `perm`. What is absent has its default. */
export interface PermissionClaim {
  /** May send signals. Default true. */
  readonly signal?: boolean;
  /** Is a hub of HUB rooms. Default false. */
  readonly hub?: boolean;
  /** May moderate. Default false. */
  readonly moderate?: boolean;
  /** Is in the roster under presence LISTED. Default true. */
  readonly listed?: boolean;
  /** May change its own name, attributes and tracks. Default true. */
  readonly updateSelf?: boolean;
  /** Is in no roster and in no count. Default false. */
  readonly hidden?: boolean;
  /** May send no messages at all. Default false. */
  readonly muteMessages?: boolean;
  /** Sources that it may publish. Default all. */
  readonly publish?: readonly SourceName[];
  /** Delivery classes that it may send. Default all. */
  readonly deliveries?: readonly DeliveryName[];
  /** Values of `message_type` that it may send; at most 64, each at most 64 bytes. Default all. */
  readonly sendTypes?: readonly string[];
}

const flagDefaults = {
  signal: true,
  hub: false,
  moderate: false,
  listed: true,
  updateSelf: true,
  hidden: false,
  muteMessages: false,
} as const satisfies Partial<Record<keyof PermissionClaim, boolean>>;

/** The names of the permissions that are true or false. */
export const permissionFlags = Object.keys(flagDefaults) as readonly (keyof typeof flagDefaults)[];

const sources: Readonly<Record<SourceName, TrackSource>> = {
  camera: TrackSource.CAMERA,
  microphone: TrackSource.MICROPHONE,
  screen: TrackSource.SCREEN,
  'screen-audio': TrackSource.SCREEN_AUDIO,
  other: TrackSource.OTHER,
};

const deliveries: Readonly<Record<DeliveryName, DeliveryClass>> = {
  reliable: DeliveryClass.RELIABLE,
  latest: DeliveryClass.LATEST,
  lossy: DeliveryClass.LOSSY,
  counted: DeliveryClass.COUNTED,
};

const lists: readonly string[] = ['publish', 'deliveries', 'sendTypes'];
/** Entries of `sendTypes`: a token travels with every connection. */
const maxSendTypes = 64;

/** Reads `perm`. Throws ClaimError; unknown members are refused, so that a misspelt restriction is not ignored. */
export function readPermissions(claim: unknown): Permissions {
  if (claim === undefined) return ofFlags(flagDefaults);
  if (typeof claim !== 'object' || claim === null || Array.isArray(claim)) {
    throw new ClaimError('perm', 'must be an object, such as {"moderate":true}');
  }
  const members = new Map<string, unknown>(Object.entries(claim));
  for (const name of members.keys()) {
    if (!Object.hasOwn(flagDefaults, name) && !lists.includes(name)) {
      const names = [...permissionFlags, ...lists].join(', ');
      throw new ClaimError(`perm.${name}`, `is unknown; known are ${names}`);
    }
  }
  const flags: Record<string, boolean> = { ...flagDefaults };
  for (const name of permissionFlags) flags[name] = readFlag(name, members.get(name));
  if (!lists.some((name) => members.has(name))) return ofFlags(flags);
  return create(PermissionsSchema, {
    ...flags,
    publish: readNames('publish', members.get('publish'), sources),
    deliveries: readNames('deliveries', members.get('deliveries'), deliveries),
    sendTypes: readSendTypes(members.get('sendTypes')),
  });
}

/** Permissions of flags alone, which most tokens have: the same for all that have the same. */
const known = new Map<number, Permissions>();

function ofFlags(flags: Readonly<Record<string, boolean>>): Permissions {
  const bits = permissionFlags.reduce((sum, name, place) => sum | (flags[name] ? 1 << place : 0), 0);
  let permissions = known.get(bits);
  if (permissions === undefined) {
    permissions = Object.freeze(create(PermissionsSchema, flags));
    known.set(bits, permissions);
  }
  return permissions;
}

/** Writes `perm`, every flag spelt out. Throws ClaimError for values that a token cannot say. */
export function writePermissions(permissions: Permissions): PermissionClaim {
  const claim: Record<string, unknown> = {};
  for (const name of permissionFlags) claim[name] = permissions[name];
  if (permissions.publish.length > 0) claim.publish = writeNames('publish', permissions.publish, sources);
  if (permissions.deliveries.length > 0) {
    claim.deliveries = writeNames('deliveries', permissions.deliveries, deliveries);
  }
  if (permissions.sendTypes.length > 0) claim.sendTypes = permissions.sendTypes;
  return claim;
}

function readFlag(name: keyof typeof flagDefaults, value: unknown): boolean {
  if (value === undefined) return flagDefaults[name];
  if (typeof value !== 'boolean') throw new ClaimError(`perm.${name}`, 'must be true or false');
  return value;
}

function readList(name: string, value: unknown): readonly unknown[] {
  if (value === undefined) return [];
  if (!Array.isArray(value)) throw new ClaimError(`perm.${name}`, 'must be an array of strings');
  if (value.length === 0)
    throw new ClaimError(`perm.${name}`, 'must not be empty; leave it out to allow all');
  return value;
}

function readNames<T>(name: string, value: unknown, known: Readonly<Record<string, T>>): T[] {
  return readList(name, value).map((entry) => {
    const found = typeof entry === 'string' && Object.hasOwn(known, entry) ? known[entry] : undefined;
    if (found === undefined) {
      throw new ClaimError(`perm.${name}`, `may hold ${Object.keys(known).join(', ')}`);
    }
    return found;
  });
}

function readSendTypes(value: unknown): string[] {
  const entries = readList('sendTypes', value);
  if (entries.length > maxSendTypes)
    throw new ClaimError('perm.sendTypes', `has at most ${maxSendTypes} entries`);
  return entries.map((entry) => {
    if (typeof entry !== 'string') throw new ClaimError('perm.sendTypes', 'must be an array of strings');
    const problem = messageTypeProblem(entry);
    if (problem !== undefined) throw new ClaimError('perm.sendTypes', problem);
    return entry;
  });
}

function writeNames<T>(name: string, values: readonly T[], known: Readonly<Record<string, T>>): string[] {
  return values.map((value) => {
    const found = Object.keys(known).find((key) => known[key] === value);
    if (found === undefined) throw new ClaimError(`perm.${name}`, `must not hold the value ${String(value)}`);
    return found;
  });
}
