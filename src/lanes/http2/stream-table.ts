/** The open streams of a connection, by their numbers. Most connections have one: it needs no map. */
export class StreamTable<Stream extends { readonly id: number }> {
  #only: Stream | undefined;
  #all: Map<number, Stream> | undefined;

  get size(): number {
    return this.#all?.size ?? (this.#only === undefined ? 0 : 1);
  }

  get(id: number): Stream | undefined {
    if (this.#all !== undefined) return this.#all.get(id);
    return this.#only?.id === id ? this.#only : undefined;
  }

  add(stream: Stream): void {
    if (this.#all === undefined && this.#only === undefined) {
      this.#only = stream;
      return;
    }
    this.#all ??= new Map(this.#only === undefined ? [] : [[this.#only.id, this.#only]]);
    this.#only = undefined;
    this.#all.set(stream.id, stream);
  }

  /** Whether it was there. */
  delete(stream: Stream): boolean {
    if (this.#all === undefined) {
      if (this.#only !== stream) return false;
      this.#only = undefined;
      return true;
    }
    if (this.#all.get(stream.id) !== stream) return false;
    this.#all.delete(stream.id);
    if (this.#all.size === 0) this.#all = undefined;
    return true;
  }

  count(test: (stream: Stream) => boolean): number {
    let count = 0;
    for (const stream of this.values()) if (test(stream)) count += 1;
    return count;
  }

  values(): Iterable<Stream> {
    if (this.#all !== undefined) return this.#all.values();
    return this.#only === undefined ? [] : [this.#only];
  }
}
