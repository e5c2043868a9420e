import { exportJWK, exportPKCS8, exportSPKI, generateKeyPair } from 'jose';
import { describe, expect, it } from 'vitest';
import { importKey } from '../../src/auth/import-key.ts';
import { KeyFileError, parseKeyFile } from '../../src/auth/key-file.ts';
import { secretOf } from '../helpers/auth-kit.ts';

const parse = (keys: unknown) => parseKeyFile(JSON.stringify({ keys }), 'keys.json');
const main = { kid: 'main', alg: 'HS256', secret: secretOf('a') };

function problemOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    expect(error).toBeInstanceOf(KeyFileError);
    return (error as Error).message;
  }
  throw new Error('was accepted');
}

describe('a key file', () => {
  it('holds secrets, public keys and issuers', async () => {
    const { publicKey } = await generateKeyPair('ES256');
    const entries = parse([
      { ...main, tenant: 'acme' },
      { kid: 'cams', alg: 'ES256', jwk: await exportJWK(publicKey) },
      { kid: 'pem', alg: 'ES256', pem: await exportSPKI(publicKey) },
      {
        kid: 'idp',
        jwks: 'https://idp.example/jwks.json',
        issuer: 'https://idp.example/',
        audience: 'sb',
        typ: 'JWT',
      },
    ]);
    expect(entries.map(({ kid, type, tenant, typ }) => ({ kid, type, tenant, typ }))).toEqual([
      { kid: 'main', type: 'secret', tenant: 'acme', typ: 'signalbox+jwt' },
      { kid: 'cams', type: 'jwk', tenant: '', typ: 'signalbox+jwt' },
      { kid: 'pem', type: 'pem', tenant: '', typ: 'signalbox+jwt' },
      { kid: 'idp', type: 'jwks', tenant: '', typ: 'JWT' },
    ]);
  });

  it('takes the algorithm of a JWK from the JWK', async () => {
    const { publicKey } = await generateKeyPair('EdDSA');
    const [entry] = parse([{ kid: 'k', jwk: { ...(await exportJWK(publicKey)), alg: 'EdDSA' } }]);
    expect(entry).toMatchObject({ type: 'jwk', alg: 'EdDSA' });
  });

  it.each([
    [
      'a secret below 32 bytes',
      [{ ...main, secret: Buffer.alloc(31).toString('base64url') }],
      /keys\[0\]\.secret has 31 bytes, and HS256 needs at least 32/,
    ],
    [
      'a secret that is no base64url',
      [{ ...main, secret: 'hello world, hello world, hello world!' }],
      /secret must be a string of base64url/,
    ],
    ['a misspelt member', [{ ...main, secert: 'x' }], /keys\[0\]\.secert is unknown/],
    ['no kid', [{ alg: 'HS256', secret: secretOf('a') }], /keys\[0\]\.kid is missing/],
    ['two keys of one kid', [main, main], /keys\[1\] has the kid of keys\.json: keys\[0\]/],
    ['a secret for a public algorithm', [{ ...main, alg: 'RS256' }], /alg must be HS256 for a "secret"/],
    ['a public key for HS256', [{ kid: 'k', alg: 'HS256', pem: 'x' }], /needs a "secret" and no public key/],
    ['alg none', [{ kid: 'k', alg: 'none', jwk: {} }], /alg must be one of RS256/],
    ['a key without its algorithm', [{ kid: 'k', pem: 'x' }], /alg must be one of RS256/],
    ['no key at all', [{ kid: 'k' }], /exactly one of secret, jwk, pem, jwks/],
    ['two keys in one entry', [{ ...main, pem: 'x' }], /exactly one of/],
    ['a private JWK', [{ kid: 'k', alg: 'ES256', jwk: { kty: 'EC', d: 'x' } }], /is a private key/],
    ['a symmetric JWK', [{ kid: 'k', alg: 'ES256', jwk: { kty: 'oct', k: 'x' } }], /is a private key/],
    ['a JWKS over plain http', [{ kid: 'k', jwks: 'http://idp.example/j' }], /must be an https URL/],
    [
      'a JWKS host that only looks like loopback',
      [{ kid: 'k', jwks: 'http://127.0.0.1.example/j' }],
      /must be an https URL/,
    ],
    [
      'an issuer for many without an audience',
      [{ kid: 'k', jwks: 'https://i/j', typ: 'JWT', issuer: 'https://i' }],
      /must name "issuer" and "audience"/,
    ],
    ['an unknown typ', [{ ...main, typ: 'jose' }], /typ must be one of signalbox\+jwt, JWT, at\+jwt/],
    [
      'a tenant with a line break',
      [{ ...main, tenant: 'a\nb' }],
      /tenant must not contain control characters/,
    ],
    ['an entry that is no object', ['x'], /keys\[0\] must be an object/],
    ['an empty list', [], /"keys" is empty; make a key with: signalbox keys new/],
  ])('with %s is refused', (_what, keys, message) => {
    expect(problemOf(() => parse(keys))).toMatch(message);
  });

  it('is refused with all that is wrong at once', () => {
    const message = problemOf(() => parse([{ kid: 'a' }, { ...main, alg: 'ES256' }, 'x']));
    for (const place of ['keys[0]', 'keys[1].alg', 'keys[2]']) expect(message).toContain(place);
  });

  it('that is no JSON is refused with its line, and never quoted: it holds secrets', () => {
    const text = `{"keys":[\n{"kid":"main","secret":"${secretOf('z')}" "x"}]}`;
    const message = problemOf(() => parseKeyFile(text, 'keys.json'));
    expect(message).toMatch(/^keys\.json is not valid JSON at line 2 column \d+$/);
    expect(problemOf(() => parseKeyFile('{"secret":topsecret}', 'keys.json'))).not.toContain('topsecret');
    expect(problemOf(() => parseKeyFile(' ', 'keys.json'))).toBe('keys.json is empty');
    expect(problemOf(() => parseKeyFile('[]', 'keys.json'))).toContain('an array "keys"');
  });

  it('never shows a secret in a message', () => {
    const short = Buffer.from('short secret').toString('base64url');
    expect(problemOf(() => parse([{ ...main, secret: short, alg: 'RS256', x: 1 }]))).not.toContain(short);
  });

  it('may reach an issuer on loopback without TLS', () => {
    for (const host of ['localhost', '127.0.0.1', '[::1]']) {
      expect(parse([{ kid: 'k', jwks: `http://${host}:8080/jwks.json` }])).toHaveLength(1);
    }
  });
});

describe('the key of an entry', () => {
  const load = (key: object) => Promise.all(parse([key]).map((entry) => importKey(entry, { now: Date.now })));

  it('is refused when it does not fit its algorithm', async () => {
    const { publicKey } = await generateKeyPair('ES256');
    const jwk = await exportJWK(publicKey);
    await expect(load({ kid: 'k', alg: 'RS256', jwk })).rejects.toThrow(
      /keys\[0\]\.jwk is no public key for RS256/,
    );
    await expect(load({ kid: 'k', alg: 'ES384', jwk })).rejects.toThrow(KeyFileError);
    await expect(load({ kid: 'k', alg: 'RS256', pem: 'nonsense' })).rejects.toThrow(
      /keys\[0\]\.pem is no public key/,
    );
  });

  it('is refused when a PEM is a private key', async () => {
    const { privateKey } = await generateKeyPair('ES256', { extractable: true });
    const pem = await exportPKCS8(privateKey);
    await expect(load({ kid: 'k', alg: 'ES256', pem })).rejects.toThrow(KeyFileError);
  });

  it('is refused when an RSA key is below 2048 bits', async () => {
    const pair = await crypto.subtle.generateKey(
      {
        name: 'RSASSA-PKCS1-v1_5',
        hash: 'SHA-256',
        modulusLength: 1024,
        publicExponent: new Uint8Array([1, 0, 1]),
      },
      true,
      ['sign', 'verify'],
    );
    const jwk = await exportJWK(pair.publicKey);
    await expect(load({ kid: 'k', alg: 'RS256', jwk })).rejects.toThrow(
      /has 1024 bits; RSA needs at least 2048/,
    );
  });
});
