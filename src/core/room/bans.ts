import type { MessageInitShape } from '@bufbuild/protobuf';
import type { BanSchema } from '../../../gen/signalbox/state/v1/state_pb.ts';
import { SparseMap } from '../sparse-map.ts';

/** Who is kept out of a room. */
export interface RoomBan {
  readonly identity: string;
  /** In milliseconds; Infinity: as long as the room. */
  readonly until: number;
  readonly note: string;
}

export class Bans {
  readonly #bans = new SparseMap<string, RoomBan>();

  set(ban: RoomBan): void {
    this.#bans.set(ban.identity, ban);
  }

  lift(identity: string): boolean {
    return this.#bans.delete(identity);
  }

  find(identity: string, now: number): RoomBan | undefined {
    const ban = this.#bans.get(identity);
    if (ban === undefined || ban.until > now) return ban;
    this.#bans.delete(identity);
    return undefined;
  }

  /** For the state file. */
  save(): MessageInitShape<typeof BanSchema>[] {
    return [...this.#bans.values()];
  }

  /** In order of identity. */
  list(now: number): RoomBan[] {
    const bans = [...this.#bans.values()].filter((ban) => ban.until > now);
    return bans.sort((a, b) => (a.identity < b.identity ? -1 : 1));
  }
}
