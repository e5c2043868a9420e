import type { MessageInitShape } from '@bufbuild/protobuf';
import type { RevocationRecord, RevocationRecordSchema } from '../../gen/signalbox/state/v1/state_pb.ts';
import type { Grants } from '../core/grants.ts';
import type { Revocation, TokenRevoker } from '../core/token-issuer.ts';

export interface RevocationListOptions {
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /**
   * Milliseconds that a revocation is kept: at least the longest life of a token. Default 30 days. A token without an end
   * that is presented in that time stays revoked for as long as the process runs.
   */
  readonly keepMs?: number;
  /** Revocations that are kept; further ones are refused. Default 100,000, some 30 MB. */
  readonly entries?: number;
}

interface Entry {
  /** Tokens issued until then are void, in milliseconds since 1970; Infinity for a token id. */
  readonly until: number;
  /** The entry is dropped after this. */
  expiresAt: number;
}

/** Revocations in memory: of one process, and gone when it ends. */
export class RevocationList implements TokenRevoker {
  readonly #entries = new Map<string, Entry>();
  readonly #now: () => number;
  readonly #keepMs: number;
  readonly #limit: number;

  constructor({ now, keepMs = 30 * 86_400_000, entries = 100_000 }: RevocationListOptions) {
    this.#now = now;
    this.#keepMs = keepMs;
    this.#limit = entries;
  }

  get size(): number {
    return this.#entries.size;
  }

  revoke({ tenant, tokenIds, identity }: Revocation): ((grants: Grants) => boolean) | undefined {
    const now = this.#now();
    const ids = new Set(tokenIds);
    if (!this.#hasRoom(ids.size + (identity === '' ? 0 : 1), now)) return undefined;
    for (const id of ids) this.#put(tokenEntry(tenant, id), Number.POSITIVE_INFINITY, now);
    if (identity !== '') this.#put(identityEntry(tenant, identity), now, now);
    return (grants) =>
      grants.tenant === tenant &&
      ((grants.tokenId !== '' && ids.has(grants.tokenId)) ||
        (identity !== '' && grants.identity === identity));
  }

  isRevoked(grants: Grants): boolean {
    if (this.#entries.size === 0) return false;
    const { tenant, tokenId, identity } = grants;
    return (
      (tokenId !== '' && this.#applies(tokenEntry(tenant, tokenId), grants)) ||
      (identity !== '' && this.#applies(identityEntry(tenant, identity), grants))
    );
  }

  /** What is revoked, for a state file. */
  save(): MessageInitShape<typeof RevocationRecordSchema>[] {
    return [...this.#entries].map(([key, entry]) => ({ key, ...entry }));
  }

  /** Goes on from a state file. */
  restore({ key, until, expiresAt }: RevocationRecord): void {
    this.#entries.set(key, { until, expiresAt });
  }

  #put(key: string, until: number, now: number): void {
    const expiresAt = Math.max(now + this.#keepMs, this.#entries.get(key)?.expiresAt ?? 0);
    this.#entries.set(key, { until, expiresAt });
  }

  #applies(key: string, grants: Grants): boolean {
    const entry = this.#entries.get(key);
    if (entry === undefined || entry.expiresAt <= this.#now() || grants.issuedAt > entry.until) return false;
    // The token may outlive the entry: then the entry lives as long.
    entry.expiresAt = Math.max(entry.expiresAt, grants.expiresAt);
    return true;
  }

  #hasRoom(more: number, now: number): boolean {
    if (this.#entries.size + more <= this.#limit) return true;
    for (const [key, entry] of this.#entries) if (entry.expiresAt <= now) this.#entries.delete(key);
    return this.#entries.size + more <= this.#limit;
  }
}

function tokenEntry(tenant: string, tokenId: string): string {
  return JSON.stringify([tenant, 'jti', tokenId]);
}

function identityEntry(tenant: string, identity: string): string {
  return JSON.stringify([tenant, 'sub', identity]);
}
