/** What one participant sends to one other, or to its room: counted 1, 2, 3 … */
export class Stream {
  readonly #failed = new Set<number>();
  #sent = 0;

  get sent(): number {
    return this.#sent;
  }

  /** The count of the next one, which is sent now. */
  next(): number {
    this.#sent += 1;
    return this.#sent;
  }

  /** Its sender was told that this one did not arrive, or may not have. */
  failed(count: number): void {
    this.#failed.add(count);
  }

  hasFailed(count: number): boolean {
    return this.#failed.has(count);
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

  /** How many have not arrived although their sender was not told so. */
  missing(stream: Stream): number {
    let missing = 0;
    for (const count of this.#gaps) if (!stream.hasFailed(count)) missing += 1;
    for (let count = this.#last + 1; count <= stream.sent; count += 1) {
      if (!stream.hasFailed(count)) missing += 1;
    }
    return missing;
  }
}
