import type { Cancel } from '../clock.ts';
import type { SessionHost } from './session-host.ts';

/** The time that a session without a connection waits for its client, counted while this process is awake. */
export class ResumeWindow {
  readonly #host: Pick<SessionHost, 'clock' | 'awake'>;
  readonly #endsAt: number;
  readonly #over: () => void;
  #cancel: Cancel = () => {};

  /** Calls `over` once after `lengthMs`, unless it is cancelled before. */
  constructor(host: Pick<SessionHost, 'clock' | 'awake'>, lengthMs: number, over: () => void) {
    this.#host = host;
    this.#endsAt = host.awake.now() + lengthMs;
    this.#over = over;
    this.#wait();
  }

  /** Milliseconds until it ends. */
  get leftMs(): number {
    return Math.max(0, this.#endsAt - this.#host.awake.now());
  }

  cancel(): void {
    this.#cancel();
  }

  /** Timers come early where the tick that set them was long, and at once where the process stood still. */
  #wait(): void {
    this.#cancel = this.#host.clock.after(this.leftMs, () => {
      if (this.leftMs > 0) this.#wait();
      else this.#over();
    });
  }
}
