import type { Reason } from '../../../gen/signalbox/v1/reason_pb.ts';
import type { Member } from './member.ts';

/** How many departures a room remembers, to answer RECIPIENT_LEFT instead of UNKNOWN_RECIPIENT. */
const remembered = 256;

/** The participants of a room, in order of joining, found by id, session and identity. */
export class Members {
  readonly #byId = new Map<string, Member>();
  readonly #bySession = new Map<string, Member>();
  readonly #byIdentity = new Map<string, Set<Member>>();
  readonly #departed = new Map<string, Reason>();
  #counted = 0;

  /** Participants in all. */
  get size(): number {
    return this.#byId.size;
  }

  /** Participants that are not hidden. */
  get counted(): number {
    return this.#counted;
  }

  get(participant: string): Member | undefined {
    return this.#byId.get(participant);
  }

  ofSession(session: string): Member | undefined {
    return this.#bySession.get(session);
  }

  ofIdentity(identity: string): readonly Member[] {
    return [...(this.#byIdentity.get(identity) ?? [])];
  }

  /** Whether this participant was here and has left. */
  hasLeft(participant: string): boolean {
    return this.#departed.has(participant);
  }

  all(): Iterable<Member> {
    return this.#byId.values();
  }

  moderators(): Member[] {
    return [...this.#byId.values()].filter((member) => member.moderates);
  }

  add(member: Member): void {
    this.#byId.set(member.id, member);
    this.#bySession.set(member.session.id, member);
    const { identity } = member.participant;
    const same = this.#byIdentity.get(identity);
    if (same === undefined) this.#byIdentity.set(identity, new Set([member]));
    else same.add(member);
    if (!member.hidden) this.#counted += 1;
  }

  remove(member: Member, reason: Reason): void {
    this.#byId.delete(member.id);
    this.#bySession.delete(member.session.id);
    const same = this.#byIdentity.get(member.participant.identity);
    same?.delete(member);
    if (same?.size === 0) this.#byIdentity.delete(member.participant.identity);
    if (!member.hidden) this.#counted -= 1;
    this.#departed.set(member.id, reason);
    if (this.#departed.size > remembered) {
      const [oldest] = this.#departed.keys();
      if (oldest !== undefined) this.#departed.delete(oldest);
    }
  }

  /** A change of permissions may hide or show a member: the count follows. */
  recount(wasHidden: boolean, member: Member): void {
    this.#counted += Number(wasHidden) - Number(member.hidden);
  }

  countByRole(): Record<string, number> {
    const counts: Record<string, number> = {};
    for (const member of this.#byId.values()) {
      if (member.hidden) continue;
      const { role } = member.participant;
      counts[role] = (counts[role] ?? 0) + 1;
    }
    return counts;
  }
}
