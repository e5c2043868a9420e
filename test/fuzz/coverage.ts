import { type Profiler, Session } from 'node:inspector';

/** Longest time between two looks, in milliseconds: each costs some four. */
const EVERY_MS = 25;

/** Tells whether code of `src/` ran that had not run before, as V8 counts it (blocks of functions). */
export class Coverage {
  readonly #session = new Session();
  readonly #seen = new Set<string>();
  #at = 0;

  constructor() {
    this.#session.connect();
    this.#session.post('Profiler.enable');
    this.#session.post('Profiler.startPreciseCoverage', { callCount: false, detailed: true });
  }

  /** Blocks that ran so far. */
  get blocks(): number {
    return this.#seen.size;
  }

  /** Blocks that ran for the first time since the last look; undefined where it is too soon to look again. */
  look(): number | undefined {
    const now = performance.now();
    if (now - this.#at < EVERY_MS) return undefined;
    this.#at = now;
    const before = this.#seen.size;
    this.#session.post('Profiler.takePreciseCoverage', (_error, taken) => {
      for (const script of taken?.result ?? []) if (script.url.includes('/src/')) this.#note(script);
    });
    return this.#seen.size - before;
  }

  #note({ url, functions }: Profiler.ScriptCoverage): void {
    for (const { ranges } of functions) {
      for (const { startOffset, endOffset, count } of ranges) {
        if (count > 0) this.#seen.add(`${url}:${startOffset}-${endOffset}`);
      }
    }
  }
}
