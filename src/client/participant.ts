import type {
  Participant as WireParticipant,
  Permissions as WirePermissions,
  Track as WireTrack,
} from './codec/messages.ts';
import { timestampDate } from './codec/time.ts';
import type { Delivery, Feature, Kind, ParticipantState, TrackSource } from './vocabulary.ts';
import { deliveries, features, kinds, participantStates, trackSources } from './vocabulary.ts';

/** Something that a participant publishes. */
export interface Track {
  /** Chosen by the publisher; unique in its roster entry; 1 to 64 bytes. */
  readonly id: string;
  readonly source: TrackSource;
  /** Nothing is sent at the moment. */
  readonly muted: boolean;
  /** Display name; may be empty. */
  readonly name: string;
  /** Tracks with the same stream id belong together; may be empty. */
  readonly streamId: string;
  /** The media is end-to-end encrypted. */
  readonly encrypted: boolean;
}

/** What a participant may do. From the token, changeable while in the room. */
export interface Permissions {
  readonly signal: boolean;
  readonly hub: boolean;
  readonly moderate: boolean;
  readonly listed: boolean;
  readonly updateSelf: boolean;
  readonly hidden: boolean;
  /** Sources it may publish. Empty: all. */
  readonly publish: readonly TrackSource[];
  /** Delivery classes it may send. Empty: all. */
  readonly deliveries: readonly Delivery[];
  /** Message types it may send. Empty: all. */
  readonly sendTypes: readonly string[];
  /** May send no message at all. */
  readonly muteMessages: boolean;
}

/** One membership of one session in one room. Immutable: a change brings a new object under the same id. */
export interface Participant {
  /** Unique in the deployment, kept through resumes. */
  readonly id: string;
  /** Who it is: the token's `sub`. */
  readonly identity: string;
  readonly name: string;
  /** The application's label; permissions decide. */
  readonly role: string;
  /** Order of joining; ties by id. The later of a pair makes the first offer. */
  readonly ordinal: number;
  /** 'away': its connection is lost; it may come back within its window. */
  readonly state: ParticipantState;
  readonly kind: Kind;
  readonly attributes: Readonly<Record<string, string>>;
  readonly tracks: readonly Track[];
  readonly permissions: Permissions;
  /** What its client can do. */
  readonly features: readonly Feature[];
  readonly joinedAt: Date | undefined;
  /** When it raised its hand; undefined: it did not. */
  readonly handRaisedAt: Date | undefined;
  /** The participant that this one says it replaces; '' for none. Honour it only if the identities are equal. */
  readonly replaces: string;
  /** Rises when the gateway lost what was sent to this participant: send it again. */
  readonly resyncs: number;
  /** True where it publishes no track of this source, or a muted one. */
  muted(source: TrackSource): boolean;
}

const NO_PERMISSIONS: Permissions = {
  signal: false,
  hub: false,
  moderate: false,
  listed: false,
  updateSelf: false,
  hidden: false,
  publish: [],
  deliveries: [],
  sendTypes: [],
  muteMessages: false,
};

/** A roster entry of the schema as the SDK shows it. */
export function participantFromWire(wire: WireParticipant): Participant {
  const tracks = wire.tracks.map(trackFromWire);
  return {
    id: wire.id,
    identity: wire.identity,
    name: wire.name,
    role: wire.role,
    ordinal: wire.ordinal,
    state: participantStates.word(wire.state),
    kind: kinds.word(wire.kind),
    attributes: wire.attributes,
    tracks,
    permissions: wire.permissions === undefined ? NO_PERMISSIONS : permissionsFromWire(wire.permissions),
    features: wire.features.map((feature) => features.word(feature)).filter((word) => word !== 'unknown'),
    joinedAt: timestampDate(wire.joinedAt),
    handRaisedAt: timestampDate(wire.handRaisedAt),
    replaces: wire.replaces,
    resyncs: wire.resyncs,
    muted: (source) => !tracks.some((track) => track.source === source && !track.muted),
  };
}

function trackFromWire(wire: WireTrack): Track {
  return {
    id: wire.id,
    source: trackSources.word(wire.source),
    muted: wire.muted,
    name: wire.name,
    streamId: wire.streamId,
    encrypted: wire.encrypted,
  };
}

function permissionsFromWire(wire: WirePermissions): Permissions {
  return {
    signal: wire.signal,
    hub: wire.hub,
    moderate: wire.moderate,
    listed: wire.listed,
    updateSelf: wire.updateSelf,
    hidden: wire.hidden,
    publish: wire.publish.map((source) => trackSources.word(source)),
    deliveries: wire.deliveries.map((delivery) => deliveries.word(delivery)),
    sendTypes: wire.sendTypes,
    muteMessages: wire.muteMessages,
  };
}
