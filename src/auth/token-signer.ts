import type { JWTPayload } from 'jose';
import { SignJWT } from 'jose';
import type { IssuedToken } from '../core/token-issuer.ts';
import type { Algorithm, TokenType } from './key.ts';
import type { Claims } from './token-claims.ts';
import { writeClaims } from './token-claims.ts';

/** A key that can sign. */
export interface SigningKey {
  readonly kid: string;
  readonly alg: Algorithm;
  readonly typ: TokenType;
  readonly key: CryptoKey;
  readonly issuer?: string | undefined;
  readonly audience?: string | undefined;
}

export interface SignOptions {
  /** Milliseconds since 1970. */
  readonly now: number;
  /** Life of the token in milliseconds, at least 1,000; Infinity: it does not end. */
  readonly lifetimeMs: number;
  /** `jti` where the claims have none. */
  readonly tokenId: string;
}

/**
 * Signs a token. Throws ClaimError for claims that the gateway would refuse.
 *
 * `iat` has milliseconds (RFC 7519 allows fractions): a token made right after a revocation is told from those before it.
 */
export async function signToken(key: SigningKey, claims: Claims, options: SignOptions): Promise<IssuedToken> {
  const { now, lifetimeMs } = options;
  const tokenId = claims.tokenId ?? options.tokenId;
  const payload: JWTPayload = writeClaims({ ...claims, tokenId });
  payload.iat = now / 1000;
  if (Number.isFinite(lifetimeMs)) payload.exp = Math.floor((now + lifetimeMs) / 1000);
  if (key.issuer !== undefined) payload.iss = key.issuer;
  if (key.audience !== undefined) payload.aud = key.audience;
  const token = await new SignJWT(payload)
    .setProtectedHeader({ alg: key.alg, typ: key.typ, kid: key.kid })
    .sign(key.key);
  return {
    token,
    tokenId,
    expiresAt: payload.exp === undefined ? Number.POSITIVE_INFINITY : payload.exp * 1000,
  };
}
