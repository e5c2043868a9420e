import type { Grants } from '../core/grants.ts';
import type { IssuedToken, IssueRefusal, NewToken, TokenIssuer } from '../core/token-issuer.ts';
import { ClaimError } from './claim-error.ts';
import type { KeyStore } from './key-store.ts';
import { writeKind } from './participant-kind.ts';
import { writePermissions } from './permission-claim.ts';
import type { Claims } from './token-claims.ts';
import { signToken } from './token-signer.ts';

export interface JwtIssuerOptions {
  readonly keys: KeyStore;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** A new `jti`, unguessable and unique. */
  readonly newTokenId: () => string;
}

/** Signs tokens with the gateway's own secrets. */
export class JwtIssuer implements TokenIssuer {
  readonly #keys: KeyStore;
  readonly #now: () => number;
  readonly #newTokenId: () => string;

  constructor({ keys, now, newTokenId }: JwtIssuerOptions) {
    this.#keys = keys;
    this.#now = now;
    this.#newTokenId = newTokenId;
  }

  issue(issuer: Grants, token: NewToken, lifetimeMs: number): Promise<IssuedToken | IssueRefusal> {
    return this.#sign(issuer, token, {}, lifetimeMs);
  }

  renew(token: Grants, lifetimeMs: number): Promise<IssuedToken | IssueRefusal> {
    const { tokenId, renewUntil } = token;
    return this.#sign(token, token, { renewUntil, ...(tokenId === '' ? {} : { tokenId }) }, lifetimeMs);
  }

  async #sign({ keyId, tenant }: Grants, token: NewToken, more: Claims, lifetimeMs: number) {
    const key = this.#keys.current.get(keyId);
    if (key === undefined || key.tenant !== tenant) {
      return {
        refused: 'no-key',
        detail: `the key "${keyId}" of your token is no longer in the key file`,
      } as const;
    }
    if (key.type !== 'secret') {
      const detail = `your token was signed with "${keyId}", whose private half the gateway does not have: sign tokens where that key is, or call with a token of an HS256 key`;
      return { refused: 'no-key', detail } as const;
    }
    try {
      const claims = { ...claimsOf(token), ...more };
      return await signToken({ ...key, alg: 'HS256' }, claims, {
        now: this.#now(),
        lifetimeMs,
        tokenId: this.#newTokenId(),
      });
    } catch (error) {
      if (error instanceof ClaimError) return { refused: 'invalid', detail: error.message } as const;
      throw error;
    }
  }
}

function claimsOf(token: NewToken): Claims {
  const kind = writeKind(token.kind);
  return {
    name: token.name,
    role: token.role,
    attributes: token.attributes,
    create: token.mayCreate,
    ...(token.identity === '' ? {} : { identity: token.identity }),
    ...(token.room === '' ? {} : { room: token.room }),
    ...(token.permissions === undefined ? {} : { permissions: writePermissions(token.permissions) }),
    ...(kind === undefined ? {} : { kind }),
  };
}
