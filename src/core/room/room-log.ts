import type { CoreLimits } from '../limits.ts';
import { OffsetLog } from '../offset-log.ts';

/** An entry of a room log. */
export interface RoomEntry {
  /** The whole ServerFrame, encoded: one byte string for all receivers. */
  readonly frame: Uint8Array;
  readonly size: number;
  /** When it was appended, in milliseconds. */
  readonly at: number;
  /** Bytes of the DataMessage record at the front of the frame; 0 for roster changes. */
  readonly recordLength: number;
}

type LogLimits = Pick<CoreLimits, 'roomEntries' | 'roomBytes' | 'roomAgeMs' | 'historyMessages'>;

/** What happened in a room, in order: roster changes and RELIABLE messages, bounded by count, bytes and age. */
export class RoomLog {
  readonly #limits: LogLimits;
  readonly #log = new OffsetLog<RoomEntry>();
  #history: RoomEntry[] = [];
  /** Offset of the newest message that has left the log. */
  #lastLostMessage = 0;

  constructor(limits: LogLimits) {
    this.#limits = limits;
  }

  get lo(): number {
    return this.#log.lo;
  }

  get hi(): number {
    return this.#log.hi;
  }

  at(offset: number): RoomEntry | undefined {
    return this.#log.at(offset);
  }

  append(frame: Uint8Array, at: number, recordLength = 0): number {
    const entry = { frame, size: frame.length, at, recordLength };
    const offset = this.#log.append(entry);
    if (recordLength > 0) {
      this.#history.push(entry);
      if (this.#history.length > 2 * this.#limits.historyMessages) {
        this.#history = this.#history.slice(-this.#limits.historyMessages);
      }
    }
    this.expire(at);
    return offset;
  }

  /** Drops what is over a bound. */
  expire(now: number): void {
    const { roomEntries, roomBytes, roomAgeMs } = this.#limits;
    let keep = this.#log.lo;
    let bytes = this.#log.bytes;
    for (;;) {
      const entry = this.#log.at(keep + 1);
      if (entry === undefined || keep + 1 === this.#log.hi) break;
      const over = this.#log.hi - keep > roomEntries || bytes > roomBytes || now - entry.at > roomAgeMs;
      if (!over) break;
      bytes -= entry.size;
      keep += 1;
    }
    this.#log.trim(keep, (entry, offset) => {
      if (entry.recordLength > 0) this.#lastLostMessage = offset;
    });
  }

  /** Whether a cursor at `offset` has missed messages that are no longer in the log. */
  hasLostMessagesAfter(offset: number): boolean {
    return this.#lastLostMessage > offset;
  }

  /** The newest `count` messages, oldest first. */
  history(count: number): readonly RoomEntry[] {
    const most = Math.min(count, this.#limits.historyMessages);
    return most === 0 ? [] : this.#history.slice(-most);
  }
}
