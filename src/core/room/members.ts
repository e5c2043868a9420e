import type { MessageInitShape } from '@bufbuild/protobuf';
import type { RoomRecord, RoomRecordSchema } from '../../../gen/signalbox/state/v1/state_pb.ts';
import type { Participant } from '../../../gen/signalbox/v1/participant_pb.ts';
import type { Reason } from '../../../gen/signalbox/v1/reason_pb.ts';
import { RoomSettings_Presence as Presence } from '../../../gen/signalbox/v1/room_pb.ts';
import { SparseMap } from '../sparse-map.ts';
import { SparseSet } from '../sparse-set.ts';
import { Member } from './member.ts';

/** How many departures a room remembers, to answer RECIPIENT_LEFT instead of UNKNOWN_RECIPIENT. */
const remembered = 256;

/**
 * The participants of a room, in order of joining, found by id, session and identity. What a join needs to know of all
 * of them is kept as it changes: in a room of a hundred thousand nobody may look at each of them for each who comes.
 */
export class Members {
  readonly #byId = new Map<string, Member>();
  readonly #bySession = new Map<string, Member>();
  /** Of most identities there is one participant. */
  readonly #byIdentity = new Map<string, Member | Set<Member>>();
  /** Those whom rosters of presence LISTED show. */
  readonly #listed = new SparseSet<Member>();
  readonly #moderators = new SparseSet<Member>();
  /** Counted participants by role. */
  readonly #roles = new Map<string, number>();
  readonly #departed = new SparseMap<string, Reason>();
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
    const same = this.#byIdentity.get(identity) ?? [];
    return same instanceof Member ? [same] : [...same];
  }

  /** Whether this participant was here and has left. */
  hasLeft(participant: string): boolean {
    return this.#departed.has(participant);
  }

  all(): Iterable<Member> {
    return this.#byId.values();
  }

  /** Those whom rosters of this presence mode show. */
  *shown(presence: Presence): Iterable<Member> {
    if (presence === Presence.COUNT) return;
    const candidates = presence === Presence.LISTED ? this.#listed : this.#byId.values();
    for (const member of candidates) if (member.isShown(presence)) yield member;
  }

  moderators(): Iterable<Member> {
    return this.#moderators;
  }

  add(member: Member): void {
    this.#byId.set(member.id, member);
    this.#bySession.set(member.session.id, member);
    const { identity } = member.participant;
    const same = this.#byIdentity.get(identity);
    if (same === undefined) this.#byIdentity.set(identity, member);
    else if (same instanceof Member) this.#byIdentity.set(identity, new Set([same, member]));
    else same.add(member);
    this.#index(member);
  }

  remove(member: Member, reason: Reason): void {
    member.hasLeft = true;
    this.#byId.delete(member.id);
    this.#bySession.delete(member.session.id);
    const { identity } = member.participant;
    const same = this.#byIdentity.get(identity);
    if (same instanceof Set) same.delete(member);
    if (same === member || (same instanceof Set && same.size === 0)) this.#byIdentity.delete(identity);
    this.#unindex(member);
    this.#departed.set(member.id, reason);
    if (this.#departed.size > remembered) {
      const [oldest] = this.#departed.keys();
      if (oldest !== undefined) this.#departed.delete(oldest);
    }
  }

  /** Changes a member, but for its id and identity. False: it is as it was. */
  change(member: Member, edit: (participant: Participant) => void): boolean {
    this.#unindex(member);
    const changed = member.change(edit);
    this.#index(member);
    return changed;
  }

  countByRole(): Record<string, number> {
    return Object.fromEntries(this.#roles);
  }

  /** For the state file. */
  save(): Pick<MessageInitShape<typeof RoomRecordSchema>, 'members' | 'departed'> {
    return {
      members: [...this.#byId.values()].map((member) => member.save()),
      departed: [...this.#departed].map(([id, reason]) => ({ id, reason })),
    };
  }

  /** Goes on from the state file. */
  restore({ members, departed }: RoomRecord): void {
    for (const saved of members) this.add(Member.restore(saved));
    for (const { id, reason } of departed) this.#departed.set(id, reason);
  }

  #index(member: Member): void {
    if (member.isShown(Presence.LISTED)) this.#listed.add(member);
    if (member.moderates) this.#moderators.add(member);
    if (!member.hidden) this.#count(member.participant.role, 1);
  }

  #unindex(member: Member): void {
    this.#listed.delete(member);
    this.#moderators.delete(member);
    if (!member.hidden) this.#count(member.participant.role, -1);
  }

  #count(role: string, by: 1 | -1): void {
    this.#counted += by;
    const count = (this.#roles.get(role) ?? 0) + by;
    if (count === 0) this.#roles.delete(role);
    else this.#roles.set(role, count);
  }
}
