/** A value that changes, to look at and to be told of. */
export interface Readable<T> {
  readonly value: T;
  /** Calls `listener` with each new value, not with the present one. Returns the way to stop that. */
  subscribe(listener: (value: T) => void): () => void;
}

/** A readable value and the one place that changes it. */
export class Store<T> implements Readable<T> {
  readonly #listeners = new Set<(value: T) => void>();
  #value: T;

  constructor(value: T) {
    this.#value = value;
  }

  get value(): T {
    return this.#value;
  }

  set(value: T): void {
    if (Object.is(value, this.#value)) return;
    this.#value = value;
    for (const listener of [...this.#listeners]) listener(value);
  }

  subscribe(listener: (value: T) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}
