import { createHmac } from 'node:crypto';
import type { JWTHeaderParameters, JWTPayload } from 'jose';
import { exportJWK, exportSPKI, generateKeyPair, SignJWT } from 'jose';
import { describe, expect, it } from 'vitest';
import { readClaims } from '../../src/auth/claims.ts';
import { isRefusal } from '../../src/core/grants.ts';
import { noon, secretOf, verifierKit } from '../helpers/auth-kit.ts';

const main = { kid: 'main', alg: 'HS256', secret: secretOf('a') };
const second = noon / 1000;

function sign(
  payload: JWTPayload,
  header: Partial<JWTHeaderParameters> = {},
  secret = main.secret,
): Promise<string> {
  return new SignJWT(payload)
    .setProtectedHeader({ alg: 'HS256', typ: 'signalbox+jwt', kid: 'main', ...header })
    .sign(Buffer.from(secret, 'base64url'));
}

/** A token with any header and claims, signed with the main secret by hand: jose would refuse to make it. */
function forge(
  header: unknown,
  payload: unknown,
  secret: string | Buffer = Buffer.from(main.secret, 'base64url'),
): string {
  const part = (value: unknown) =>
    Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');
  const input = `${part(header)}.${part(payload)}`;
  return `${input}.${createHmac('sha256', secret).update(input).digest('base64url')}`;
}

describe('a token', () => {
  it('that is signed with a key of the file gives its grants and the tenant of the key', async () => {
    const { verifier } = await verifierKit([{ ...main, tenant: 'acme' }]);
    expect(await verifier.verify(await sign({ sub: 'ada', room: 'demo', exp: second + 60 }))).toMatchObject({
      identity: 'ada',
      room: 'demo',
      tenant: 'acme',
      keyId: 'main',
      expiresAt: noon + 60_000,
    });
  });

  it('cannot name its tenant itself', async () => {
    const { verifier } = await verifierKit([main]);
    expect(await verifier.verify(await sign({ tenant: 'acme' }))).toMatchObject({ tenant: '' });
  });

  it('is verified with the key of its kid and with no other', async () => {
    const other = { kid: 'other', alg: 'HS256', secret: secretOf('b') };
    const { verifier } = await verifierKit([main, other]);
    expect(await verifier.verify(await sign({}, { kid: 'other' }, other.secret))).toMatchObject({
      keyId: 'other',
    });
    expect(await verifier.verify(await sign({}, { kid: 'main' }, other.secret))).toEqual({
      reason: 'invalid',
      detail: 'the signature does not fit the key "main": another secret or key signed the token',
    });
  });

  it.each([
    ['that is empty', '', /no token was given/],
    ['that is no JWT', 'abc', /is not a signed JWT/],
    ['of two parts', 'e30.e30', /is not a signed JWT|has no "kid"/],
    ['of four parts', 'e30.e30.e30.e30', /is not a signed JWT|has no "kid"/],
    ['that is huge', 'a'.repeat(16_385), /more than 16384 characters/],
    ['whose header is no object', forge('[]', {}), /is not a signed JWT/],
    [
      'whose claims are no object',
      forge({ alg: 'HS256', kid: 'main', typ: 'signalbox+jwt' }, '7'),
      /is not a signed JWT/,
    ],
    ['without a kid', forge({ alg: 'HS256', typ: 'signalbox+jwt' }, {}), /header has no "kid"/],
    [
      'with a kid that is a number',
      forge({ alg: 'HS256', typ: 'signalbox+jwt', kid: 7 }, {}),
      /header has no "kid"/,
    ],
    [
      'of an unknown key',
      forge({ alg: 'HS256', typ: 'signalbox+jwt', kid: 'x' }, {}),
      /no key with the token's kid "x"/,
    ],
    [
      'with alg none',
      forge({ alg: 'none', typ: 'signalbox+jwt', kid: 'main' }, {}),
      /signs with HS256, and not with/,
    ],
    ['with another HMAC', forge({ alg: 'HS512', typ: 'signalbox+jwt', kid: 'main' }, {}), /signs with HS256/],
    ['without alg', forge({ typ: 'signalbox+jwt', kid: 'main' }, {}), /is not a signed JWT|signs with HS256/],
    [
      'of another type',
      forge({ alg: 'HS256', typ: 'JWT', kid: 'main' }, {}),
      /must say "typ":"signalbox\+jwt"/,
    ],
    ['without a type', forge({ alg: 'HS256', kid: 'main' }, {}), /must say "typ":"signalbox\+jwt"/],
    [
      'with a critical extension',
      forge({ alg: 'HS256', typ: 'signalbox+jwt', kid: 'main', crit: ['x'], x: 1 }, {}),
      /cannot be verified/,
    ],
    [
      'from the future',
      forge({ alg: 'HS256', typ: 'signalbox+jwt', kid: 'main' }, { iat: second + 6 }),
      /claim iat: lies in the future/,
    ],
    [
      'not valid yet',
      forge({ alg: 'HS256', typ: 'signalbox+jwt', kid: 'main' }, { nbf: second + 6 }),
      /not valid yet/,
    ],
    [
      'with an exp of text',
      forge({ alg: 'HS256', typ: 'signalbox+jwt', kid: 'main' }, { exp: 'soon' }),
      /claim exp must be a time/,
    ],
    [
      'with a claim out of range',
      forge({ alg: 'HS256', typ: 'signalbox+jwt', kid: 'main' }, { sub: '' }),
      /claim sub: an identity must not be empty/,
    ],
  ])('%s is refused with a sentence', async (_what, token, detail) => {
    const { verifier } = await verifierKit([main]);
    const result = await verifier.verify(token);
    expect(result).toMatchObject({ reason: 'invalid' });
    expect((result as { detail: string }).detail).toMatch(detail);
  });

  it('whose claims were changed after signing is refused', async () => {
    const { verifier } = await verifierKit([main]);
    const [header, , signature] = (await sign({ sub: 'ada' })).split('.');
    const claims = Buffer.from(JSON.stringify({ sub: 'ada', adm: true })).toString('base64url');
    expect(await verifier.verify(`${header}.${claims}.${signature}`)).toMatchObject({ reason: 'invalid' });
  });

  it('that is refused is never remembered as good', async () => {
    const { verifier } = await verifierKit([main]);
    const token = `${(await sign({ sub: 'ada' })).slice(0, -2)}xx`;
    for (let i = 0; i < 3; i += 1) expect(await verifier.verify(token)).toMatchObject({ reason: 'invalid' });
    expect(verifier.cacheCounts.hits).toBe(0);
  });

  it('is never repeated in a refusal', async () => {
    const { verifier } = await verifierKit([main]);
    const token = await sign({ sub: 'ada' }, { kid: 'x'.repeat(500) });
    const result = await verifier.verify(token);
    expect(JSON.stringify(result).length).toBeLessThan(200);
  });
});

describe('the end of a token', () => {
  it('is its exp and the leeway, to the second', async () => {
    const { verifier, clock } = await verifierKit([main], { cacheEntries: 0 });
    const token = await sign({ sub: 'ada', exp: second + 60 });
    clock.time = noon + 64_999;
    expect(isRefusal(await verifier.verify(token))).toBe(false);
    clock.time = noon + 65_000;
    expect(await verifier.verify(token)).toEqual({
      reason: 'expired',
      detail:
        "the token ended at 2026-11-22T10:01:00.000Z; the gateway's clock says 2026-11-22T10:01:05.000Z",
    });
  });

  it('is the same for a token that was verified before', async () => {
    const { verifier, clock } = await verifierKit([main]);
    const token = await sign({ sub: 'ada', exp: second + 60 });
    await verifier.verify(token);
    clock.time = noon + 64_999;
    expect(isRefusal(await verifier.verify(token))).toBe(false);
    expect(verifier.cacheCounts.hits).toBe(1);
    clock.time = noon + 65_000;
    expect(await verifier.verify(token)).toMatchObject({ reason: 'expired' });
  });

  it('may have another leeway, or none', async () => {
    const { verifier, clock } = await verifierKit([main], { leewayMs: 0 });
    const token = await sign({ exp: second + 60 });
    clock.time = noon + 60_000;
    expect(await verifier.verify(token)).toMatchObject({ reason: 'expired' });
  });

  it('leaves clocks that differ by the leeway alone', async () => {
    const { verifier } = await verifierKit([main]);
    expect(isRefusal(await verifier.verify(await sign({ iat: second + 5, nbf: second + 5 })))).toBe(false);
  });
});

describe('a type of token', () => {
  it('other than the own is taken only where its key says so', async () => {
    const { verifier } = await verifierKit([{ ...main, typ: 'JWT' }]);
    expect(await verifier.verify(await sign({}, { typ: 'JWT' }))).toMatchObject({ keyId: 'main' });
    expect(await verifier.verify(await sign({}))).toMatchObject({ reason: 'invalid' });
  });
});

describe('issuer and audience of a key', () => {
  const bound = { ...main, issuer: 'https://app.example', audience: 'signalbox' };

  it('must be those of the token', async () => {
    const { verifier } = await verifierKit([bound]);
    const good = { iss: 'https://app.example', aud: ['else', 'signalbox'] };
    expect(await verifier.verify(await sign(good))).toMatchObject({ keyId: 'main' });
    expect(await verifier.verify(await sign({ ...good, iss: 'https://evil.example' }))).toMatchObject({
      detail: 'the token\'s claim iss must be "https://app.example" for the key "main"',
    });
    expect(await verifier.verify(await sign({ ...good, aud: 'else' }))).toMatchObject({
      detail: 'the token\'s claim aud must hold "signalbox" for the key "main"',
    });
    expect(await verifier.verify(await sign({}))).toMatchObject({ reason: 'invalid' });
  });
});

describe('a public key', () => {
  it.each(['RS256', 'PS256', 'ES256', 'ES384', 'EdDSA'])('verifies %s', async (alg) => {
    const { publicKey, privateKey } = await generateKeyPair(alg);
    const { verifier } = await verifierKit([
      { kid: 'pub', alg, jwk: await exportJWK(publicKey), tenant: 't' },
    ]);
    const token = await new SignJWT({ sub: 'cam' })
      .setProtectedHeader({ alg, typ: 'signalbox+jwt', kid: 'pub' })
      .sign(privateKey);
    expect(await verifier.verify(token)).toMatchObject({ identity: 'cam', tenant: 't' });
  });

  it('takes EdDSA under its newer name', async () => {
    const { publicKey, privateKey } = await generateKeyPair('Ed25519');
    const { verifier } = await verifierKit([{ kid: 'pub', alg: 'EdDSA', pem: await exportSPKI(publicKey) }]);
    const token = await new SignJWT({})
      .setProtectedHeader({ alg: 'Ed25519', typ: 'signalbox+jwt', kid: 'pub' })
      .sign(privateKey);
    expect(await verifier.verify(token)).toMatchObject({ keyId: 'pub' });
  });

  it('is never taken for the secret of an HMAC, in none of its forms', async () => {
    const { publicKey } = await generateKeyPair('RS256', { extractable: true });
    const pem = await exportSPKI(publicKey);
    const jwk = await exportJWK(publicKey);
    const { verifier } = await verifierKit([{ kid: 'pub', alg: 'RS256', pem }]);
    const header = { alg: 'HS256', typ: 'signalbox+jwt', kid: 'pub' };
    for (const secret of [pem, pem.trim(), JSON.stringify(jwk), Buffer.from(jwk.n ?? '', 'base64url')]) {
      expect(await verifier.verify(forge(header, { adm: true }, secret))).toMatchObject({
        detail: 'the key "pub" signs with RS256, and not with the token\'s "alg"',
      });
    }
  });

  it('of another algorithm of the same family is refused', async () => {
    const { publicKey, privateKey } = await generateKeyPair('PS256');
    const { verifier } = await verifierKit([{ kid: 'pub', alg: 'RS256', pem: await exportSPKI(publicKey) }]);
    const token = await new SignJWT({})
      .setProtectedHeader({ alg: 'PS256', typ: 'signalbox+jwt', kid: 'pub' })
      .sign(privateKey);
    expect(await verifier.verify(token)).toMatchObject({ reason: 'invalid' });
  });
});

describe('the memory of verified tokens', () => {
  it('spares the second verification', async () => {
    const { verifier } = await verifierKit([main]);
    const token = await sign({ sub: 'ada' });
    const first = await verifier.verify(token);
    expect(await verifier.verify(token)).toBe(first);
    expect(verifier.cacheCounts).toEqual({ hits: 1, misses: 1 });
  });

  it('ends with the keys: a removed key verifies nothing any more', async () => {
    const { verifier, store } = await verifierKit([main]);
    const token = await sign({ sub: 'ada' });
    await verifier.verify(token);
    await store.replace([{ ...main, kid: 'next' }]);
    expect(await verifier.verify(token)).toMatchObject({
      detail: 'the gateway has no key with the token\'s kid "main"',
    });
  });

  it('does not take in a verification that began with keys that are replaced meanwhile', async () => {
    const { publicKey, privateKey } = await generateKeyPair('ES256');
    const pub = { kid: 'pub', alg: 'ES256', pem: await exportSPKI(publicKey) };
    const { verifier, store } = await verifierKit([pub]);
    const token = await new SignJWT({ sub: 'ada' })
      .setProtectedHeader({ alg: 'ES256', typ: 'signalbox+jwt', kid: 'pub' })
      .sign(privateKey);
    const verification = verifier.verify(token);
    store.current = (await verifierKit([{ ...main, kid: 'next' }])).store.current;
    await verification;
    expect(await verifier.verify(token)).toMatchObject({ reason: 'invalid' });
    expect(verifier.cacheCounts.hits).toBe(0);
  });

  it('is bounded', async () => {
    const { verifier } = await verifierKit([main], { cacheEntries: 2 });
    const tokens = await Promise.all(['a', 'b', 'c'].map((sub) => sign({ sub })));
    for (const token of tokens) await verifier.verify(token);
    await verifier.verify(tokens[0] ?? '');
    expect(verifier.cacheCounts.hits).toBe(0);
  });

  it('forgets after five minutes', async () => {
    const { verifier, clock } = await verifierKit([main]);
    const token = await sign({ sub: 'ada' });
    await verifier.verify(token);
    clock.time += 300_001;
    await verifier.verify(token);
    expect(verifier.cacheCounts).toEqual({ hits: 0, misses: 2 });
  });

  it('does not hide a revocation', async () => {
    const { verifier, revocations } = await verifierKit([main]);
    const token = await sign({ sub: 'ada', jti: 't1', iat: second });
    await verifier.verify(token);
    revocations.revoke({ tenant: '', tokenIds: ['t1'], identity: '' });
    expect(await verifier.verify(token)).toEqual({
      reason: 'revoked',
      detail: 'the token was revoked; ask for a new one',
    });
  });
});

describe('a token that was verified before', () => {
  const grantsOf = async (kit: Awaited<ReturnType<typeof verifierKit>>, payload: JWTPayload) => {
    const grants = await kit.verifier.verify(await sign({ iat: second, ...payload }));
    if (isRefusal(grants)) throw new Error(grants.detail);
    return grants;
  };

  it('is good until it is revoked, whatever its end', async () => {
    const kit = await verifierKit([main]);
    const grants = await grantsOf(kit, { sub: 'ada', jti: 't1', exp: second + 60 });
    kit.clock.time += 3_600_000;
    expect(kit.verifier.recheck(grants)).toBeUndefined();
    kit.revocations.revoke({ tenant: '', tokenIds: ['t1'], identity: '' });
    expect(kit.verifier.recheck(grants)).toMatchObject({ reason: 'revoked' });
  });

  it('is good while its key stands in the file as it was, among whichever others', async () => {
    const kit = await verifierKit([main]);
    const grants = await grantsOf(kit, { sub: 'ada' });
    const gone = { reason: 'invalid', detail: expect.stringMatching(/^the key "main" .* no longer/) };
    const another = { kid: 'another', alg: 'HS256', secret: secretOf('b') };
    for (const [keys, expected] of [
      [[another, main], undefined],
      [[{ ...main, tenant: '' }], undefined],
      [[another], gone],
      [[{ ...main, secret: secretOf('c') }], gone],
      [[{ ...main, tenant: 'acme' }], gone],
      [[{ ...main, audience: 'signalbox' }], gone],
      [[main], undefined],
    ] as const) {
      await kit.store.replace(keys);
      expect(kit.verifier.recheck(grants)).toEqual(expected);
    }
  });

  it('of an issuer is good while the issuer’s entry stands: which keys the issuer has is its own affair', async () => {
    const idp = {
      kid: 'idp',
      jwks: 'https://idp.example/jwks.json',
      issuer: 'https://idp.example/',
      alg: 'ES256',
    };
    const kit = await verifierKit([idp]);
    const key = kit.store.current.get('idp');
    if (key === undefined) throw new Error('no key');
    const grants = readClaims({ sub: 'ada' }, key);
    expect(kit.verifier.recheck(grants)).toBeUndefined();
    await kit.store.replace([idp]);
    expect(kit.verifier.recheck(grants)).toBeUndefined();
    await kit.store.replace([{ ...idp, jwks: 'https://idp.example/other.json' }]);
    expect(kit.verifier.recheck(grants)).toMatchObject({ reason: 'invalid' });
  });
});
