import type { Entry } from './static-table.ts';

/** What an entry counts for beside its octets (RFC 7541, section 4.1; RFC 9113, section 6.5.2 counts fields alike). */
export const ENTRY_OVERHEAD = 32;

/** The entries that the peer had kept, newest first (RFC 7541, sections 2.3.2 and 4). */
export class DynamicTable {
  /** Oldest first, so that adding moves nothing. */
  readonly #entries: Entry[] = [];
  #limit: number;
  #size = 0;

  /** @param limit Octets that the entries may count for. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  get limit(): number {
    return this.#limit;
  }

  /** The entry at `place`, the newest at 1; undefined: there is none. */
  at(place: number): Entry | undefined {
    return this.#entries[this.#entries.length - place];
  }

  /** One that is larger than the table empties it, and is no error (section 4.4). */
  add(entry: Entry): void {
    const size = entrySize(entry);
    this.#shrink(this.#limit - size);
    if (size > this.#limit) return;
    this.#entries.push(entry);
    this.#size += size;
  }

  clear(): void {
    this.#shrink(0);
  }

  resize(limit: number): void {
    this.#limit = limit;
    this.#shrink(limit);
  }

  #shrink(most: number): void {
    while (this.#size > most) {
      const oldest = this.#entries.shift();
      if (oldest === undefined) return;
      this.#size -= entrySize(oldest);
    }
  }
}

function entrySize({ name, value }: Entry): number {
  return name.length + value.length + ENTRY_OVERHEAD;
}
