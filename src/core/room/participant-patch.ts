import { timestampFromMs } from '@bufbuild/protobuf/wkt';
import type {
  Participant,
  Participant_State,
  Permissions,
  Track,
} from '../../../gen/signalbox/v1/participant_pb.ts';

/** Changes of a participant: what is absent stays. Plain data, so that an engine may send it elsewhere. */
export interface ParticipantPatch {
  readonly name?: string;
  readonly role?: string;
  readonly state?: Participant_State;
  readonly setAttributes?: Readonly<Record<string, string>>;
  readonly clearAttributes?: readonly string[];
  /** Added, or replaced by id. */
  readonly tracks?: readonly Track[];
  readonly dropTracks?: readonly string[];
  readonly handRaised?: boolean;
  readonly permissions?: Permissions;
}

export function applyPatch(participant: Participant, patch: ParticipantPatch, now: number): void {
  if (patch.name !== undefined) participant.name = patch.name;
  if (patch.role !== undefined) participant.role = patch.role;
  if (patch.state !== undefined) participant.state = patch.state;
  if (patch.permissions !== undefined) participant.permissions = patch.permissions;
  participant.attributes = patchedAttributes(participant.attributes, patch);
  participant.tracks = patchedTracks(participant.tracks, patch);
  if (patch.handRaised === false) delete participant.handRaisedAt;
  if (patch.handRaised === true) participant.handRaisedAt ??= timestampFromMs(now);
}

export function patchedAttributes(
  attributes: Readonly<Record<string, string>>,
  { setAttributes = {}, clearAttributes = [] }: Pick<ParticipantPatch, 'setAttributes' | 'clearAttributes'>,
): Record<string, string> {
  const next = { ...attributes };
  for (const key of clearAttributes) delete next[key];
  return Object.assign(next, setAttributes);
}

export function patchedTracks(
  tracks: readonly Track[],
  { tracks: put = [], dropTracks = [] }: Pick<ParticipantPatch, 'tracks' | 'dropTracks'>,
): Track[] {
  const next = new Map(tracks.map((track) => [track.id, track]));
  for (const id of dropTracks) next.delete(id);
  for (const track of put) next.set(track.id, track);
  return [...next.values()];
}
