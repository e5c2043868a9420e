import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Participant_Kind, TrackSource } from '../../gen/signalbox/v1/participant_pb.ts';
import { TokenService } from '../../gen/signalbox/v1/token_service_pb.ts';
import { readClaims } from '../../src/auth/claims.ts';
import type { Claims } from '../../src/auth/token-claims.ts';
import { JwtIssuer } from '../../src/auth/token-issuer.ts';
import { signToken } from '../../src/auth/token-signer.ts';
import type { Grants } from '../../src/core/grants.ts';
import { authenticate } from '../../src/services/authenticate.ts';
import { tokenService } from '../../src/services/token-service.ts';
import { noon, secretOf, verifierKit } from '../helpers/auth-kit.ts';
import type { Body } from './service-kit.ts';
import { serve } from './service-kit.ts';

const create = 'signalbox.v1.TokenService/CreateToken';
const revoke = 'signalbox.v1.TokenService/RevokeTokens';
const keys = [
  { kid: 'main', alg: 'HS256', secret: secretOf('a') },
  { kid: 'acme', alg: 'HS256', secret: secretOf('b'), tenant: 'acme' },
];

let kit: Awaited<ReturnType<typeof verifierKit>>;
let server: Awaited<ReturnType<typeof serve>>;
let sessions: Grants[];
let ids: number;

beforeEach(async () => {
  kit = await verifierKit(keys);
  sessions = [];
  ids = 0;
  const issuer = new JwtIssuer({
    keys: kit.store,
    now: kit.now,
    newTokenId: () => {
      ids += 1;
      return `id-${ids}`;
    },
  });
  const closeSessions = (matches: (grants: Grants) => boolean) => {
    const before = sessions.length;
    sessions = sessions.filter((grants) => !matches(grants));
    return before - sessions.length;
  };
  const service = tokenService({ issuer, revoker: kit.revocations, closeSessions });
  server = await serve((router) => router.service(TokenService, service), authenticate(kit.verifier));
});
afterEach(() => server.stop());

async function admin(claims: Claims = {}, kid = 'main'): Promise<string> {
  const key = kit.store.current.get(kid);
  if (key?.type !== 'secret') throw new Error('no key');
  const signing = { ...key, alg: 'HS256' } as const;
  const options = { now: noon - 1000, lifetimeMs: 3_600_000, tokenId: 'admin' };
  return (await signToken(signing, { admin: true, ...claims }, options)).token;
}

/** What the gateway reads from a token that CreateToken made. */
async function grantsFrom(body: Body): Promise<Grants> {
  const grants = await kit.verifier.verify(String(body.token));
  if ('reason' in grants) throw new Error(grants.detail);
  return grants;
}

describe('CreateToken', () => {
  it('signs with the key, and so for the tenant, of the caller', async () => {
    const { body } = await server.call(create, { identity: 'ada', room: 'demo' }, await admin({}, 'acme'));
    expect(body).toMatchObject({ tokenId: 'id-1', expiresAt: '2026-11-22T11:00:00Z' });
    expect(await grantsFrom(body)).toMatchObject({
      tenant: 'acme',
      keyId: 'acme',
      identity: 'ada',
      room: 'demo',
    });
  });

  it('puts everything into the token that the request says, and never adm', async () => {
    const { body } = await server.call(
      create,
      {
        identity: 'cam-1',
        name: 'Camera',
        role: 'lens',
        permissions: { hub: true, publish: ['TRACK_SOURCE_CAMERA'], sendTypes: ['state'] },
        attributes: { lot: '7' },
        kind: 'KIND_DEVICE',
        mayCreate: true,
        lifetime: '60s',
      },
      await admin(),
    );
    expect(await grantsFrom(body)).toMatchObject({
      identity: 'cam-1',
      name: 'Camera',
      role: 'lens',
      room: '',
      permissions: {
        hub: true,
        signal: false,
        listed: false,
        publish: [TrackSource.CAMERA],
        sendTypes: ['state'],
      },
      attributes: { lot: '7' },
      kind: Participant_Kind.DEVICE,
      mayCreate: true,
      admin: false,
      tokenId: 'id-1',
      expiresAt: noon + 60_000,
    });
  });

  it('without permissions gives those of a plain participant', async () => {
    const { body } = await server.call(create, {}, await admin());
    expect((await grantsFrom(body)).permissions).toMatchObject({
      signal: true,
      listed: true,
      updateSelf: true,
    });
  });

  it.each([
    [{ identity: 'x'.repeat(129) }, /^sub: an identity has at most 128 bytes/],
    [{ name: 'a\u202eb' }, /^name: /],
    [{ permissions: { publish: ['TRACK_SOURCE_UNSPECIFIED'] } }, /^perm\.publish: /],
    [{ lifetime: '0.5s' }, /^lifetime must be from 1 s to 7 days/],
    [{ lifetime: '-60s' }, /^lifetime must be/],
    [{ lifetime: '604801s' }, /^lifetime must be/],
  ])('refuses %j with INVALID_ARGUMENT', async (request, message) => {
    const { status, body } = await server.call(create, request, await admin());
    expect({ status, code: body.code }).toEqual({ status: 400, code: 'invalid_argument' });
    expect(body.message).toMatch(message);
  });

  it('gives at most seven days', async () => {
    const { body } = await server.call(create, { lifetime: '604800s' }, await admin());
    expect((await grantsFrom(body)).expiresAt).toBe(noon + 604_800_000);
  });

  it('cannot sign for a caller whose key it has only in public, and says why', async () => {
    const { publicKey, privateKey } = await generateKeyPair('ES256');
    await kit.store.replace([...keys, { kid: 'pub', alg: 'ES256', jwk: await exportJWK(publicKey) }]);
    const token = await new SignJWT({ adm: true })
      .setProtectedHeader({ alg: 'ES256', kid: 'pub', typ: 'signalbox+jwt' })
      .sign(privateKey);
    const { body } = await server.call(create, {}, token);
    expect(body.code).toBe('failed_precondition');
    expect(body.message).toMatch(/signed with "pub", whose private half the gateway does not have/);
  });

  it('gives a caller that is bound to rooms no token for others', async () => {
    const token = await admin({ room: 'class-*' });
    for (const room of ['class-7', 'class-*', 'class-7-*']) {
      expect((await server.call(create, { room }, token)).status).toBe(200);
    }
    for (const room of ['', '*', 'clas*', 'other']) {
      expect((await server.call(create, { room }, token)).body.code).toBe('permission_denied');
    }
    const one = await admin({ room: 'demo' });
    expect((await server.call(create, { room: 'demo' }, one)).status).toBe(200);
    expect((await server.call(create, { room: 'demo*' }, one)).status).toBe(403);
  });

  it('is for backends only', async () => {
    const { body } = await server.call(create, {}, await admin({ admin: false }));
    expect(body.code).toBe('permission_denied');
  });
});

describe('a key that is removed between the check and the signature', () => {
  it('signs nothing', async () => {
    const issuer = new JwtIssuer({ keys: kit.store, now: kit.now, newTokenId: () => 'x' });
    const grants = readClaims({ adm: true }, { kid: 'gone', tenant: '' });
    const token = { ...grants, permissions: undefined };
    expect(await issuer.issue(grants, token, 60_000)).toMatchObject({ refused: 'no-key' });
    const reborn = readClaims({ adm: true }, { kid: 'acme', tenant: '' });
    expect(await issuer.issue(reborn, token, 60_000)).toMatchObject({ refused: 'no-key' });
  });
});

describe('RevokeTokens', () => {
  it('makes tokens void and ends their sessions, in the tenant of the caller only', async () => {
    const key = { kid: 'main', tenant: '' };
    sessions = [
      readClaims({ sub: 'ada' }, key),
      readClaims({ sub: 'bo', jti: 't1' }, key),
      readClaims({ sub: 'cy', jti: 't2' }, key),
      readClaims({ sub: 'ada', jti: 't1' }, { kid: 'acme', tenant: 'acme' }),
    ];
    const { body } = await server.call(revoke, { tokenIds: ['t1'], identity: 'ada' }, await admin());
    expect(body).toEqual({ sessionsClosed: 2 });
    expect(sessions.map(({ identity, tenant }) => [identity, tenant])).toEqual([
      ['cy', ''],
      ['ada', 'acme'],
    ]);
    expect(kit.revocations.isRevoked(readClaims({ jti: 't1' }, key))).toBe(true);
    expect(kit.revocations.isRevoked(readClaims({ jti: 't1' }, { kid: 'acme', tenant: 'acme' }))).toBe(false);
  });

  it('of another tenant concerns that tenant', async () => {
    const acme = { kid: 'acme', tenant: 'acme' };
    sessions = [readClaims({ sub: 'ada' }, acme), readClaims({ sub: 'ada' }, { kid: 'main', tenant: '' })];
    const { body } = await server.call(revoke, { identity: 'ada' }, await admin({}, 'acme'));
    expect(body).toEqual({ sessionsClosed: 1 });
    expect(sessions.map(({ tenant }) => tenant)).toEqual(['']);
  });

  it('concerns tokens that CreateToken made before, and none that it makes after', async () => {
    const token = await admin();
    const before = (await server.call(create, { identity: 'ada' }, token)).body;
    await server.call(revoke, { identity: 'ada' }, token);
    kit.clock.time += 1;
    const after = (await server.call(create, { identity: 'ada' }, token)).body;
    await expect(grantsFrom(before)).rejects.toThrow('the token was revoked');
    expect((await grantsFrom(after)).identity).toBe('ada');
  });

  it.each([
    [{}, /token_ids or identity is required/],
    [{ tokenIds: [''] }, /a token id must not be empty/],
    [{ tokenIds: Array(1001).fill('x') }, /at most 1000/],
    [{ identity: 'a\nb' }, /control characters/],
  ])('refuses a request that says nothing sensible', async (request, message) => {
    const { body } = await server.call(revoke, request, await admin());
    expect(body.code).toBe('invalid_argument');
    expect(body.message).toMatch(message);
  });

  it('is not for a caller that is bound to a room', async () => {
    const { body } = await server.call(revoke, { identity: 'ada' }, await admin({ room: 'demo' }));
    expect(body.code).toBe('permission_denied');
  });
});
