import type { Clock } from './clock.ts';

/**
 * Milliseconds in which this process was awake. They stand still while it does: stopped, swapped out, or busy for seconds.
 * What clients have a time for is counted in them, as nobody could have come in while nobody answered; else all sessions
 * that wait would end at once as it goes on.
 */
export class AwakeTime {
  readonly #clock: Clock;
  readonly #longestMs: number;
  #before = 0;
  #beatAt: number;

  /** `longestMs` at the most are counted between two beats. */
  constructor(clock: Clock, longestMs: number) {
    this.#clock = clock;
    this.#longestMs = longestMs;
    this.#beatAt = clock.now();
  }

  now(): number {
    const sinceBeat = this.#clock.now() - this.#beatAt;
    return this.#before + Math.max(0, Math.min(sinceBeat, this.#longestMs));
  }

  /** To be called more often than once in `longestMs`. */
  beat(): void {
    this.#before = this.now();
    this.#beatAt = this.#clock.now();
  }
}
