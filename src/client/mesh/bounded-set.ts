/** Remembers the newest of what was added, up to a number. */
export class BoundedSet<T> {
  readonly #items = new Set<T>();
  readonly #most: number;

  constructor(most: number) {
    this.#most = most;
  }

  has(item: T): boolean {
    return this.#items.has(item);
  }

  add(item: T): void {
    this.#items.delete(item);
    this.#items.add(item);
    const [oldest] = this.#items;
    if (this.#items.size > this.#most && oldest !== undefined) this.#items.delete(oldest);
  }
}
