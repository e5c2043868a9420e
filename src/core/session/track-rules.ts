import type { Permissions, Track } from '../../../gen/signalbox/v1/participant_pb.ts';
import type { CoreLimits } from '../limits.ts';
import { boundedProblem, displayNameProblem } from '../text.ts';

/** What is wrong with a participant's tracks; nothing when they can be taken. */
export function tracksProblem(tracks: readonly Track[], { tracks: most }: CoreLimits): string | undefined {
  if (tracks.length > most) return `a participant has at most ${most} tracks, these are ${tracks.length}`;
  const ids = new Set<string>();
  for (const { id, name, streamId } of tracks) {
    const problem =
      boundedProblem('the id of a track', id, 1, 64) ??
      boundedProblem('the stream_id of a track', streamId, 0, 64) ??
      displayNameProblem(name);
    if (problem !== undefined) return problem;
    if (ids.has(id)) return `two tracks have the id ${id}`;
    ids.add(id);
  }
  return undefined;
}

/** The first track whose source the permissions do not cover. */
export function deniedTrack(
  tracks: readonly Track[],
  permissions: Permissions | undefined,
): Track | undefined {
  const publish = permissions?.publish ?? [];
  return publish.length === 0 ? undefined : tracks.find(({ source }) => !publish.includes(source));
}
