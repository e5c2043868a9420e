import type { Participant } from '../../../gen/signalbox/v1/participant_pb.ts';
import type { Member } from './member.ts';

/** A place in the order of joining: ties of the ordinal go by id. */
export type RosterPosition = Readonly<Pick<Participant, 'ordinal' | 'id'>>;

/** The first `limit` participants behind `after`, in order of joining; undefined: from the first. */
export function participantsAfter(
  members: Iterable<Member>,
  after: RosterPosition | undefined,
  limit: number,
): Readonly<Participant>[] {
  const found: Readonly<Participant>[] = [];
  for (const { participant } of members) {
    if (after === undefined || compare(participant, after) > 0) found.push(participant);
  }
  // Who comes back after the store was wiped keeps an ordinal that is older than its place among the members.
  return found.sort(compare).slice(0, limit);
}

function compare(a: RosterPosition, b: RosterPosition): number {
  if (a.ordinal !== b.ordinal) return a.ordinal - b.ordinal;
  return a.id === b.id ? 0 : a.id < b.id ? -1 : 1;
}
