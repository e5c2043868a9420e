import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { IceService } from '../../gen/signalbox/v1/ice_pb.ts';
import { signToken } from '../../src/auth/token-signer.ts';
import { ConfiguredIceServers } from '../../src/ice/configured-ice-servers.ts';
import { authenticate } from '../../src/services/authenticate.ts';
import { iceService } from '../../src/services/ice-service.ts';
import { noon, secretOf, verifierKit } from '../helpers/auth-kit.ts';
import { serve } from './service-kit.ts';

const list = 'signalbox.v1.IceService/ListIceServers';

let server: Awaited<ReturnType<typeof serve>> | undefined;
let token: string;

afterEach(() => server?.stop());
beforeEach(async () => {
  token = '';
});

async function start(turn: boolean): Promise<NonNullable<typeof server>> {
  const kit = await verifierKit([{ kid: 'main', alg: 'HS256', secret: secretOf('a') }]);
  const ice = new ConfiguredIceServers(
    [
      { auth: 'none', urls: ['stun:us.example'], region: 'us' },
      { auth: 'none', urls: ['stun:eu.example'], region: 'eu' },
      ...(turn ? [{ auth: 'secret', urls: ['turn:t.example'], secrets: [{ secret: 's' }] } as const] : []),
    ],
    kit.now,
  );
  const signing = kit.store.current.signing;
  if (signing === undefined) throw new Error('no key');
  const options = { now: noon, lifetimeMs: 600_000, tokenId: 't1' };
  token = (await signToken({ ...signing, alg: 'HS256' }, { identity: 'ada' }, options)).token;
  server = await serve((router) => router.service(IceService, iceService(ice)), authenticate(kit.verifier));
  return server;
}

describe('ListIceServers', () => {
  it('gives the caller of any token the servers, with credentials that end with the token', async () => {
    const { call } = await start(true);
    const { body } = await call(list, {}, token);
    expect(body).toMatchObject({ expireAt: '2026-11-22T10:10:00Z' });
    expect(body.iceServers).toMatchObject([
      { urls: ['stun:us.example'] },
      { urls: ['stun:eu.example'] },
      { urls: ['turn:t.example'], username: `${noon / 1000 + 600}:t1` },
    ]);
  });

  it('names no end where nothing ends', async () => {
    const { call } = await start(false);
    expect((await call(list, {}, token)).body.expireAt).toBeUndefined();
  });

  it('puts the servers of the preferred region first', async () => {
    const { call } = await start(false);
    const { body } = await call(list, { region: 'eu' }, token);
    expect(body.iceServers).toMatchObject([{ region: 'eu' }, { region: 'us' }]);
  });

  it('is not for callers without a token', async () => {
    const { call } = await start(false);
    expect((await call(list, {})).status).toBe(401);
  });
});
