import type { KeyObject } from 'node:crypto';
import type { JWTVerifyGetKey } from 'jose';

/** `typ` of the tokens that a key signs (RFC 8725, 3.11): one kind of JWT is never taken for another. */
export type TokenType = 'signalbox+jwt' | 'JWT' | 'at+jwt';

/** The algorithms of tokens (RFC 7518, RFC 8037). Each key is pinned to its own. */
export type Algorithm = 'HS256' | PublicAlgorithm;
export type PublicAlgorithm = 'RS256' | 'PS256' | 'ES256' | 'ES384' | 'EdDSA';

export const publicAlgorithms: readonly PublicAlgorithm[] = ['RS256', 'PS256', 'ES256', 'ES384', 'EdDSA'];

interface KeyCommon {
  /** Name of the key in the key file; for `secret` and `public` keys also the `kid` of a token's header. */
  readonly kid: string;
  /** Tenant of every token that the key signs; '' by default. */
  readonly tenant: string;
  readonly typ: TokenType;
  /** Fingerprint of the entry in the key file: of its names, its bounds and its key. */
  readonly mark: string;
  /** `iss` that a token must have. */
  readonly issuer?: string | undefined;
  /** `aud` that a token must have, or have among others. */
  readonly audience?: string | undefined;
}

/** A secret shared with backends: verifies and signs. */
export interface SecretKey extends KeyCommon {
  readonly type: 'secret';
  readonly algorithms: readonly ['HS256'];
  readonly key: CryptoKey;
  /** The same, for what is done at once. */
  readonly secret: KeyObject;
}

/** The public half of a backend's key: verifies only. */
export interface PublicKey extends KeyCommon {
  readonly type: 'public';
  readonly algorithms: readonly PublicAlgorithm[];
  readonly key: CryptoKey;
}

/** The keys of an identity provider, fetched from its JWKS URL: verifies only. */
export interface RemoteKey extends KeyCommon {
  readonly type: 'remote';
  readonly algorithms: readonly PublicAlgorithm[];
  readonly resolve: JWTVerifyGetKey;
}

export type Key = SecretKey | PublicKey | RemoteKey;
