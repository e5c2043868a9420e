/** Sessions that are worth waiting for: looked at together, the code and what it reads are still in the caches for the next one. */
const worth = 16;
/** Longest rest, in milliseconds. At 10,000 signals a second, with half of it and of `worth` the CPU was a tenth higher. */
const longestMs = 1;
/**
 * Milliseconds that what is said in bulk waits, for each session that is written to in a millisecond. With a room of 200 that likes
 * 50,000 times a second, 0.3 took a quarter of the CPU over WebSocket away, and 0.1 nothing: its ticks were as long as that already.
 */
const bulkShare = 0.3;
const longestBulkMs = 10;
/** Fewer sessions than this are written to in a millisecond: whatever comes leaves at once. */
const busyPerMs = 2;
/** The load is measured over so long, in milliseconds; a measurement that is older than `staleMs` says nothing. */
const windowMs = 10;
const staleMs = 50;

/**
 * How long a node under load rests before it looks at its sockets again, so that signals gather: waking up for each one costs
 * more than all that is done for it. The rest follows the measured load. Where little is said there is none, and a lone
 * signal leaves at once; where so much is said that it comes in bunches by itself, there is none either.
 */
export class Gathering {
  #perMs = 0;
  #since = 0;
  #written = 0;

  /** So many sessions were just written to, together. Returns the milliseconds to rest before input is looked at. */
  wrote(sessions: number, now: number): number {
    const passed = now - this.#since;
    if (passed >= windowMs || passed < 0) {
      this.#perMs = passed > staleMs || passed < 0 ? 0 : this.#written / passed;
      this.#since = now;
      this.#written = 0;
    }
    this.#written += sessions;
    if (sessions >= worth || this.#perMs < busyPerMs) return 0;
    return Math.min(longestMs, worth / this.#perMs);
  }

  /** Milliseconds for which what is said in bulk waits to be told together. */
  bulkMs(now: number): number {
    if (now - this.#since > staleMs || this.#perMs < busyPerMs) return 0;
    return Math.min(longestBulkMs, this.#perMs * bulkShare);
  }
}
