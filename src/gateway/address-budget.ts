import { isIPv6 } from 'node:net';
import { type Rate, TokenBucket } from '../core/token-bucket.ts';

/** Addresses that are remembered: about 3 MB. Those longest unheard of are forgotten first. */
const REMEMBERED = 16_384;

/** One bucket an address. */
export class AddressBudget {
  readonly #rate: Rate;
  readonly #now: () => number;
  /** In the order of their last use. */
  readonly #buckets = new Map<string, TokenBucket>();

  /** @param now milliseconds of a clock that never goes back */
  constructor(rate: Rate, now: () => number) {
    this.#rate = rate;
    this.#now = now;
  }

  /** Lets something of this address pass. Returns 0, or the milliseconds to wait. */
  take(address: string, tokens = 1): number {
    return this.#bucket(address).take(tokens, this.#now());
  }

  /** Milliseconds until something of this address may pass; 0: now. */
  waitMs(address: string): number {
    return this.#buckets.get(addressKey(address))?.waitMs(this.#now()) ?? 0;
  }

  /** Lets the address pay for what it did, whether it can or not; it owes no more than comes back in `mostMs`. */
  charge(address: string, tokens: number, mostMs: number): void {
    const bucket = this.#bucket(address);
    bucket.waitMs(this.#now());
    bucket.spend(tokens, mostMs);
  }

  #bucket(address: string): TokenBucket {
    const key = addressKey(address);
    const known = this.#buckets.get(key);
    const bucket = known ?? new TokenBucket(this.#rate, this.#now());
    if (known !== undefined) this.#buckets.delete(key);
    else if (this.#buckets.size >= REMEMBERED) {
      const [oldest = ''] = this.#buckets.keys();
      this.#buckets.delete(oldest);
    }
    this.#buckets.set(key, bucket);
    return bucket;
  }
}

/** What counts as one address: all of an IPv6 /64, as one subscriber has at least that many. */
export function addressKey(address: string): string {
  if (!isIPv6(address)) return address;
  const [head = '', tail = ''] = address.split('%', 1)[0]?.split('::') ?? [];
  const groups = head === '' ? [] : head.split(':');
  const behind = tail === '' ? [] : tail.split(':');
  const isShortened = address.includes('::');
  const width = (list: readonly string[]) => list.length + (list.at(-1)?.includes('.') ? 1 : 0);
  const zeros = isShortened ? Math.max(0, 8 - width(groups) - width(behind)) : 0;
  const all = [...groups, ...Array.from({ length: zeros }, () => '0'), ...behind];
  return `${all
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':')}::/64`;
}
