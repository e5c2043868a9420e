import type { Environment } from './environment.ts';

/** Calls are summed for this long. */
const GATHER_MS = 100;
/** The most that one message may add. */
const MOST = 1_000_000;

/** A sum on its way. */
export interface CountSum {
  readonly type: string;
  readonly key: string;
  readonly by: number;
}

/** Sums what is counted, so that a thousand taps are a few messages: gathered, and one flight at a time. */
export class CountBatch {
  readonly #environment: Environment;
  readonly #send: (sum: CountSum) => Promise<void>;
  readonly #sums = new Map<string, CountSum>();
  #stopTimer: (() => void) | undefined;
  #flight: Promise<void> | undefined;

  constructor(environment: Environment, send: (sum: CountSum) => Promise<void>) {
    this.#environment = environment;
    this.#send = send;
  }

  add(type: string, key: string, by: number): void {
    const id = `${type}\n${key}`;
    this.#sums.set(id, { type, key, by: (this.#sums.get(id)?.by ?? 0) + by });
    if (this.#flight === undefined && this.#stopTimer === undefined) {
      this.#stopTimer = this.#environment.after(GATHER_MS, () => this.flush());
    }
  }

  /** Sends what is gathered now. */
  flush(): void {
    this.stop();
    const sums = [...this.#sums.values()].filter(({ by }) => by !== 0);
    this.#sums.clear();
    if (sums.length === 0) return;
    const sent = sums.flatMap(pieces).map((sum) => this.#send(sum));
    this.#flight = Promise.allSettled(sent).then(() => {
      this.#flight = undefined;
      if (this.#sums.size > 0) this.flush();
    });
  }

  stop(): void {
    this.#stopTimer?.();
    this.#stopTimer = undefined;
  }
}

function pieces(sum: CountSum): CountSum[] {
  const all: CountSum[] = [];
  for (let rest = Math.round(sum.by); rest !== 0; ) {
    const by = Math.max(-MOST, Math.min(MOST, rest));
    all.push({ ...sum, by });
    rest -= by;
  }
  return all;
}
