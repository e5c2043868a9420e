import type { Environment } from './environment.ts';

/** The client's own Pings: they test a connection, and a Pong says that all frames before its Ping were taken. */
export class Pings {
  readonly #environment: Environment;
  readonly #send: (id: number) => void;
  readonly #waiting = new Map<number, () => void>();
  #last = 0;

  constructor(environment: Environment, send: (id: number) => void) {
    this.#environment = environment;
    this.#send = send;
  }

  ping(): void {
    this.#last += 1;
    this.#send(this.#last);
  }

  /** Pings, and resolves with the Pong, at the latest after `ms`. */
  answered(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.ping();
      const id = this.#last;
      const done = () => {
        stop();
        this.#waiting.delete(id);
        resolve();
      };
      const stop = this.#environment.after(ms, done);
      this.#waiting.set(id, done);
    });
  }

  pong(id: number): void {
    this.#waiting.get(id)?.();
  }

  /** No Pong comes any more. */
  abandon(): void {
    for (const done of [...this.#waiting.values()]) done();
  }
}
