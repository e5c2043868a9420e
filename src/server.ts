/**
 * The entry `signalbox/server`, for backends. Public: everything that is exported here, and nothing else.
 */
import { randomUUID } from 'node:crypto';
import type { JWK } from 'jose';
import { importJWK, importPKCS8 } from 'jose';
import { parseDuration } from './auth/duration.ts';
import { importSecret } from './auth/import-key.ts';
import type { PublicAlgorithm, TokenType } from './auth/key.ts';
import { readSecretText } from './auth/key-file.ts';
import type { Claims } from './auth/token-claims.ts';
import type { SigningKey } from './auth/token-signer.ts';
import { signToken } from './auth/token-signer.ts';

export { ClaimError } from './auth/claim-error.ts';
export type { KindName } from './auth/participant-kind.ts';
export type { DeliveryName, PermissionClaim, SourceName } from './auth/permission-claim.ts';
export type { Claims };

/** A key to sign tokens with. An entry of the gateway's key file that has a `secret` is one. */
export type Key = SharedKey | PrivateKey;

interface KeyCommon {
  /** Name of the key in the gateway's key file. */
  readonly kid: string;
  /** `typ` of the tokens, as in the key file. Default `signalbox+jwt`. */
  readonly typ?: TokenType;
  /** `iss` of the tokens, where the key file asks for one. */
  readonly issuer?: string;
  /** `aud` of the tokens, where the key file asks for one. */
  readonly audience?: string;
}

/** The secret that the gateway has too. */
export interface SharedKey extends KeyCommon {
  readonly alg?: 'HS256';
  /** base64url of at least 32 bytes. */
  readonly secret: string;
}

/** A private key whose public half is in the gateway's key file. */
export interface PrivateKey extends KeyCommon {
  readonly alg: PublicAlgorithm;
  /** JWK, or PEM (`-----BEGIN PRIVATE KEY-----`, PKCS #8). */
  readonly privateKey: JWK | string;
}

export interface TokenOptions {
  /** Life of the token: `30s`, `15m`, `1h`, `7d`. Default `1h`. */
  readonly expiresIn?: string;
}

/**
 * Signs a token for a participant.
 *
 * ```ts
 * const token = await createToken(key, { identity: user.id, room: 'class-7', permissions: { moderate: true } });
 * ```
 *
 * Rejects with ClaimError for claims that the gateway would refuse, with TypeError for a key or a duration that cannot be
 * used.
 */
export async function createToken(key: Key, claims: Claims, options: TokenOptions = {}): Promise<string> {
  const lifetimeMs = parseDuration(options.expiresIn ?? '1h');
  const now = Date.now();
  const { token } = await signToken(await signingKey(key), claims, {
    now,
    lifetimeMs,
    tokenId: randomUUID(),
  });
  return token;
}

async function signingKey(key: Key): Promise<SigningKey> {
  const { kid, typ = 'signalbox+jwt', issuer, audience } = key;
  if (typeof kid !== 'string' || kid === '') throw new TypeError('the key has no kid');
  const common = { kid, typ, issuer, audience };
  if ('privateKey' in key) return { ...common, alg: key.alg, key: await importPrivate(key) };
  if (key.alg !== undefined && key.alg !== 'HS256')
    throw new TypeError('a key with a secret has the alg HS256');
  const secret = readSecretText(key.secret);
  if ('problem' in secret) throw new TypeError(`the key's secret ${secret.problem}`);
  return { ...common, alg: 'HS256', key: await importSecret(secret.bytes) };
}

async function importPrivate({ alg, privateKey }: PrivateKey): Promise<CryptoKey> {
  let key: CryptoKey | Uint8Array;
  try {
    key =
      typeof privateKey === 'string' ? await importPKCS8(privateKey, alg) : await importJWK(privateKey, alg);
  } catch {
    throw new TypeError(`the privateKey is no private key for ${alg} as JWK or PEM (PKCS #8)`);
  }
  if (key instanceof Uint8Array || key.type !== 'private') {
    throw new TypeError('the privateKey is not a private key');
  }
  return key;
}
