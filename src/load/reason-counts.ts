/** Counts by reason, each with the words of the first one. */
export class ReasonCounts {
  readonly #counts = new Map<string, { count: number; readonly detail: string }>();
  #total = 0;

  get total(): number {
    return this.#total;
  }

  add(reason: string, detail = ''): void {
    this.#total += 1;
    const entry = this.#counts.get(reason);
    if (entry === undefined) this.#counts.set(reason, { count: 1, detail });
    else entry.count += 1;
  }

  /** The most frequent first. */
  get entries(): readonly { readonly reason: string; readonly count: number; readonly detail: string }[] {
    const entries = [...this.#counts].map(([reason, entry]) => ({ reason, ...entry }));
    return entries.sort((a, b) => b.count - a.count);
  }
}
