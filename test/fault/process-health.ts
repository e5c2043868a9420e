import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { Health } from '../helpers/history-checker.ts';

/** Watches this process: what nobody caught, and how long its event loop stood still. */
export class ProcessHealth {
  readonly #unhandled: string[] = [];
  readonly #delay = monitorEventLoopDelay({ resolution: 10 });
  readonly #note = (error: unknown) =>
    void this.#unhandled.push(String(error instanceof Error ? error.stack : error));

  constructor() {
    process.on('unhandledRejection', this.#note);
    process.on('uncaughtException', this.#note);
    this.#delay.enable();
  }

  read(errors: readonly string[] = []): Health {
    return { unhandled: this.#unhandled, errors, longestStallMs: Math.round(this.#delay.max / 1e6) };
  }

  /** Forgets the stalls so far: of starting, of a process that was stopped. */
  reset(): void {
    this.#delay.reset();
  }

  stop(): void {
    this.#delay.disable();
    process.off('unhandledRejection', this.#note);
    process.off('uncaughtException', this.#note);
  }
}
