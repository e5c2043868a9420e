import type { Cancel, Clock } from '../../src/core/clock.ts';

interface Timer {
  readonly at: number;
  readonly run: () => void;
}

/** Time that stands still until the test moves it, and a `soon` queue that runs when the test says. */
export class VirtualClock implements Clock {
  readonly #timers = new Set<Timer>();
  #soon: (() => void)[] = [];
  #now: number;
  /** What it was asked to rest, in milliseconds. */
  readonly rests: number[] = [];

  constructor(now = Date.UTC(2026, 5, 1)) {
    this.#now = now;
  }

  now(): number {
    return this.#now;
  }

  after(milliseconds: number, run: () => void): Cancel {
    const timer = { at: this.#now + milliseconds, run };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  soon(run: () => void): void {
    this.#soon.push(run);
  }

  next(run: () => void): void {
    queueMicrotask(run);
  }

  rest(milliseconds: number): void {
    this.rests.push(milliseconds);
  }

  /** Timers that are set. */
  get timers(): number {
    return this.#timers.size;
  }

  /** Whether something waits for the end of the tick. */
  get hasSoon(): boolean {
    return this.#soon.length > 0;
  }

  /** Ends the tick: runs what waits for that, and not what it asks for in turn. */
  tick(): void {
    const due = this.#soon;
    this.#soon = [];
    for (const run of due) run();
  }

  /** The next timer that is due by `until`, or undefined. */
  nextDue(until: number): number | undefined {
    let next: number | undefined;
    for (const { at } of this.#timers) if (at <= until && (next === undefined || at < next)) next = at;
    return next;
  }

  /** Moves time to `at` and runs the timers that are due then, in the order in which they were set. */
  moveTo(at: number): void {
    this.#now = Math.max(this.#now, at);
    for (const timer of [...this.#timers]) {
      if (timer.at > this.#now || !this.#timers.delete(timer)) continue;
      timer.run();
    }
  }

  /** Lets `milliseconds` pass, timer by timer, without ending a tick. */
  advance(milliseconds: number): void {
    const until = this.#now + milliseconds;
    for (let next = this.nextDue(until); next !== undefined; next = this.nextDue(until)) this.moveTo(next);
    this.#now = until;
  }
}
