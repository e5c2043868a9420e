/**
 * A log without gaps: entries `lo + 1 … hi`, appended at the end, trimmed at the front. The one structure behind inboxes
 * and room logs. Numbers never restart within an epoch.
 */
export class OffsetLog<Entry extends { readonly size: number }> {
  #entries: (Entry | undefined)[] = [];
  /** Index of entry `lo + 1` in `#entries`. */
  #head = 0;
  #lo = 0;
  #bytes = 0;

  /** Number of the newest entry that was trimmed; 0 when none was. */
  get lo(): number {
    return this.#lo;
  }

  /** Number of the newest entry; equal to `lo` when the log is empty. */
  get hi(): number {
    return this.#lo + this.length;
  }

  get length(): number {
    return this.#entries.length - this.#head;
  }

  /** Sum of the entries' sizes. */
  get bytes(): number {
    return this.#bytes;
  }

  /** An empty log goes on after `number`. */
  startAfter(number: number): void {
    this.#lo = number;
  }

  /** Appends and returns the entry's number. */
  append(entry: Entry): number {
    this.#entries.push(entry);
    this.#bytes += entry.size;
    return this.hi;
  }

  at(number: number): Entry | undefined {
    if (number <= this.#lo) return undefined;
    return this.#entries[this.#head + number - this.#lo - 1];
  }

  /** All of them, oldest first. */
  entries(): Entry[] {
    return this.#entries.slice(this.#head).filter((entry) => entry !== undefined);
  }

  /** Drops entries up to and including `number`; calls `dropped` for each, oldest first. */
  trim(number: number, dropped?: (entry: Entry, number: number) => void): void {
    const last = Math.min(number, this.hi);
    while (this.#lo < last) {
      const entry = this.#entries[this.#head];
      this.#entries[this.#head] = undefined;
      this.#head += 1;
      this.#lo += 1;
      if (entry === undefined) continue;
      this.#bytes -= entry.size;
      dropped?.(entry, this.#lo);
    }
    if (this.#head > 32 && this.#head * 2 > this.#entries.length) {
      this.#entries = this.#entries.slice(this.#head);
      this.#head = 0;
    }
  }
}
