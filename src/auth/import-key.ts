import { createHash, createSecretKey } from 'node:crypto';
import { importJWK, importSPKI } from 'jose';
import type { Key } from './key.ts';
import type { KeyEntry } from './key-file.ts';
import { KeyFileError } from './key-file.ts';
import type { RemoteKeysOptions } from './remote-keys.ts';
import { remoteKeys } from './remote-keys.ts';

/** RFC 7518, 3.3. */
const minRsaBits = 2048;

/** Turns an entry of the key file into a key. Throws KeyFileError that names the entry. */
export async function importKey(entry: KeyEntry, remote: RemoteKeysOptions): Promise<Key> {
  const { kid, tenant, typ, issuer, audience } = entry;
  const common = { kid, tenant, typ, issuer, audience, mark: markOf(entry) };
  switch (entry.type) {
    case 'secret': {
      const key = await importSecret(entry.secret);
      return { ...common, type: 'secret', algorithms: ['HS256'], key, secret: createSecretKey(entry.secret) };
    }
    case 'jwks':
      return {
        ...common,
        type: 'remote',
        algorithms: entry.algorithms,
        resolve: remoteKeys(entry.url, remote),
      };
    case 'jwk':
    case 'pem':
      return { ...common, type: 'public', algorithms: [entry.alg], key: await importPublic(entry) };
  }
}

/** Tells a key from another one under the same `kid`. Of a JWKS its address: which keys are there is its issuer's affair. */
function markOf(entry: KeyEntry): string {
  const { place, ...rest } = entry;
  const text = JSON.stringify(rest, (_name, value: unknown) =>
    value instanceof Uint8Array ? Buffer.from(value).toString('base64') : value,
  );
  return createHash('sha256').update(text).digest('base64url').slice(0, 22);
}

/** Imports a secret for HS256, to verify and to sign. */
export function importSecret(secret: Uint8Array): Promise<CryptoKey> {
  const algorithm = { name: 'HMAC', hash: 'SHA-256' };
  return crypto.subtle.importKey('raw', new Uint8Array(secret), algorithm, false, ['sign', 'verify']);
}

async function importPublic(entry: KeyEntry & { type: 'jwk' | 'pem' }): Promise<CryptoKey> {
  let key: CryptoKey | Uint8Array;
  try {
    key =
      entry.type === 'jwk' ? await importJWK(entry.jwk, entry.alg) : await importSPKI(entry.pem, entry.alg);
  } catch {
    const form = entry.type === 'jwk' ? 'JWK' : 'PEM ("-----BEGIN PUBLIC KEY-----")';
    throw new KeyFileError(`${entry.place}.${entry.type} is no public key for ${entry.alg} as ${form}`);
  }
  if (key instanceof Uint8Array) throw new KeyFileError(`${entry.place}.${entry.type} is no public key`);
  const { modulusLength } = key.algorithm as Partial<RsaKeyAlgorithm>;
  if (modulusLength !== undefined && modulusLength < minRsaBits) {
    throw new KeyFileError(
      `${entry.place}.${entry.type} has ${modulusLength} bits; RSA needs at least ${minRsaBits}`,
    );
  }
  return key;
}
