import { exportJWK, generateKeyPair } from 'jose';
import { describe, expect, it } from 'vitest';
import { readClaims } from '../../src/auth/claims.ts';
import { JwtIssuer } from '../../src/auth/token-issuer.ts';
import { noon, secretOf, verifierKit } from '../helpers/auth-kit.ts';

const main = { kid: 'main', alg: 'HS256', secret: secretOf('a'), tenant: 'acme' };
const second = noon / 1000;

/** Everything that a token can say. */
const claims = {
  sub: 'ada',
  name: 'Ada',
  room: 'class-*',
  role: 'teacher',
  perm: { moderate: true, signal: true, publish: ['camera'], sendTypes: ['chat'] },
  attrs: { seat: '7' },
  kind: 'media-node',
  create: true,
  jti: 'one',
  iat: second - 1000,
  exp: second + 60,
  renew: second + 100_000,
};

async function start(keys: readonly object[] = [main]) {
  const kit = await verifierKit(keys);
  const issuer = new JwtIssuer({ keys: kit.store, now: kit.now, newTokenId: () => 'new' });
  const key = kit.store.current.get('main');
  if (key === undefined) throw new Error('no key');
  return { ...kit, issuer, grants: (more: object = {}) => readClaims({ ...claims, ...more }, key) };
}

describe('a token that the gateway renews', () => {
  it('says what it said before, under the same id, but that it was issued now and ends later', async () => {
    const { issuer, verifier, grants } = await start();
    const before = grants();
    const issued = await issuer.renew(before, 3_600_000);
    if ('refused' in issued) throw new Error(issued.detail);
    const after = await verifier.verify(issued.token);
    expect(after).toEqual({ ...before, issuedAt: noon, expiresAt: noon + 3_600_000 });
    expect(issued).toMatchObject({ tokenId: 'one', expiresAt: noon + 3_600_000 });
  });

  it('falls with the one before, by its id and by its identity', async () => {
    for (const revocation of [
      { tenant: 'acme', tokenIds: ['one'], identity: '' },
      { tenant: 'acme', tokenIds: [], identity: 'ada' },
    ]) {
      const { issuer, verifier, grants, revocations, clock } = await start();
      const issued = await issuer.renew(grants(), 3_600_000);
      if ('refused' in issued) throw new Error(issued.detail);
      clock.time += 10;
      revocations.revoke(revocation);
      expect(await verifier.verify(issued.token)).toMatchObject({ reason: 'revoked' });
    }
  });

  it('is never one for backends, and has an id where it had none', async () => {
    const { issuer, verifier, grants } = await start();
    const issued = await issuer.renew(grants({ adm: true, jti: undefined }), 60_000);
    if ('refused' in issued) throw new Error(issued.detail);
    expect(await verifier.verify(issued.token)).toMatchObject({ admin: false, tokenId: 'new' });
  });

  it('is none without a secret to sign with: a public key, a key that is gone, one of another tenant', async () => {
    const { publicKey } = await generateKeyPair('ES256');
    const open = { kid: 'main', alg: 'ES256', jwk: await exportJWK(publicKey), tenant: 'acme' };
    const { issuer, grants, store } = await start([open]);
    expect(await issuer.renew(grants(), 60_000)).toMatchObject({ refused: 'no-key' });
    await store.replace([{ ...main, kid: 'other' }]);
    expect(await issuer.renew(grants(), 60_000)).toMatchObject({ refused: 'no-key' });
    await store.replace([{ ...main, tenant: 'other' }]);
    expect(await issuer.renew(grants(), 60_000)).toMatchObject({ refused: 'no-key' });
  });
});
