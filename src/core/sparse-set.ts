import { SparseMap } from './sparse-map.ts';

/** A set that takes no memory while it is empty, see `SparseMap`. In order of insertion. */
export class SparseSet<Item> {
  readonly #items = new SparseMap<Item, true>();

  add(item: Item): void {
    this.#items.set(item, true);
  }

  delete(item: Item): void {
    this.#items.delete(item);
  }

  clear(): void {
    this.#items.clear();
  }

  [Symbol.iterator](): Iterator<Item> {
    return this.#items.keys()[Symbol.iterator]();
  }
}
