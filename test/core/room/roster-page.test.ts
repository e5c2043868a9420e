import { create } from '@bufbuild/protobuf';
import { describe, expect, it } from 'vitest';
import { ParticipantSchema } from '../../../gen/signalbox/v1/participant_pb.ts';
import { Member } from '../../../src/core/room/member.ts';
import { participantsAfter } from '../../../src/core/room/roster-page.ts';

function member(ordinal: number, id: string): Member {
  const session = { id: `s-${id}`, device: id, bornAt: 0, tenant: '' };
  return new Member(session, create(ParticipantSchema, { ordinal, id }), 1);
}

describe('participantsAfter', () => {
  const members = [member(7, 'b'), member(3, 'z'), member(7, 'a'), member(12, 'c')];
  const ids = (after: { ordinal: number; id: string } | undefined, limit = 10) =>
    participantsAfter(members, after, limit).map(({ id }) => id);

  it('gives the order of joining, ties by id, whatever the order of the members', () => {
    expect(ids(undefined)).toEqual(['z', 'a', 'b', 'c']);
    expect(ids(undefined, 2)).toEqual(['z', 'a']);
  });

  it('goes on behind a place, also behind that of somebody who has gone', () => {
    expect(ids({ ordinal: 7, id: 'a' })).toEqual(['b', 'c']);
    expect(ids({ ordinal: 7, id: 'aa' })).toEqual(['b', 'c']);
    expect(ids({ ordinal: 8, id: '' }, 1)).toEqual(['c']);
    expect(ids({ ordinal: 12, id: 'c' })).toEqual([]);
  });
});
