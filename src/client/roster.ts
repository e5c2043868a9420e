import type { Joined, RosterDelta, Participant as WireParticipant } from './codec/messages.ts';
import type { Participant } from './participant.ts';
import { participantFromWire } from './participant.ts';
import type { Departure } from './room.ts';
import type { Reason } from './vocabulary.ts';
import { reasons } from './vocabulary.ts';

/** What one frame changed, in the order of telling. */
export interface RosterChange {
  readonly left: readonly Departure[];
  readonly joined: readonly Participant[];
  readonly changed: readonly Participant[];
  readonly countChanged: boolean;
}

/** Who is in a room, kept true from snapshots and deltas. */
export class Roster {
  readonly #participants = new Map<string, Participant>();
  #self: Participant;
  #count = 0;
  /** Ids of the snapshot whose pages still come. */
  #pages: Set<string> | undefined;

  constructor(joined: Joined) {
    this.#self = selfOf(joined);
    this.reset(joined);
  }

  get participants(): ReadonlyMap<string, Participant> {
    return this.#participants;
  }

  get self(): Participant {
    return this.#self;
  }

  get count(): number {
    return this.#count;
  }

  /** False while pages of a snapshot are missing. */
  get complete(): boolean {
    return this.#pages === undefined;
  }

  /** A snapshot of the whole room, or the first page of one. */
  reset(joined: Joined): RosterChange {
    const before = this.#count;
    const self = selfOf(joined);
    const changed = sameEntry(this.#self, self) ? [] : [self];
    this.#self = self;
    this.#count = joined.count;
    this.#pages = new Set();
    const page = this.#page(joined.participants, joined.rosterComplete);
    return { ...page, changed: [...changed, ...page.changed], countChanged: before !== this.#count };
  }

  apply(delta: RosterDelta): RosterChange {
    const before = this.#count;
    // 0 is what frames carry that say nothing of the count; a room that the own entry is hidden in may be empty.
    if (delta.count > 0 || delta.left.length > 0) this.#count = delta.count;
    if (delta.snapshot) {
      return { ...this.#page(delta.joined, delta.complete), countChanged: before !== this.#count };
    }
    const left = delta.left.flatMap(({ id, reason, replacedBy }) =>
      this.#remove(id, reasons.word(reason), replacedBy),
    );
    const { joined, changed } = this.#put([...delta.joined, ...delta.updated]);
    return { left, joined, changed, countChanged: before !== this.#count };
  }

  #page(entries: readonly WireParticipant[], last: boolean): Omit<RosterChange, 'countChanged'> {
    const { joined, changed } = this.#put(entries);
    if (!last) return { left: [], joined, changed };
    const listed = this.#pages ?? new Set();
    this.#pages = undefined;
    const gone = [...this.#participants.values()].filter(({ id }) => !listed.has(id));
    const left = gone.flatMap(({ id, identity }) =>
      this.#remove(id, 'unspecified', this.#successor(id, identity)),
    );
    return { left, joined, changed };
  }

  #put(entries: readonly WireParticipant[]): { joined: Participant[]; changed: Participant[] } {
    const joined: Participant[] = [];
    const changed: Participant[] = [];
    for (const wire of entries) {
      const participant = participantFromWire(wire);
      if (participant.id === this.#self.id) {
        if (!sameEntry(this.#self, participant)) changed.push(participant);
        this.#self = participant;
        continue;
      }
      const before = this.#participants.get(participant.id);
      if (before === undefined) joined.push(participant);
      else if (!sameEntry(before, participant)) changed.push(participant);
      this.#participants.set(participant.id, participant);
      this.#pages?.add(participant.id);
    }
    return { joined, changed };
  }

  #remove(id: string, reason: Reason, replacedBy: string): Departure[] {
    const participant = this.#participants.get(id);
    if (participant === undefined) return [];
    this.#participants.delete(id);
    this.#pages?.delete(id);
    return [{ id, participant, reason, replacedBy }];
  }

  /** Who says that it replaces somebody of the same identity. */
  #successor(id: string, identity: string): string {
    for (const candidate of this.#participants.values()) {
      if (candidate.replaces === id && candidate.identity === identity) return candidate.id;
    }
    return '';
  }
}

function selfOf(joined: Joined): Participant {
  if (joined.participant === undefined) throw new TypeError('Joined without a participant');
  return participantFromWire(joined.participant);
}

function sameEntry(a: Participant, b: Participant): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
