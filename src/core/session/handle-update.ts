import type { UpdateParticipant } from '../../../gen/signalbox/v1/participant_pb.ts';
import { Reason } from '../../../gen/signalbox/v1/reason_pb.ts';
import { when } from '../eventually.ts';
import { isRefusal, type Refusal, refuse } from '../refusal.ts';
import type { Member } from '../room/member.ts';
import { type ParticipantPatch, patchedAttributes, patchedTracks } from '../room/participant-patch.ts';
import { attributesProblem, displayNameProblem } from '../text.ts';
import { findPresence } from './find-membership.ts';
import type { Outcome } from './handle-frame.ts';
import type { Session } from './session.ts';
import { deniedTrack, tracksProblem } from './track-rules.ts';

/** Changes the sender's own entry in a roster. */
export function handleUpdate(session: Session, update: UpdateParticipant): Outcome {
  const presence = findPresence(session, update.room, 'update_participant.room');
  if (isRefusal(presence)) return presence;
  const { membership, self } = presence;
  const patch: ParticipantPatch = {
    setAttributes: update.setAttributes,
    clearAttributes: update.clearAttributes,
    tracks: update.tracks,
    dropTracks: update.dropTracks,
    ...(update.handRaised === undefined ? {} : { handRaised: update.handRaised }),
    ...(update.name === undefined ? {} : { name: update.name }),
  };
  const refusal = refuseUpdate(session, self, patch, update.room);
  if (refusal !== undefined) return refusal;
  return when(session.host.engine.change(membership.key, self.id, patch), () => undefined);
}

function refuseUpdate(
  session: Session,
  self: Member,
  patch: ParticipantPatch,
  room: string,
): Refusal | undefined {
  const { participant } = self;
  const { limits } = session.host;
  const touched = [...Object.keys(patch.setAttributes ?? {}), ...(patch.clearAttributes ?? [])];
  const refusal = (reason: Reason, field: string, problem: string | undefined) =>
    problem === undefined
      ? undefined
      : refuse(reason, `update_participant.${field}: ${problem}`, {
          fieldPath: `update_participant.${field}`,
          room,
        });
  const { tracks = [], dropTracks = [] } = patch;
  const changesSelf =
    touched.length > 0 || patch.name !== undefined || tracks.length > 0 || dropTracks.length > 0;
  if (changesSelf && participant.permissions?.updateSelf !== true) {
    return refuse(Reason.DENIED, 'the token does not permit to change name, attributes and tracks', { room });
  }
  const fixed = touched.find((key) => Object.hasOwn(session.grants.attributes, key));
  const denied = deniedTrack(tracks, participant.permissions);
  return (
    refusal(Reason.DENIED, 'set_attributes', fixed && `${fixed} is set by the token`) ??
    refusal(
      Reason.DENIED,
      'tracks',
      denied && `the token does not permit to publish the track ${denied.id}`,
    ) ??
    refusal(Reason.MALFORMED, 'name', displayNameProblem(patch.name ?? '')) ??
    refusal(
      Reason.MALFORMED,
      'set_attributes',
      attributesProblem(patchedAttributes(participant.attributes, patch), limits),
    ) ??
    refusal(Reason.MALFORMED, 'tracks', tracksProblem(patchedTracks(participant.tracks, patch), limits))
  );
}
