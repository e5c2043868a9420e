import type { Joined, RelayedMessage, RosterDelta } from './codec/messages.ts';
import type { DataMessage } from './message.ts';
import { messageFromWire } from './message.ts';

/** What a snapshot brought beside the roster. */
export interface Snapshot {
  /** Messages of the log before the join, oldest first. */
  readonly history: readonly DataMessage[];
  /** Messages and values that are newer than what was read before. */
  readonly news: readonly DataMessage[];
  /** The history reaches back to what was read before: between them nothing is missing. */
  readonly reaches: boolean;
}

/** The cursor into a room's log and keyed table, and the newest value per key. */
export class RoomLog {
  readonly #retained = new Map<string, DataMessage>();
  readonly #versions = new Map<string, number>();
  #epoch = '';
  #offset = 0;
  #version = 0;

  get position(): { readonly epoch: string; readonly offset: number; readonly version: number } {
    return { epoch: this.#epoch, offset: this.#offset, version: this.#version };
  }

  /** By `type` + '\n' + `key`. */
  get retained(): ReadonlyMap<string, DataMessage> {
    return this.#retained;
  }

  /** False for a frame of the log that was read already. */
  takeOffset(offset: number): boolean {
    if (offset === 0) return true;
    if (offset <= this.#offset) return false;
    this.#offset = offset;
    return true;
  }

  takeDelta(delta: RosterDelta): boolean {
    this.#version = Math.max(this.#version, delta.version);
    return this.takeOffset(delta.offset);
  }

  takeMessage(message: DataMessage, version: number): boolean {
    return version === 0 ? this.takeOffset(message.offset) : this.#retain(message, version);
  }

  /** A snapshot: the cursor is where it says. `self` is the id of the own participant. */
  restart(joined: Joined, self: string): Snapshot {
    const sameLog = joined.epoch === this.#epoch;
    const before = sameLog ? this.#offset : undefined;
    const messages = (list: readonly RelayedMessage[]) =>
      list.flatMap(({ message, origin }) =>
        message && origin ? [messageFromWire(message, origin, self)] : [],
      );
    if (!sameLog) this.#versions.clear();
    const kept = new Set<string>();
    const values: DataMessage[] = [];
    for (const { message, origin } of joined.retained) {
      if (message === undefined || origin === undefined) continue;
      const value = messageFromWire(message, origin, self);
      kept.add(keyOf(value));
      if (this.#retain(value, origin.version)) values.push(value);
    }
    for (const key of [...this.#retained.keys()]) if (!kept.has(key)) this.#retained.delete(key);
    const history = messages(joined.history);
    // Of another log nothing was read yet.
    const recent = history.filter(({ offset }) => offset > (before ?? 0));
    this.#epoch = joined.epoch;
    this.#offset = joined.offset;
    this.#version = joined.version;
    const reaches =
      before !== undefined && (before === joined.offset || (history[0]?.offset ?? Infinity) <= before + 1);
    return { history, news: [...recent, ...values], reaches };
  }

  #retain(message: DataMessage, version: number): boolean {
    const key = keyOf(message);
    if (version <= (this.#versions.get(key) ?? 0)) return false;
    this.#version = Math.max(this.#version, version);
    if (message.delivery === 'latest' && message.content === undefined) {
      this.#retained.delete(key);
      this.#versions.delete(key);
    } else {
      this.#retained.set(key, message);
      this.#versions.set(key, version);
    }
    return true;
  }
}

function keyOf(message: DataMessage): string {
  return `${message.type}\n${message.key}`;
}
