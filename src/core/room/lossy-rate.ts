/** What may be saved up: a tenth of a second's worth. More would let twice the rate through in the first second. */
const burstSeconds = 0.1;

/** Thins LOSSY messages to a number a second: a token bucket whose time comes with each call. */
export class LossyRate {
  #tokens = Number.POSITIVE_INFINITY;
  #at = 0;

  /** Whether one more message goes, at `perSecond` of them. */
  take(perSecond: number, now: number): boolean {
    const most = Math.max(1, perSecond * burstSeconds);
    const refilled = this.#tokens + (Math.max(0, now - this.#at) * perSecond) / 1000;
    this.#tokens = Math.min(most, refilled);
    this.#at = now;
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }
}
