import { create, type MessageInitShape } from '@bufbuild/protobuf';
import type { Waiting as SavedWaiting, WaitingSchema } from '../../../gen/signalbox/state/v1/state_pb.ts';
import {
  LobbyDeltaSchema,
  type LobbyEntry,
  LobbyEntrySchema,
} from '../../../gen/signalbox/v1/participant_pb.ts';
import { encodeBody } from '../server-frame.ts';
import { SparseMap } from '../sparse-map.ts';
import { Member } from './member.ts';
import type { RoomOutlet } from './outlet.ts';

interface Waiting {
  readonly member: Member;
  readonly knock: string;
}

/** Entries in one LobbyDelta: with attributes, tracks and a note each, a frame stays below a megabyte. */
const entriesPerFrame = 50;

/** Those who wait to be let in, in order of arrival. Moderators are told through their inboxes. */
export class Lobby {
  readonly #room: string;
  readonly #outlet: RoomOutlet;
  readonly #waiting = new SparseMap<string, Waiting>();
  readonly #bySession = new SparseMap<string, Member>();

  constructor(room: string, outlet: RoomOutlet) {
    this.#room = room;
    this.#outlet = outlet;
  }

  get size(): number {
    return this.#waiting.size;
  }

  find(participant: string): Member | undefined {
    return this.#waiting.get(participant)?.member;
  }

  findSession(session: string): Member | undefined {
    return this.#bySession.get(session);
  }

  ofIdentity(identity: string): readonly Member[] {
    const same: Member[] = [];
    for (const { member } of this.#waiting.values()) {
      if (member.participant.identity === identity) same.push(member);
    }
    return same;
  }

  /** Place of `participant` in the queue, from 1; 0 when it does not wait. */
  position(participant: string): number {
    return [...this.#waiting.keys()].indexOf(participant) + 1;
  }

  enter(member: Member, knock: string, moderators: Iterable<Member>): void {
    const waiting = { member, knock };
    this.#put(waiting);
    this.#tell(moderators, { waiting: [entryOf(waiting)] });
  }

  /** Takes somebody out, whatever becomes of them. */
  take(participant: string, moderators: Iterable<Member>): Member | undefined {
    const waiting = this.#waiting.get(participant);
    if (waiting === undefined) return undefined;
    this.#waiting.delete(participant);
    this.#bySession.delete(waiting.member.session.id);
    this.#tell(moderators, { gone: [participant] });
    return waiting.member;
  }

  /** A new moderator learns who waits. */
  showTo(moderator: Member): void {
    const entries = this.entries();
    for (let from = 0; from < entries.length; from += entriesPerFrame) {
      this.#tell([moderator], { waiting: entries.slice(from, from + entriesPerFrame) });
    }
  }

  entries(): LobbyEntry[] {
    return [...this.#waiting.values()].map(entryOf);
  }

  /** In order of arrival. */
  members(): Member[] {
    return [...this.#waiting.values()].map(({ member }) => member);
  }

  ids(): string[] {
    return [...this.#waiting.keys()];
  }

  /** For the state file. */
  save(): MessageInitShape<typeof WaitingSchema>[] {
    return [...this.#waiting.values()].map(({ member, knock }) => ({ member: member.save(), knock }));
  }

  /** Goes on from the state file; nobody is told. */
  restore(saved: readonly SavedWaiting[]): void {
    for (const { member, knock } of saved) {
      if (member !== undefined) this.#put({ member: Member.restore(member), knock });
    }
  }

  #put(waiting: Waiting): void {
    const { member } = waiting;
    this.#waiting.set(member.id, waiting);
    this.#bySession.set(member.session.id, member);
  }

  #tell(moderators: Iterable<Member>, change: { waiting?: LobbyEntry[]; gone?: string[] }): void {
    const frame = encodeBody({
      case: 'lobbyDelta',
      value: create(LobbyDeltaSchema, { room: this.#room, ...change }),
    });
    for (const moderator of moderators) this.#outlet.deliver(moderator.session.id, frame);
  }
}

function entryOf({ member, knock }: Waiting): LobbyEntry {
  return create(LobbyEntrySchema, { participant: member.participant, knock });
}
