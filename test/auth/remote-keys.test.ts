import { setTimeout as delay } from 'node:timers/promises';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { remoteKeys } from '../../src/auth/remote-keys.ts';
import { startIssuer, verifierKit } from '../helpers/auth-kit.ts';

const issuer = 'https://idp.example/';
let endpoint: Awaited<ReturnType<typeof startIssuer>>;

beforeEach(async () => {
  endpoint = await startIssuer();
});
afterEach(() => endpoint.stop());

/** A key of the issuer, published or not. */
async function makeKey(kid: string, alg = 'ES256') {
  const { publicKey, privateKey } = await generateKeyPair(alg);
  const jwk = { ...(await exportJWK(publicKey)), kid, alg, use: 'sig' };
  const sign = (claims: object = {}, header: object = {}) =>
    new SignJWT({ sub: 'ada', iss: issuer, aud: 'signalbox', ...claims })
      .setProtectedHeader({ alg, typ: 'JWT', kid, ...header })
      .sign(privateKey);
  return { jwk, sign };
}

function publish(...keys: { jwk: object }[]): void {
  endpoint.state.body = JSON.stringify({ keys: keys.map(({ jwk }) => jwk) });
}

const entry = () => ({
  kid: 'idp',
  jwks: endpoint.url,
  issuer,
  audience: 'signalbox',
  typ: 'JWT',
  tenant: 'acme',
});

describe('the tokens of an issuer', () => {
  it('are verified with the keys at its JWKS URL, fetched once', async () => {
    const key = await makeKey('2026-11');
    publish(key);
    const { verifier } = await verifierKit([entry()]);
    expect(await verifier.verify(await key.sign())).toMatchObject({
      identity: 'ada',
      tenant: 'acme',
      keyId: 'idp',
    });
    expect(await verifier.verify(await key.sign({ sub: 'bo' }))).toMatchObject({ identity: 'bo' });
    expect(endpoint.state.requests).toBe(1);
  });

  it('are told from tokens of other issuers, types and audiences', async () => {
    const key = await makeKey('k');
    publish(key);
    const { verifier } = await verifierKit([entry()]);
    expect(await verifier.verify(await key.sign({ aud: 'mail' }))).toMatchObject({ reason: 'invalid' });
    expect(await verifier.verify(await key.sign({}, { typ: 'at+jwt' }))).toMatchObject({ reason: 'invalid' });
    expect(await verifier.verify(await key.sign({ iss: 'https://else/' }))).toMatchObject({
      detail: 'the gateway has no key with the token\'s kid "k"',
    });
  });

  it('of two tenants at one issuer are told apart by their audience', async () => {
    const key = await makeKey('k');
    publish(key);
    const { verifier } = await verifierKit([
      entry(),
      { ...entry(), kid: 'idp-2', audience: 'second', tenant: 'second' },
    ]);
    expect(await verifier.verify(await key.sign())).toMatchObject({ tenant: 'acme' });
    expect(await verifier.verify(await key.sign({ aud: ['x', 'second'] }))).toMatchObject({
      tenant: 'second',
    });
  });

  it('may be found by kid where the key file names no issuer', async () => {
    const key = await makeKey('backend');
    publish(key);
    const { verifier } = await verifierKit([{ kid: 'backend', jwks: endpoint.url }]);
    const token = await key.sign({}, { typ: 'signalbox+jwt' });
    expect(await verifier.verify(token)).toMatchObject({ keyId: 'backend' });
  });

  it('are limited to the algorithm that the key file names', async () => {
    const key = await makeKey('k', 'RS256');
    publish(key);
    const { verifier } = await verifierKit([{ ...entry(), alg: 'ES256' }]);
    expect(await verifier.verify(await key.sign())).toMatchObject({
      detail: 'the key "idp" signs with ES256, and not with the token\'s "alg"',
    });
    expect(endpoint.state.requests).toBe(0);
  });

  it('are refused when the set holds no key for them, with one fetch a cooldown however many come', async () => {
    publish(await makeKey('k'));
    const stranger = await makeKey('unknown');
    const { verifier } = await verifierKit([entry()]);
    for (let i = 0; i < 5; i += 1) {
      expect(await verifier.verify(await stranger.sign({ sub: `s${i}` }))).toMatchObject({
        reason: 'invalid',
        detail: 'the key set of "idp" has no key for the token\'s "kid" and "alg"',
      });
    }
    expect(endpoint.state.requests).toBe(1);
  });

  it('are not refused but unavailable while the issuer is away, and the cause goes to the log only', async () => {
    endpoint.state.status = 503;
    const key = await makeKey('k');
    const { verifier, log } = await verifierKit([entry()]);
    expect(await verifier.verify(await key.sign())).toEqual({
      reason: 'unavailable',
      detail: 'the keys of "idp" cannot be fetched at the moment; try the same token again',
    });
    expect(log.lines.map(({ level }) => level)).toEqual(['error']);
    endpoint.state.status = 200;
    publish(key);
    await delay(60);
    expect(await verifier.verify(await key.sign())).toMatchObject({ identity: 'ada' });
  });
});

describe('the keys of an issuer', () => {
  const header = (kid: string) => ({ alg: 'ES256', kid });
  const token = { payload: '', signature: '' };

  it('that are new are fetched when the cooldown has passed', async () => {
    publish(await makeKey('old'));
    const keys = remoteKeys(new URL(endpoint.url), { now: Date.now, cooldownMs: 0 });
    await keys(header('old'), token);
    publish(await makeKey('new'));
    await keys(header('new'), token);
    expect(endpoint.state.requests).toBe(2);
  });

  it('serve on while the issuer is away, but not for ever', async () => {
    let skew = 0;
    const now = () => Date.now() + skew;
    publish(await makeKey('k'));
    const keys = remoteKeys(new URL(endpoint.url), { now, maxAgeMs: 0, retryAfterMs: 0, maxStaleMs: 60_000 });
    await keys(header('k'), token);
    endpoint.state.status = 500;
    await keys(header('k'), token);
    await expect(keys(header('other'), token)).rejects.toThrow(/cannot fetch the keys/);
    skew = 61_000;
    await expect(keys(header('k'), token)).rejects.toThrow(/cannot fetch the keys/);
  });

  it('are not asked for again right after a failure', async () => {
    let skew = 0;
    const now = () => Date.now() + skew;
    endpoint.state.status = 500;
    const keys = remoteKeys(new URL(endpoint.url), { now, retryAfterMs: 10_000 });
    for (let i = 0; i < 5; i += 1) await expect(keys(header('k'), token)).rejects.toThrow();
    expect(endpoint.state.requests).toBe(1);
    skew = 10_001;
    publish(await makeKey('k'));
    endpoint.state.status = 200;
    await keys(header('k'), token);
  });

  it.each([
    ['never answers', undefined],
    ['answers with something else', '<html>'],
    ['answers with JSON that is no key set', '{"keys":7}'],
    ['answers without end', `{"keys":[],"x":"${'x'.repeat(1_100_000)}"}`],
  ])('of an endpoint that %s are unavailable', async (_what, body) => {
    endpoint.state.body = body;
    const keys = remoteKeys(new URL(endpoint.url), { now: Date.now, timeoutMs: 100 });
    await expect(keys(header('k'), token)).rejects.toThrow(/cannot fetch the keys/);
  });

  it('of an issuer that cannot be reached are unavailable', async () => {
    const keys = remoteKeys(new URL(endpoint.url), { now: Date.now });
    await endpoint.stop();
    await expect(keys(header('k'), token)).rejects.toThrow(/cannot fetch the keys/);
    endpoint = await startIssuer();
  });
});
