import { BlockList } from 'node:net';
import { addressKey } from './address-budget.ts';
import { plainAddress } from './connection.ts';

/** Addresses that are blocked at a time; further ones are refused the dearer way. */
const MOST_BLOCKED = 1_024;

/**
 * Addresses from which no connection is taken for a while. A server asks its block list before it makes a socket of a
 * connection: one that is refused costs next to nothing.
 */
export class AddressBlocks extends BlockList {
  readonly #now: () => number;
  /** Until when. */
  readonly #blocked = new Map<string, number>();

  /** @param now milliseconds of a clock that never goes back */
  constructor(now: () => number) {
    super();
    this.#now = now;
  }

  /** Of IPv6, the /64 is blocked. */
  block(address: string, ms: number): void {
    const now = this.#now();
    if (this.#blocked.size >= MOST_BLOCKED) {
      for (const [key, until] of this.#blocked) if (until <= now) this.#blocked.delete(key);
    }
    if (this.#blocked.size < MOST_BLOCKED) this.#blocked.set(addressKey(address), now + ms);
  }

  override check(address: unknown): boolean {
    if (this.#blocked.size === 0 || typeof address !== 'string') return false;
    const until = this.#blocked.get(addressKey(plainAddress(address)));
    return until !== undefined && until > this.#now();
  }
}
