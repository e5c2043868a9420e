import { describe, expect, it } from 'vitest';
import type { Feature } from '../../../src/client/index.ts';
import { rolesOf } from '../../../src/client/mesh/roles.ts';
import { entry } from './fake-room.ts';

function pair(earlier: readonly Feature[], later: readonly Feature[]) {
  const a = entry('a', 1, { features: earlier });
  const b = entry('b', 2, { features: later });
  return { earlier: rolesOf(a, b), later: rolesOf(b, a) };
}

describe('the roles of a pair', () => {
  it('let the later participant offer first and be the polite one', () => {
    const { earlier, later } = pair(['rollback'], ['rollback']);
    expect(later).toEqual({ offersFirst: true, polite: true, offerers: 'both' });
    expect(earlier).toEqual({ offersFirst: false, polite: false, offerers: 'both' });
  });

  it('make the earlier one polite where only that one can roll back', () => {
    const { earlier, later } = pair(['rollback'], []);
    expect([earlier.polite, later.polite]).toEqual([true, false]);
    expect([earlier.offersFirst, later.offersFirst]).toEqual([false, true]);
  });

  it('leave offers to the first offerer where neither can roll back', () => {
    const { earlier, later } = pair([], []);
    expect(earlier).toEqual({ offersFirst: false, polite: false, offerers: 'first' });
    expect(later).toEqual({ offersFirst: true, polite: false, offerers: 'first' });
  });

  it('ask no offer of a device that can only answer', () => {
    const { earlier, later } = pair(['rollback'], ['answer_only']);
    expect(earlier).toEqual({ offersFirst: true, polite: false, offerers: 'self' });
    expect(later).toEqual({ offersFirst: false, polite: false, offerers: 'other' });
  });

  it('are told by the id where the ordinals are equal', () => {
    const [a, b] = [entry('a', 7), entry('b', 7)];
    expect([rolesOf(a, b).offersFirst, rolesOf(b, a).offersFirst]).toEqual([false, true]);
  });
});
