import { hash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { Grants } from '../core/grants.ts';

export interface VerifiedTokensOptions {
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Tokens that are kept; the least recently used goes first. Default 10,000; 0 keeps none. */
  readonly entries?: number;
  /** Milliseconds that a verification is good for. Default 300,000. Never beyond the token's own end. */
  readonly ttlMs?: number;
  /** Milliseconds of leeway behind the token's end. */
  readonly leewayMs: number;
}

/** Tokens that were verified lately. Holds their digests, not the tokens. */
export class VerifiedTokens {
  readonly #cache: LRUCache<string, Grants> | undefined;
  readonly #now: () => number;
  readonly #ttlMs: number;
  readonly #leewayMs: number;
  #hits = 0;
  #misses = 0;

  constructor({ now, entries = 10_000, ttlMs = 300_000, leewayMs }: VerifiedTokensOptions) {
    this.#now = now;
    this.#ttlMs = ttlMs;
    this.#leewayMs = leewayMs;
    // ttlResolution 0: the library else caches its clock behind a timer.
    this.#cache =
      entries === 0 ? undefined : new LRUCache({ max: entries, ttl: ttlMs, ttlResolution: 0, perf: { now } });
  }

  /** Look-ups since the start, for the hit ratio. */
  get counts(): { readonly hits: number; readonly misses: number } {
    return { hits: this.#hits, misses: this.#misses };
  }

  get(digest: string): Grants | undefined {
    const grants = this.#cache?.get(digest);
    if (grants === undefined) this.#misses += 1;
    else this.#hits += 1;
    return grants;
  }

  set(digest: string, grants: Grants): void {
    // An entry is good to the last millisecond of its ttl; a token is not good at its end.
    const life = Math.floor(Math.min(this.#ttlMs, grants.expiresAt + this.#leewayMs - this.#now() - 1));
    if (life > 0) this.#cache?.set(digest, grants, { ttl: life });
  }

  clear(): void {
    this.#cache?.clear();
  }
}

/** SHA-256 of a token: what it is known by in the cache. */
export function tokenDigest(token: string): string {
  return hash('sha256', token, 'base64');
}
