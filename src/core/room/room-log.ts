import type { MessageInitShape } from '@bufbuild/protobuf';
import type { LogEntry, LogSchema, Log as SavedLog } from '../../../gen/signalbox/state/v1/state_pb.ts';
import type { CoreLimits } from '../limits.ts';
import { OffsetLog } from '../offset-log.ts';

/** An entry of a room log. */
export interface RoomEntry {
  /** The whole ServerFrame, encoded: one byte string for all receivers. */
  readonly frame: Uint8Array;
  readonly size: number;
  readonly offset: number;
  /** When it was appended, in milliseconds. */
  readonly at: number;
  /** Bytes of the DataMessage record at the front of the frame; 0 for roster changes. */
  readonly recordLength: number;
}

/** Messages for a reader that cannot go on from where it stands. */
export interface CatchUp {
  /** Oldest first. */
  readonly messages: readonly RoomEntry[];
  /** There were others, which are kept no longer. */
  readonly missed: boolean;
}

type LogLimits = Pick<CoreLimits, 'roomEntries' | 'roomBytes' | 'roomAgeMs' | 'historyMessages'>;

/** What happened in a room, in order: roster changes and RELIABLE messages, bounded by count, bytes and age. */
export class RoomLog {
  readonly #limits: LogLimits;
  readonly #log = new OffsetLog<RoomEntry>();
  #history: RoomEntry[] = [];
  /** Offset of the newest message that is not in the history any more. */
  #forgotten = 0;

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
    const offset = this.#log.hi + 1;
    const entry = { frame, size: frame.length, offset, at, recordLength };
    this.#log.append(entry);
    if (recordLength > 0) this.#remember(entry);
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
    this.#log.trim(keep);
  }

  /** The newest `count` messages, oldest first. */
  history(count: number): readonly RoomEntry[] {
    const most = Math.min(count, this.#limits.historyMessages);
    return most === 0 ? [] : this.#history.slice(-most);
  }

  /** The messages after `offset`, as far as they are kept as history. */
  catchUp(offset: number): CatchUp {
    const kept = this.history(this.#limits.historyMessages);
    const first = this.#history.length - kept.length;
    const forgotten = this.#history[first - 1]?.offset ?? this.#forgotten;
    return { messages: kept.filter((entry) => entry.offset > offset), missed: forgotten > offset };
  }

  /** For the state file. */
  save(): MessageInitShape<typeof LogSchema> {
    const { lo } = this;
    const older = this.#history.filter(({ offset }) => offset <= lo);
    return { lo, entries: this.#log.entries(), older, forgotten: this.#forgotten };
  }

  /** An empty log goes on from the state file. */
  restore({ lo, entries, older, forgotten }: SavedLog): void {
    this.#log.startAfter(lo);
    for (const entry of entries) this.#log.append(restored(entry));
    const inLog = this.#log
      .entries()
      .filter(({ offset, recordLength }) => recordLength > 0 && offset > forgotten);
    this.#history = [...older.map(restored), ...inLog];
    this.#forgotten = forgotten;
  }

  /** The history is cut at twice its length, so that it is not copied with each message. */
  #remember(entry: RoomEntry): void {
    const { historyMessages } = this.#limits;
    this.#history.push(entry);
    if (this.#history.length <= 2 * historyMessages) return;
    const cut = this.#history.length - historyMessages;
    this.#forgotten = this.#history[cut - 1]?.offset ?? this.#forgotten;
    this.#history = this.#history.slice(cut);
  }
}

/** A copy: a small frame must not keep the whole record that it was read from. */
function restored({ frame, offset, at, recordLength }: LogEntry): RoomEntry {
  return { frame: frame.slice(), size: frame.length, offset, at, recordLength };
}
