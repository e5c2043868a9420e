import type { JWTVerifyOptions } from 'jose';
import { decodeJwt, decodeProtectedHeader, errors, jwtVerify } from 'jose';
import type { Eventually } from '../core/eventually.ts';
import type { Grants, TokenRefusal, TokenVerifier } from '../core/grants.ts';
import { ClaimError } from './claim-error.ts';
import { readClaims } from './claims.ts';
import type { Key } from './key.ts';
import type { KeyStore } from './key-store.ts';
import type { AuthLog } from './log.ts';
import { KeysUnavailableError } from './remote-keys.ts';
import type { RevocationList } from './revocation-list.ts';
import { readSecretToken } from './secret-token.ts';
import { tokenDigest, VerifiedTokens } from './verified-tokens.ts';

export interface JwtVerifierOptions {
  readonly keys: KeyStore;
  readonly revocations: RevocationList;
  readonly log: AuthLog;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Milliseconds that clocks may differ. Default 5,000. */
  readonly leewayMs?: number;
  /** Verified tokens that are remembered. Default 10,000; 0: none. */
  readonly cacheEntries?: number;
  /** Milliseconds that they are remembered. Default 300,000. */
  readonly cacheTtlMs?: number;
}

/** Characters of a token. The largest that the claims allow has some 12,000. */
const maxTokenLength = 16 * 1024;
/** Ed25519 is the same algorithm under the name of RFC 9864. */
const aliases: Readonly<Record<string, readonly string[]>> = { EdDSA: ['EdDSA', 'Ed25519'] };

/**
 * Verifies JWTs (RFC 7519) as RFC 8725 asks: the key decides the algorithm, the type, the issuer and the audience; the token
 * never does.
 */
export class JwtVerifier implements TokenVerifier {
  readonly #keys: KeyStore;
  readonly #revocations: RevocationList;
  readonly #log: AuthLog;
  readonly #now: () => number;
  readonly #leewayMs: number;
  readonly #verified: VerifiedTokens;

  constructor(options: JwtVerifierOptions) {
    const { keys, revocations, log, now, leewayMs = 5_000, cacheEntries, cacheTtlMs } = options;
    this.#keys = keys;
    this.#revocations = revocations;
    this.#log = log;
    this.#now = now;
    this.#leewayMs = leewayMs;
    this.#verified = new VerifiedTokens({
      now,
      leewayMs,
      ...(cacheEntries === undefined ? {} : { entries: cacheEntries }),
      ...(cacheTtlMs === undefined ? {} : { ttlMs: cacheTtlMs }),
    });
    keys.onChange(() => this.#verified.clear());
  }

  /** Look-ups of the cache of verified tokens since the start. */
  get cacheCounts(): { readonly hits: number; readonly misses: number } {
    return this.#verified.counts;
  }

  verify(token: string): Eventually<Grants | TokenRefusal> {
    if (token === '')
      return invalid('no token was given: send one in Hello.token or as "authorization: Bearer …"');
    if (token.length > maxTokenLength) return invalid(`the token has more than ${maxTokenLength} characters`);
    const digest = tokenDigest(token);
    const known = this.#verified.get(digest);
    if (known !== undefined) return this.#unlessRevoked(known);
    return this.#verifyAtOnce(token, digest) ?? this.#verifyLater(token, digest);
  }

  recheck(grants: Grants): TokenRefusal | undefined {
    if (this.#revocations.isRevoked(grants)) return revoked;
    if (this.#keys.current.get(grants.keyId)?.mark === grants.keyMark) return undefined;
    return invalid(`the key ${quote(grants.keyId)} of the token is no longer in the gateway's key file`);
  }

  #verifyAtOnce(token: string, digest: string): Grants | TokenRefusal | undefined {
    const now = this.#now();
    const read = readSecretToken(token, this.#keys.current, now, this.#leewayMs);
    if (read === undefined) return undefined;
    let grants: Grants;
    try {
      grants = this.#grantsOf(read.claims, read.key, now);
    } catch (error) {
      return this.#refusalOf(error, read.key);
    }
    this.#verified.set(digest, grants);
    return this.#unlessRevoked(grants);
  }

  async #verifyLater(token: string, digest: string): Promise<Grants | TokenRefusal> {
    const keyring = this.#keys.current;
    const hint = readHint(token);
    if (hint === undefined) return invalid('the token is not a signed JWT (header.claims.signature)');
    const key = keyring.find(hint);
    if (key === undefined) return invalid(unknownKey(hint.kid));
    const algorithms = key.algorithms.flatMap((name) => aliases[name] ?? [name]);
    if (typeof hint.alg !== 'string' || !algorithms.includes(hint.alg)) {
      return invalid(
        `the key ${quote(key.kid)} signs with ${algorithms.join(' or ')}, and not with the token's "alg"`,
      );
    }
    let grants: Grants;
    try {
      grants = await this.#verifyWith(key, algorithms, token);
    } catch (error) {
      return this.#refusalOf(error, key);
    }
    if (keyring === this.#keys.current) this.#verified.set(digest, grants);
    return this.#unlessRevoked(grants);
  }

  async #verifyWith(key: Key, algorithms: string[], token: string): Promise<Grants> {
    const now = this.#now();
    const options: JWTVerifyOptions = {
      algorithms,
      typ: key.typ,
      clockTolerance: this.#leewayMs / 1000,
      currentDate: new Date(now),
      ...(key.issuer === undefined ? {} : { issuer: key.issuer }),
      ...(key.audience === undefined ? {} : { audience: key.audience }),
    };
    const { payload } =
      key.type === 'remote'
        ? await jwtVerify(token, key.resolve, options)
        : await jwtVerify(token, key.key, options);
    return this.#grantsOf(payload, key, now);
  }

  #grantsOf(claims: Readonly<Record<string, unknown>>, key: Key, now: number): Grants {
    const grants = readClaims(claims, key);
    if (grants.issuedAt > now + this.#leewayMs) {
      throw new ClaimError('iat', `lies in the future; the gateway's clock says ${instant(now)}`);
    }
    return grants;
  }

  #unlessRevoked(grants: Grants): Grants | TokenRefusal {
    return this.#revocations.isRevoked(grants) ? revoked : grants;
  }

  #refusalOf(error: unknown, key: Key): TokenRefusal {
    if (error instanceof errors.JWTExpired) {
      const ended = typeof error.payload.exp === 'number' ? instant(error.payload.exp * 1000) : 'earlier';
      return {
        reason: 'expired',
        detail: `the token ended at ${ended}; the gateway's clock says ${instant(this.#now())}`,
      };
    }
    if (error instanceof ClaimError) return invalid(`the token's claim ${error.message}`);
    if (error instanceof errors.JWTClaimValidationFailed) return invalid(this.#claimSentence(error, key));
    if (error instanceof errors.JWSSignatureVerificationFailed) {
      return invalid(
        `the signature does not fit the key ${quote(key.kid)}: another secret or key signed the token`,
      );
    }
    if (error instanceof errors.JWKSNoMatchingKey) {
      return invalid(`the key set of ${quote(key.kid)} has no key for the token's "kid" and "alg"`);
    }
    if (error instanceof errors.JWKSMultipleMatchingKeys) {
      return invalid(`the key set of ${quote(key.kid)} has several keys, and the token's header no "kid"`);
    }
    if (error instanceof KeysUnavailableError) {
      this.#log.error({ kid: key.kid, err: error }, 'the keys of an issuer cannot be fetched');
      return {
        reason: 'unavailable',
        detail: `the keys of ${quote(key.kid)} cannot be fetched at the moment; try the same token again`,
      };
    }
    if (!(error instanceof errors.JOSEError)) {
      this.#log.warn({ kid: key.kid, err: error }, 'a token could not be verified');
    }
    return invalid('the token cannot be verified: it is no JWT of this gateway');
  }

  #claimSentence({ claim, reason }: errors.JWTClaimValidationFailed, key: Key): string {
    switch (claim) {
      case 'typ':
        return `the token's header must say "typ":"${key.typ}" for the key ${quote(key.kid)}`;
      case 'iss':
        return `the token's claim iss must be ${quote(key.issuer ?? '')} for the key ${quote(key.kid)}`;
      case 'aud':
        return `the token's claim aud must hold ${quote(key.audience ?? '')} for the key ${quote(key.kid)}`;
      case 'nbf':
        return reason === 'check_failed'
          ? `the token is not valid yet (nbf); the gateway's clock says ${instant(this.#now())}`
          : "the token's claim nbf must be a time in seconds since 1970";
      default:
        return `the token's claim ${claim} must be a time in seconds since 1970`;
    }
  }
}

const revoked: TokenRefusal = { reason: 'revoked', detail: 'the token was revoked; ask for a new one' };

function readHint(token: string) {
  try {
    const { kid, alg } = decodeProtectedHeader(token);
    const { iss, aud } = decodeJwt(token);
    return { kid, alg, iss, aud };
  } catch {
    return undefined;
  }
}

function unknownKey(kid: unknown): string {
  return typeof kid === 'string'
    ? `the gateway has no key with the token's kid ${quote(kid.slice(0, 64))}`
    : 'the token\'s header has no "kid" to say which key signed it';
}

function invalid(detail: string): TokenRefusal {
  return { reason: 'invalid', detail };
}

function quote(text: string): string {
  return JSON.stringify(text);
}

function instant(milliseconds: number): string {
  const date = new Date(milliseconds);
  return Number.isNaN(date.getTime()) ? `${milliseconds / 1000} s` : date.toISOString();
}
