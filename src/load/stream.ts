/** What one participant sends to one other, or to its room: counted 1, 2, 3 … */
export class Stream {
  /** Sent, and not answered. */
  readonly #open = new Set<number>();
  readonly #failed = new Set<number>();
  #sent = 0;

  get sent(): number {
    return this.#sent;
  }

  /** The count of the next one, which is sent now. */
  next(): number {
    this.#sent += 1;
    this.#open.add(this.#sent);
    return this.#sent;
  }

  accepted(count: number): void {
    this.#open.delete(count);
  }

  /** Its sender was told that this one did not arrive, or may not have. */
  failed(count: number): void {
    this.#open.delete(count);
    this.#failed.add(count);
  }

  /** The gateway has acknowledged this one, and nobody was told that it failed. */
  owes(count: number): boolean {
    return !this.#open.has(count) && !this.#failed.has(count);
  }
}

/** What became of what a receiver got of one stream. */
export type Arrival = 'in order' | 'late' | 'twice';

/** What has arrived of one stream at one receiver. */
export class Arrivals {
  readonly #gaps = new Set<number>();
  #last = 0;

  take(count: number): Arrival {
    if (count <= this.#last) return this.#gaps.delete(count) ? 'late' : 'twice';
    for (let gap = this.#last + 1; gap < count; gap += 1) this.#gaps.add(gap);
    this.#last = count;
    return 'in order';
  }

  /** How many were acknowledged, and have not arrived. */
  missing(stream: Stream): number {
    let missing = 0;
    for (const count of this.#gaps) if (stream.owes(count)) missing += 1;
    for (let count = this.#last + 1; count <= stream.sent; count += 1) {
      if (stream.owes(count)) missing += 1;
    }
    return missing;
  }
}
