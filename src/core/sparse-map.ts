/**
 * A map that is a map only from the second entry on: an empty one of JavaScript's own costs 220 bytes, and most rooms have
 * nobody in their lobby, no bans and no hubs, most sessions are in one room, and most inboxes hear one sender. In order of
 * insertion.
 */
export class SparseMap<Key, Value> {
  #entries: Map<Key, Value> | Single<Key, Value> | undefined;

  get size(): number {
    return this.#entries?.size ?? 0;
  }

  get(key: Key): Value | undefined {
    return this.#entries?.get(key);
  }

  has(key: Key): boolean {
    return this.#entries?.has(key) ?? false;
  }

  set(key: Key, value: Value): void {
    const entries = this.#entries;
    if (entries instanceof Map) entries.set(key, value);
    else if (entries === undefined || entries.has(key)) this.#entries = new Single(key, value);
    else {
      this.#entries = new Map(entries.entries());
      this.#entries.set(key, value);
    }
  }

  /** Whether it was there. */
  delete(key: Key): boolean {
    const entries = this.#entries;
    if (entries === undefined || !entries.has(key)) return false;
    if (entries instanceof Map) entries.delete(key);
    if (entries.size === 0 || !(entries instanceof Map)) this.#entries = undefined;
    return true;
  }

  clear(): void {
    this.#entries = undefined;
  }

  keys(): Iterable<Key> {
    return this.#entries?.keys() ?? [];
  }

  values(): Iterable<Value> {
    return this.#entries?.values() ?? [];
  }

  [Symbol.iterator](): Iterator<[Key, Value]> {
    const entries: Iterable<[Key, Value]> = this.#entries?.entries() ?? [];
    return entries[Symbol.iterator]();
  }
}

/** One entry, read as a map is. */
class Single<Key, Value> {
  readonly size = 1;
  readonly #key: Key;
  readonly #value: Value;

  constructor(key: Key, value: Value) {
    this.#key = key;
    this.#value = value;
  }

  get(key: Key): Value | undefined {
    return key === this.#key ? this.#value : undefined;
  }

  has(key: Key): boolean {
    return key === this.#key;
  }

  keys(): Key[] {
    return [this.#key];
  }

  values(): Value[] {
    return [this.#value];
  }

  entries(): [Key, Value][] {
    return [[this.#key, this.#value]];
  }
}
