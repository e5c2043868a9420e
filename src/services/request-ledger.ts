import { Reason } from '../../gen/signalbox/v1/reason_pb.ts';
import type { Clock } from '../core/clock.ts';
import { refuse } from '../core/refusal.ts';
import { refusalError } from './refusal-error.ts';

export interface RequestLedgerOptions {
  readonly clock: Pick<Clock, 'now'>;
  /** How long a request is remembered, in milliseconds. */
  readonly keepMs: number;
  /** Requests remembered at once; more are refused, because to forget an older one early would break the promise. */
  readonly capacity: number;
}

interface Entry<Result> {
  readonly until: number;
  readonly result: Promise<Result>;
}

/** Carries out each request once: one that comes again, even while the first is under way, gets the first's answer. */
export class RequestLedger<Result> {
  readonly #options: RequestLedgerOptions;
  /** In order of `until`. */
  readonly #entries = new Map<string, Entry<Result>>();

  constructor(options: RequestLedgerOptions) {
    this.#options = options;
  }

  /** Requests that are remembered. */
  get size(): number {
    return this.#entries.size;
  }

  /** Runs, or returns what ran before. A request that fails is forgotten: it may be tried again. */
  once(id: string, run: () => Promise<Result>): Promise<Result> {
    const { clock, keepMs, capacity } = this.#options;
    const now = clock.now();
    this.#forget(now);
    const before = this.#entries.get(id);
    if (before !== undefined) return before.result;
    if (this.#entries.size >= capacity) throw this.#full(now);
    const entry = { until: now + keepMs, result: run() };
    this.#entries.set(id, entry);
    entry.result.catch(() => {
      if (this.#entries.get(id) === entry) this.#entries.delete(id);
    });
    return entry.result;
  }

  #forget(now: number): void {
    for (const [id, { until }] of this.#entries) {
      if (until > now) return;
      this.#entries.delete(id);
    }
  }

  #full(now: number): Error {
    const [oldest] = this.#entries.values();
    return refusalError(
      refuse(Reason.OVERLOADED, 'request_id: too many are remembered; wait, or send without one', {
        fieldPath: 'request_id',
        retryAfterMs: Math.max(1, (oldest?.until ?? now) - now),
      }),
    );
  }
}
