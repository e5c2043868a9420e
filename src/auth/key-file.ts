import type { JWK } from 'jose';
import { boundedProblem } from '../core/text.ts';
import { parseJson } from './json.ts';
import type { PublicAlgorithm, TokenType } from './key.ts';
import { publicAlgorithms } from './key.ts';

/** One entry of the key file, read and checked, its key not yet imported. */
export type KeyEntry = KeyEntryCommon & KeyMaterial;

interface KeyEntryCommon {
  /** Where it stands, for errors: `keys.json: keys[0]`. */
  readonly place: string;
  readonly kid: string;
  readonly tenant: string;
  readonly typ: TokenType;
  readonly issuer: string | undefined;
  readonly audience: string | undefined;
}

type KeyMaterial =
  | { readonly type: 'secret'; readonly secret: Uint8Array }
  | { readonly type: 'jwk'; readonly alg: PublicAlgorithm; readonly jwk: JWK }
  | { readonly type: 'pem'; readonly alg: PublicAlgorithm; readonly pem: string }
  | { readonly type: 'jwks'; readonly algorithms: readonly PublicAlgorithm[]; readonly url: URL };

/** The key file cannot be used. The message names every place at fault and never holds a secret. */
export class KeyFileError extends Error {
  override readonly name = 'KeyFileError';
}

/** RFC 7518, 3.2: a key for HS256 has at least the size of the hash. */
export const minSecretBytes = 32;
const types: readonly TokenType[] = ['signalbox+jwt', 'JWT', 'at+jwt'];
const materials = ['secret', 'jwk', 'pem', 'jwks'] as const;
const members: readonly string[] = ['kid', 'alg', 'tenant', 'typ', 'issuer', 'audience', ...materials];

/**
 * Reads a key file:
 *
 * ```json
 * { "keys": [
 *   { "kid": "main", "alg": "HS256", "secret": "<base64url of at least 32 bytes>", "tenant": "" },
 *   { "kid": "cams", "alg": "ES256", "jwk": { "kty": "EC", "crv": "P-256", "x": "…", "y": "…" } },
 *   { "kid": "idp", "jwks": "https://idp.example/jwks.json", "issuer": "https://idp.example/",
 *     "audience": "signalbox", "typ": "JWT" }
 * ] }
 * ```
 *
 * Throws KeyFileError that lists all that is wrong. `file` is the name to use in it.
 */
export function parseKeyFile(text: string, file: string): KeyEntry[] {
  const json = parseJson(text);
  if ('problem' in json) throw new KeyFileError(`${file} ${json.problem}`);
  const keys = isObject(json.value) ? json.value.keys : undefined;
  if (!Array.isArray(keys)) throw new KeyFileError(`${file} must hold an object with an array "keys"`);
  if (keys.length === 0)
    throw new KeyFileError(`${file}: "keys" is empty; make a key with: signalbox keys new`);
  const problems: string[] = [];
  const entries = keys.flatMap((key: unknown, index) => readEntry(key, `${file}: keys[${index}]`, problems));
  checkUnique(entries, problems);
  if (problems.length > 0) throw new KeyFileError(problems.join('; '));
  return entries;
}

function readEntry(value: unknown, place: string, problems: string[]): KeyEntry[] {
  if (!isObject(value)) {
    problems.push(`${place} must be an object`);
    return [];
  }
  const before = problems.length;
  for (const name of Object.keys(value)) {
    if (!members.includes(name))
      problems.push(`${place}.${name} is unknown; known are ${members.join(', ')}`);
  }
  const text = (name: string) => readText(value, name, place, problems);
  const kid = text('kid');
  if (kid === undefined) problems.push(`${place}.kid is missing`);
  const common: KeyEntryCommon = {
    place,
    kid: kid ?? '',
    tenant: text('tenant') ?? '',
    typ: readType(text('typ'), place, problems),
    issuer: text('issuer'),
    audience: text('audience'),
  };
  const material = readMaterial(value, common, place, problems);
  return material === undefined || problems.length > before ? [] : [{ ...common, ...material }];
}

function readText(
  entry: Readonly<Record<string, unknown>>,
  name: string,
  place: string,
  problems: string[],
): string | undefined {
  const value = entry[name];
  if (value === undefined) return undefined;
  if (typeof value !== 'string') {
    problems.push(`${place}.${name} must be a string`);
    return undefined;
  }
  const [least, most] = name === 'kid' ? [1, 64] : name === 'tenant' ? [0, 64] : [1, 1024];
  const problem = boundedProblem(`${place}.${name}`, value, least, most);
  if (problem !== undefined) problems.push(problem);
  return value;
}

function readType(typ: string | undefined, place: string, problems: string[]): TokenType {
  const found = types.find((type) => type === (typ ?? 'signalbox+jwt'));
  if (found === undefined) problems.push(`${place}.typ must be one of ${types.join(', ')}`);
  return found ?? 'signalbox+jwt';
}

function readMaterial(
  entry: Readonly<Record<string, unknown>>,
  common: KeyEntryCommon,
  place: string,
  problems: string[],
): KeyMaterial | undefined {
  const given = materials.filter((name) => entry[name] !== undefined);
  const [material] = given;
  if (material === undefined || given.length > 1) {
    problems.push(`${place} must have exactly one of ${materials.join(', ')}`);
    return undefined;
  }
  if (material === 'secret') return readSecret(entry, place, problems);
  if (entry.alg === 'HS256') {
    problems.push(`${place}.alg is HS256, which needs a "secret" and no public key`);
    return undefined;
  }
  const alg = publicAlgorithms.find((name) => name === (entry.alg ?? jwkAlgorithm(entry.jwk)));
  if (alg === undefined && (entry.alg !== undefined || material !== 'jwks')) {
    problems.push(`${place}.alg must be one of ${publicAlgorithms.join(', ')}`);
    return undefined;
  }
  if (material === 'jwks') return readJwksUrl(entry.jwks, alg, common, problems);
  if (alg === undefined) return undefined;
  if (material === 'pem') {
    if (typeof entry.pem === 'string') return { type: 'pem', alg, pem: entry.pem };
    problems.push(`${place}.pem must be a string`);
    return undefined;
  }
  if (!isObject(entry.jwk)) {
    problems.push(`${place}.jwk must be an object`);
  } else if ('d' in entry.jwk || 'k' in entry.jwk) {
    problems.push(`${place}.jwk is a private key; the gateway needs only its public half`);
  } else {
    return { type: 'jwk', alg, jwk: entry.jwk };
  }
  return undefined;
}

function readSecret(
  entry: Readonly<Record<string, unknown>>,
  place: string,
  problems: string[],
): KeyMaterial | undefined {
  const { alg, secret } = entry;
  if (alg !== undefined && alg !== 'HS256') problems.push(`${place}.alg must be HS256 for a "secret"`);
  const read = readSecretText(secret);
  if ('problem' in read) {
    problems.push(`${place}.secret ${read.problem}`);
    return undefined;
  }
  return { type: 'secret', secret: read.bytes };
}

/** Decodes an HS256 secret, or says in a predicate what is wrong with it. */
export function readSecretText(secret: unknown): { bytes: Uint8Array } | { problem: string } {
  if (typeof secret !== 'string' || !/^[A-Za-z0-9_-]+={0,2}$/.test(secret)) {
    return { problem: 'must be a string of base64url' };
  }
  const bytes = new Uint8Array(Buffer.from(secret, 'base64url'));
  if (bytes.length < minSecretBytes) {
    return {
      problem: `has ${bytes.length} bytes, and HS256 needs at least ${minSecretBytes}: make one with: signalbox keys new`,
    };
  }
  return { bytes };
}

function readJwksUrl(
  value: unknown,
  alg: PublicAlgorithm | undefined,
  { place, typ, issuer, audience }: KeyEntryCommon,
  problems: string[],
): KeyMaterial | undefined {
  const url = typeof value === 'string' ? URL.parse(value) : null;
  if (
    url === null ||
    !(url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(url.hostname)))
  ) {
    problems.push(`${place}.jwks must be an https URL (http only on loopback)`);
    return undefined;
  }
  // An issuer signs tokens for many: one that was made for another service must not open this one.
  if (typ !== 'signalbox+jwt' && (issuer === undefined || audience === undefined)) {
    problems.push(`${place} with "typ":"${typ}" must name "issuer" and "audience"`);
    return undefined;
  }
  return { type: 'jwks', algorithms: alg === undefined ? publicAlgorithms : [alg], url };
}

function checkUnique(entries: readonly KeyEntry[], problems: string[]): void {
  const seen = new Map<string, string>();
  const check = (what: string, value: string, place: string) => {
    const first = seen.get(value);
    if (first === undefined) seen.set(value, place);
    else problems.push(`${place} has the ${what} of ${first}`);
  };
  for (const { kid, type, issuer, audience, place } of entries) {
    check('kid', `kid ${kid}`, place);
    if (type === 'jwks' && issuer !== undefined) {
      check('issuer and audience', `iss ${JSON.stringify([issuer, audience])}`, place);
    }
  }
}

function jwkAlgorithm(jwk: unknown): unknown {
  return isObject(jwk) ? jwk.alg : undefined;
}

function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(hostname);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
