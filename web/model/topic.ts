/** Events of one kind. */
export class Topic<T> {
  readonly #listeners = new Set<(event: T) => void>();

  /** Calls `listener` at each event. Returns the way to stop that. */
  on(listener: (event: T) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  emit(event: T): void {
    for (const listener of [...this.#listeners]) listener(event);
  }
}
