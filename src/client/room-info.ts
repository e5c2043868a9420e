import type { Room as WireRoom } from './codec/messages.ts';
import { milliseconds, timestampDate } from './codec/time.ts';
import type { Presence, Recording, Topology } from './vocabulary.ts';
import { presences, recordings, topologies } from './vocabulary.ts';

/** What the gateway says about a room. Immutable: a change brings a new object. */
export interface RoomInfo {
  readonly name: string;
  /** 'mesh': everybody signals everybody; 'hub': everybody signals the hub. */
  readonly topology: Topology;
  /** Whom the roster shows: everybody, those with the permission `listed`, nobody. */
  readonly presence: Presence;
  /** Nobody but moderators may join. */
  readonly locked: boolean;
  /** Joins wait for a moderator. */
  readonly lobby: boolean;
  readonly recording: Recording;
  /** Most participants; 0: the gateway's limit. */
  readonly maxParticipants: number;
  /** Participants by role, as of the join. */
  readonly countByRole: Readonly<Record<string, number>>;
  readonly attributes: Readonly<Record<string, string>>;
  /** Clients use relayed candidates only. */
  readonly relayOnly: boolean;
  /** Shortest time between two messages of one participant, in milliseconds; 0: none. */
  readonly slowModeMs: number;
  readonly createdAt: Date | undefined;
  readonly startsAt: Date | undefined;
  readonly endsAt: Date | undefined;
}

/** A room of the schema as the SDK shows it. */
export function roomInfoFromWire(name: string, wire: WireRoom | undefined): RoomInfo {
  const settings = wire?.settings;
  return {
    name,
    topology: topologies.word(settings?.topology ?? 0),
    presence: presences.word(settings?.presence ?? 0),
    locked: wire?.locked ?? false,
    lobby: settings?.lobby ?? false,
    recording: recordings.word(wire?.recording ?? 0),
    maxParticipants: settings?.maxParticipants ?? 0,
    countByRole: wire?.countByRole ?? {},
    attributes: settings?.attributes ?? {},
    relayOnly: settings?.relayOnly ?? false,
    slowModeMs: milliseconds(settings?.slowMode) ?? 0,
    createdAt: timestampDate(wire?.createdAt),
    startsAt: timestampDate(settings?.startsAt),
    endsAt: timestampDate(settings?.endsAt),
  };
}
