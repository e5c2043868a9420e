import { readFileSync } from 'node:fs';
import type { Health } from '../helpers/history-checker.ts';

const tickMs = 20;

/**
 * Watches this process: what nobody caught, and how long its event loop stood still by its own doing. Time in which the
 * thread was ready and the machine had no CPU for it is counted apart.
 */
export class ProcessHealth {
  readonly #unhandled: string[] = [];
  readonly #note = (error: unknown) =>
    void this.#unhandled.push(String(error instanceof Error ? error.stack : error));
  readonly #timer: NodeJS.Timeout;
  #at = performance.now();
  #waitedAt = waitedForCpu();
  #since = { at: this.#at, waited: this.#waitedAt };
  #longest = 0;

  constructor() {
    process.on('unhandledRejection', this.#note);
    process.on('uncaughtException', this.#note);
    this.#timer = setInterval(() => this.#look(), tickMs);
    this.#timer.unref();
  }

  read(errors: readonly string[] = []): Health {
    this.#look();
    return { unhandled: this.#unhandled, errors, longestStallMs: Math.round(this.#longest) };
  }

  /** Share of the time since `reset` in which the machine had no CPU for this thread, in percent. */
  get starved(): number {
    const { at, waited } = this.#since;
    return Math.round((100 * (waitedForCpu() - waited)) / (performance.now() - at));
  }

  /** Forgets what was so far: starting costs time. */
  reset(): void {
    this.#look();
    this.#longest = 0;
    this.#since = { at: this.#at, waited: this.#waitedAt };
  }

  /** Forgets the time since the last look: the test had this process do something for it. */
  skip(): void {
    this.#at = performance.now();
    this.#waitedAt = waitedForCpu();
  }

  stop(): void {
    clearInterval(this.#timer);
    process.off('unhandledRejection', this.#note);
    process.off('uncaughtException', this.#note);
  }

  #look(): void {
    const at = performance.now();
    const waited = waitedForCpu();
    this.#longest = Math.max(this.#longest, at - this.#at - tickMs - (waited - this.#waitedAt));
    this.#at = at;
    this.#waitedAt = waited;
  }
}

/** How long this thread was ready to run and did not, in milliseconds, as Linux counts it; 0 elsewhere. */
function waitedForCpu(): number {
  try {
    return Number(readFileSync('/proc/thread-self/schedstat', 'utf8').split(' ')[1]) / 1e6;
  } catch {
    return 0;
  }
}
