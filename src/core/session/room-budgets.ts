import type { RoomView } from '../engine.ts';
import type { Rate } from '../token-bucket.ts';
import { TokenBucket } from '../token-bucket.ts';
import { payFrom } from './frame-budget.ts';

/** What the rooms of this node may be told. A message costs as many tokens as sessions read it. */
export class RoomBudgets {
  readonly #rate: Rate;
  /** They go with their rooms. */
  readonly #buckets = new WeakMap<RoomView, TokenBucket>();

  constructor(rate: Rate) {
    this.#rate = rate;
  }

  /** Milliseconds until the room takes a message; 0: now. */
  waitMs(room: RoomView, now: number): number {
    return this.#buckets.get(room)?.waitMs(now) ?? 0;
  }

  /** Pays for a message. Returns the milliseconds that its sender waits for. */
  pay(room: RoomView, readers: number, now: number): number {
    let bucket = this.#buckets.get(room);
    if (bucket === undefined) {
      bucket = new TokenBucket(this.#rate, now);
      this.#buckets.set(room, bucket);
    }
    return payFrom(bucket, this.#rate, readers, now);
  }
}
