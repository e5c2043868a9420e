import { SparseMap } from '../sparse-map.ts';
import type { Member } from './member.ts';
import type { RoomOutlet } from './outlet.ts';
import { encodeRosterChange } from './room-frames.ts';

/**
 * Who is whose hub in a HUB room. The choice is state, made at the join and told in Joined: were it made anew for each
 * signal, a re-sent offer could reach two hubs.
 */
export class Hubs {
  readonly #room: string;
  readonly #outlet: RoomOutlet;
  /** Hubs, and of how many members each is the hub. */
  readonly #load = new SparseMap<string, number>();

  constructor(room: string, outlet: RoomOutlet) {
    this.#room = room;
    this.#outlet = outlet;
  }

  /** Gives `member` the hub with the fewest members; none while there is none. Hubs have none. */
  assign(member: Member): void {
    this.release(member);
    if (member.isHub) return;
    let chosen = '';
    let fewest = Number.POSITIVE_INFINITY;
    for (const [hub, load] of this.#load) {
      if (load >= fewest) continue;
      chosen = hub;
      fewest = load;
    }
    member.hub = chosen;
    if (chosen !== '') this.#load.set(chosen, fewest + 1);
  }

  /** The member goes: its hub has one less. */
  release(member: Member): void {
    const load = this.#load.get(member.hub);
    if (load !== undefined) this.#load.set(member.hub, load - 1);
    member.hub = '';
  }

  /** A hub came, or a member became one: those who had none get it, and are told. */
  open(hub: Member, members: Iterable<Member>): void {
    if (this.#load.has(hub.id)) return;
    this.release(hub);
    this.#load.set(hub.id, 0);
    for (const member of members) if (member.hub === '') this.#reassign(member);
  }

  /** A hub went, or is none any longer: its members, and itself where it stays, get another or none, and are told. */
  close(hub: Member, members: Iterable<Member>): void {
    if (!this.#load.delete(hub.id)) return;
    for (const member of members) if (member.hub === hub.id || member === hub) this.#reassign(member);
  }

  /** The room became one with hubs: its members are shared out among them, and told. */
  openAll(members: Iterable<Member>): void {
    const others: Member[] = [];
    for (const member of members) {
      if (member.isHub) this.#load.set(member.id, 0);
      else others.push(member);
    }
    for (const member of others) this.#reassign(member);
  }

  /** The room is one with hubs no longer. */
  closeAll(members: Iterable<Member>): void {
    this.#load.clear();
    for (const member of members) member.hub = '';
  }

  /** For the state file: the hubs, in the order in which they came. */
  save(): string[] {
    return [...this.#load.keys()];
  }

  /** Goes on from the state file; `members` know their hubs. */
  restore(hubs: readonly string[], members: Iterable<Member>): void {
    for (const hub of hubs) this.#load.set(hub, 0);
    for (const { hub } of members) {
      const load = this.#load.get(hub);
      if (load !== undefined) this.#load.set(hub, load + 1);
    }
  }

  #reassign(member: Member): void {
    const before = member.hub;
    this.assign(member);
    if (member.hub === before) return;
    this.#outlet.deliver(member.session.id, encodeRosterChange(this.#room, { hub: member.hub }));
  }
}
