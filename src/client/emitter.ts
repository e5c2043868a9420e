/** What a listener gets: one value. */
export type Listener<T> = (value: T) => void;

/** The listening half of an emitter: what the public types show. */
export interface Emitter<Events> {
  /** Calls `listener` at each event. Returns the way to stop that. */
  on<K extends keyof Events>(event: K, listener: Listener<Events[K]>): () => void;
  /** As `on`, for the next event only. */
  once<K extends keyof Events>(event: K, listener: Listener<Events[K]>): () => void;
  off<K extends keyof Events>(event: K, listener: Listener<Events[K]>): void;
}

/** Events held for a first listener that is not there yet: a burst behind a join, not an archive. */
const HELD_EVENTS = 256;

/**
 * A small typed emitter. A listener that throws does not keep others from being called. Events named in `held` that
 * nobody listens to are kept (the newest 256) and handed to the first listener, so that nothing is lost between
 * `await session.join()` and `room.on('signal')`.
 */
export class LiveEmitter<Events> implements Emitter<Events> {
  readonly #listeners = new Map<keyof Events, Set<Listener<never>>>();
  readonly #held = new Map<keyof Events, unknown[]>();
  readonly #failed: (error: unknown) => void;

  /** `failed` hears of errors that listeners throw. */
  constructor(failed: (error: unknown) => void, held: readonly (keyof Events)[] = []) {
    this.#failed = failed;
    for (const event of held) this.#held.set(event, []);
  }

  on<K extends keyof Events>(event: K, listener: Listener<Events[K]>): () => void {
    const listeners = this.#listeners.get(event) ?? new Set();
    this.#listeners.set(event, listeners.add(listener));
    const held = this.#held.get(event) ?? [];
    while (held.length > 0 && listeners.has(listener)) this.#call(listener, held.shift() as Events[K]);
    return () => this.off(event, listener);
  }

  once<K extends keyof Events>(event: K, listener: Listener<Events[K]>): () => void {
    const heard = (value: Events[K]) => {
      this.off(event, heard);
      listener(value);
    };
    return this.on(event, heard);
  }

  off<K extends keyof Events>(event: K, listener: Listener<Events[K]>): void {
    this.#listeners.get(event)?.delete(listener);
  }

  emit<K extends keyof Events>(event: K, value: Events[K]): void {
    const listeners = this.#listeners.get(event);
    if (listeners === undefined || listeners.size === 0) {
      const held = this.#held.get(event);
      held?.push(value);
      if (held !== undefined && held.length > HELD_EVENTS) held.shift();
      return;
    }
    for (const listener of [...listeners]) this.#call(listener as Listener<Events[K]>, value);
  }

  #call<T>(listener: Listener<T>, value: T): void {
    try {
      listener(value);
    } catch (error) {
      this.#failed(error);
    }
  }
}
