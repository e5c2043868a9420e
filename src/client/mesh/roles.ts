import type { Participant } from '../participant.ts';

/** What the two ends of a pair agree on without asking: each computes it from the two roster entries. */
export interface Roles {
  /** Makes the first offer of a connection; the other one waits for it. */
  readonly offersFirst: boolean;
  /** Gives way when two offers collide: rolls back its own. At most one of a pair is polite. */
  readonly polite: boolean;
  /**
   * 'both': either may renegotiate, collisions are resolved by politeness. 'first': neither can roll back, so only the
   * first offerer of a connection offers. 'self', 'other': the other one, or this one, only ever answers.
   */
  readonly offerers: 'both' | 'first' | 'self' | 'other';
}

type Entry = Pick<Participant, 'id' | 'ordinal' | 'features'>;

/**
 * The roles of `self` towards `other`. The later participant by (ordinal, id) offers first, and is the polite one if its
 * stack can roll back, else the other if that one can. A participant that can only answer never offers.
 */
export function rolesOf(self: Entry, other: Entry): Roles {
  const later = isLater(self, other);
  if (answersOnly(self) !== answersOnly(other)) {
    const offers = answersOnly(other);
    return { offersFirst: offers, polite: false, offerers: offers ? 'self' : 'other' };
  }
  const [laterEntry, earlierEntry] = later ? [self, other] : [other, self];
  if (canRollBack(laterEntry)) return { offersFirst: later, polite: later, offerers: 'both' };
  if (canRollBack(earlierEntry)) return { offersFirst: later, polite: !later, offerers: 'both' };
  return { offersFirst: later, polite: false, offerers: 'first' };
}

function isLater(self: Entry, other: Entry): boolean {
  return self.ordinal === other.ordinal ? self.id > other.id : self.ordinal > other.ordinal;
}

function canRollBack({ features }: Entry): boolean {
  return features.includes('rollback');
}

function answersOnly({ features }: Entry): boolean {
  return features.includes('answer_only');
}
