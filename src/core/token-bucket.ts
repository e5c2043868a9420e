/** What may happen at once, and how much a second after that. */
export interface Rate {
  /** Tokens of a full bucket. */
  readonly burst: number;
  /** Tokens that come back in a second. */
  readonly perSecond: number;
}

/**
 * Counts what somebody may do. It holds no timer: tokens come back by the time that its caller names.
 *
 * What is let through is paid in full, into debt if need be, and a bucket in debt lets nothing through: something that
 * costs more than a whole bucket still passes once, and is paid for afterwards.
 */
export class TokenBucket {
  readonly #rate: Rate;
  #tokens: number;
  #at: number;

  /** A full bucket. @param now milliseconds, as in the other methods */
  constructor(rate: Rate, now: number) {
    this.#rate = rate;
    this.#tokens = rate.burst;
    this.#at = now;
  }

  /** Milliseconds until so many tokens are there, or the bucket is full; 0: now. */
  waitMs(now: number, tokens = 1): number {
    const { burst, perSecond } = this.#rate;
    this.#refill(now);
    const missing = Math.min(tokens, burst) - this.#tokens;
    // Less a rounding error.
    return missing <= 0 ? 0 : Math.ceil((missing * 1000) / perSecond - 1e-6);
  }

  /** Pays for what passed, or for what somebody did without asking; of a debt, at most what comes back in `mostMs`. */
  spend(tokens: number, mostMs = Number.POSITIVE_INFINITY): void {
    const least = (-mostMs * this.#rate.perSecond) / 1000;
    this.#tokens = Math.max(Math.min(this.#tokens, least), this.#tokens - tokens);
  }

  /** Pays for what passes now. False: into debt. This is the hot path: most frames come in the same millisecond as another. */
  pay(tokens: number, now: number): boolean {
    if (now !== this.#at) this.#refill(now);
    this.#tokens -= tokens;
    return this.#tokens >= 0;
  }

  /** Lets something pass, at its price. Returns 0; or the milliseconds to wait, and then nothing was paid. */
  take(tokens: number, now: number): number {
    const wait = this.waitMs(now);
    if (wait === 0) this.spend(tokens);
    return wait;
  }

  #refill(now: number): void {
    const { burst, perSecond } = this.#rate;
    // A clock that was set back costs nobody anything.
    const passed = Math.max(0, now - this.#at);
    this.#at = now;
    this.#tokens = Math.min(burst, this.#tokens + (passed * perSecond) / 1000);
  }
}
