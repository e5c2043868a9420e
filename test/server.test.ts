import { decodeJwt, exportJWK, exportPKCS8, generateKeyPair } from 'jose';
import { describe, expect, it } from 'vitest';
import { isRefusal } from '../src/core/grants.ts';
import { ClaimError, createToken } from '../src/server.ts';
import { secretOf, verifierKit } from './helpers/auth-kit.ts';

const key = { kid: 'main', alg: 'HS256', secret: secretOf('a') } as const;

/** A verifier whose clock is the system's, as createToken's is. */
async function kit(...keys: object[]) {
  const made = await verifierKit(keys);
  made.clock.time = Date.now();
  return made;
}

describe('createToken', () => {
  it('makes a token that the gateway takes', async () => {
    const { verifier } = await kit(key);
    const token = await createToken(key, {
      identity: 'ada',
      name: 'Ada',
      room: 'demo',
      role: 'teacher',
      permissions: { moderate: true, publish: ['camera'] },
      attributes: { seat: '7' },
      kind: 'bot',
      create: true,
      admin: true,
    });
    expect(await verifier.verify(token)).toMatchObject({
      identity: 'ada',
      name: 'Ada',
      room: 'demo',
      role: 'teacher',
      attributes: { seat: '7' },
      mayCreate: true,
      admin: true,
    });
  });

  it('gives an hour unless another life is asked for', async () => {
    const life = async (options?: { expiresIn: string }) => {
      const { iat = 0, exp = 0 } = decodeJwt(await createToken(key, {}, options));
      return Math.round(exp - iat);
    };
    expect(Math.abs((await life()) - 3600)).toBeLessThanOrEqual(1);
    expect(Math.abs((await life({ expiresIn: '15m' })) - 900)).toBeLessThanOrEqual(1);
    await expect(life({ expiresIn: 'an hour' })).rejects.toThrow(
      '"an hour" is no duration: write 30s, 15m, 1h or 7d',
    );
    await expect(life({ expiresIn: '0s' })).rejects.toThrow(TypeError);
  });

  it('gives every token an id of its own', async () => {
    const ids = await Promise.all([1, 2].map(async () => decodeJwt(await createToken(key, {})).jti));
    expect(new Set(ids).size).toBe(2);
    expect(decodeJwt(await createToken(key, { tokenId: 'mine' })).jti).toBe('mine');
  });

  it('takes an entry of the key file as it is, with its issuer and audience', async () => {
    const entry = {
      ...key,
      tenant: 'acme',
      issuer: 'https://app.example',
      audience: 'sb',
      typ: 'JWT',
    } as const;
    const { verifier } = await kit(entry);
    expect(await verifier.verify(await createToken(entry, { identity: 'ada' }))).toMatchObject({
      tenant: 'acme',
    });
  });

  it('signs with private keys, as JWK and as PEM', async () => {
    const { publicKey, privateKey } = await generateKeyPair('ES256', { extractable: true });
    const { verifier } = await kit({ kid: 'own', alg: 'ES256', jwk: await exportJWK(publicKey) });
    for (const form of [await exportJWK(privateKey), await exportPKCS8(privateKey)]) {
      const token = await createToken({ kid: 'own', alg: 'ES256', privateKey: form }, { identity: 'cam' });
      expect(await verifier.verify(token)).toMatchObject({ identity: 'cam', keyId: 'own' });
    }
  });

  it('rejects claims that the gateway would refuse, and says which', async () => {
    await expect(createToken(key, { room: '' })).rejects.toThrow(
      'room: must not be empty; leave it out for any room',
    );
    await expect(createToken(key, { permissions: { publish: [] } })).rejects.toThrow(ClaimError);
  });

  it('rejects keys that cannot sign', async () => {
    const { publicKey } = await generateKeyPair('ES256');
    const jwk = await exportJWK(publicKey);
    await expect(createToken({ kid: 'k', secret: 'c2hvcnQ' }, {})).rejects.toThrow(
      /has 5 bytes, and HS256 needs/,
    );
    await expect(createToken({ kid: '', secret: key.secret }, {})).rejects.toThrow('the key has no kid');
    await expect(createToken({ kid: 'k', alg: 'ES256', privateKey: jwk }, {})).rejects.toThrow(
      'is not a private key',
    );
    await expect(createToken({ kid: 'k', alg: 'RS256', privateKey: 'x' }, {})).rejects.toThrow(
      /no private key for RS256/,
    );
  });

  it('makes a token right after a revocation that is good, and told from one right before it', async () => {
    const { verifier, revocations, clock } = await kit(key);
    const before = await createToken(key, { identity: 'ada' });
    clock.time = Date.now();
    revocations.revoke({ tenant: '', tokenIds: [], identity: 'ada' });
    while (Date.now() <= clock.time) await new Promise((resolve) => setImmediate(resolve));
    const after = await createToken(key, { identity: 'ada' });
    expect(await verifier.verify(before)).toMatchObject({ reason: 'revoked' });
    expect(isRefusal(await verifier.verify(after))).toBe(false);
  });
});
