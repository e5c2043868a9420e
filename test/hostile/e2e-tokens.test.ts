import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { decodeJwt } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Reason } from '../../gen/signalbox/v1/reason_pb.ts';
import { NextStep, Welcome_Outcome as Outcome, type Welcome } from '../../gen/signalbox/v1/session_pb.ts';
import type { Claims } from '../../src/auth/token-claims.ts';
import { createToken } from '../../src/server.ts';
import { secretOf } from '../helpers/auth-kit.ts';
import { type E2eGateway, signingKey, startE2eGateway } from '../helpers/e2e-gateway.ts';
import type { LaneClient, LaneOptions } from '../helpers/lane-client.ts';
import { type LaneKind, laneKinds, openLane } from '../helpers/lane-clients.ts';
import { resumeOf } from '../helpers/resume-point.ts';

// A whole gateway with real tokens, on every lane: what becomes of sessions whose token is made void or renewed.

interface Page {
  readonly kind: LaneKind;
  readonly client: LaneClient;
  readonly welcome: Welcome;
}

async function open(kind: LaneKind, options: LaneOptions): Promise<Page> {
  const client = await openLane(kind, options);
  return { kind, client, welcome: await client.until('welcome') };
}

/** How a lane ended, in its last frame and in its own protocol. */
async function endOf({ kind, client }: Pick<Page, 'kind' | 'client'>) {
  const { reason, nextStep } = await client.until('closed');
  const { code, closeCode } = await client.ended;
  return { kind, reason, nextStep, code, ...(closeCode === undefined ? {} : { closeCode }) };
}

const asEnd = (kind: LaneKind, reason: Reason, nextStep: NextStep) => ({
  kind,
  reason,
  nextStep,
  code: 'unauthenticated',
  ...(kind.startsWith('ws') ? { closeCode: 4016 } : {}),
});
const revokedOn = (kind: LaneKind) => asEnd(kind, Reason.TOKEN_REVOKED, NextStep.STOP);

async function revoke(
  gateway: E2eGateway,
  request: { tokenIds?: string[]; identity?: string },
): Promise<number> {
  const answer = await fetch(`${gateway.url}/signalbox.v1.TokenService/RevokeTokens`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      authorization: `Bearer ${await gateway.token({ admin: true })}`,
    },
    body: JSON.stringify(request),
  });
  expect(answer.status).toBe(200);
  const { sessionsClosed = 0 } = (await answer.json()) as { sessionsClosed?: number };
  return sessionsClosed;
}

describe('a token that is revoked', () => {
  let gateway: E2eGateway;
  beforeAll(async () => {
    gateway = await startE2eGateway();
  });
  afterAll(() => gateway.close());

  const openAll = (tokenOf: (kind: LaneKind) => Promise<string>) =>
    Promise.all(laneKinds.map(async (kind) => open(kind, { url: gateway.url, token: await tokenOf(kind) })));
  const close = async (pages: readonly Page[]) => {
    for (const { client } of pages) client.transport.drop();
    await Promise.all(pages.map(({ client }) => client.ended));
  };

  test('by its id ends its sessions at once, and opens, resumes and refreshes nothing any more, on every lane', async () => {
    const token = await gateway.token({ identity: 'ann', tokenId: 'stolen' });
    const others = await openAll(() => gateway.token({ identity: 'ann' }));
    const pages = await openAll(async () => token);
    const [away] = await openAll(async () => token);
    away?.client.transport.drop();
    await away?.client.ended;
    const began = performance.now();
    expect(await revoke(gateway, { tokenIds: ['stolen', 'never seen'] })).toBe(2 * laneKinds.length);
    expect(await Promise.all(pages.map(endOf))).toEqual(laneKinds.map(revokedOn));
    expect(performance.now() - began).toBeLessThan(1000);
    for (const { kind, client, welcome } of pages) {
      const options = { url: gateway.url, token };
      expect(await endOf({ kind, client: await openLane(kind, options) })).toEqual(revokedOn(kind));
      const hello = { resume: resumeOf(client, welcome) };
      expect(await endOf({ kind, client: await openLane(kind, { ...options, hello }) })).toEqual(
        revokedOn(kind),
      );
    }
    for (const { client } of others) {
      const seq = client.send({ case: 'refreshToken', value: { token } });
      expect(await client.until('error')).toMatchObject({ seq, reason: Reason.TOKEN_REVOKED });
      expect(client.end).toBeUndefined();
    }
    await close(others);
  });

  test('with all others of its identity: those issued before are void, those issued after are not', async () => {
    const tokens = await Promise.all(laneKinds.map(() => gateway.token({ identity: 'cy' })));
    const pages = await openAll(async (kind) => tokens[laneKinds.indexOf(kind)] ?? '');
    const unopened = await gateway.token({ identity: 'cy' });
    const neighbour = await open('grpc', {
      url: gateway.url,
      token: await gateway.token({ identity: 'dan' }),
    });
    expect(await revoke(gateway, { identity: 'cy' })).toBe(laneKinds.length);
    expect(await Promise.all(pages.map(endOf))).toEqual(laneKinds.map(revokedOn));
    const client = await openLane('grpc', { url: gateway.url, token: unopened });
    expect(await endOf({ kind: 'grpc', client })).toEqual(revokedOn('grpc'));
    await delay(2);
    const newer = await openAll(() => gateway.token({ identity: 'cy' }));
    expect(newer.map(({ welcome }) => welcome.outcome)).toEqual(laneKinds.map(() => Outcome.NEW));
    expect(neighbour.client.end).toBeUndefined();
    await close([...newer, neighbour]);
  });
});

describe('a key', () => {
  const keyOf = (kid: string, seed: string) => ({ kid, alg: 'HS256', secret: secretOf(seed) }) as const;
  const invalidOn = (kind: LaneKind) => asEnd(kind, Reason.TOKEN_INVALID, NextStep.REAUTHENTICATE);
  let folder: string;
  let keyFile: string;
  let gateway: E2eGateway;
  const write = (...keys: object[]) => writeFile(keyFile, JSON.stringify({ keys }));
  const tokenOf = (key: ReturnType<typeof keyOf>, claims: Claims) => createToken(key, claims);

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'signalbox-keys-'));
    keyFile = join(folder, 'keys.json');
    await write(keyOf('old', 'o'), keyOf('new', 'n'));
    gateway = await startE2eGateway({ keyFile });
  });
  afterAll(async () => {
    await gateway.close();
    await rm(folder, { recursive: true });
  });

  test('that leaves the file ends the lanes of its tokens; with a token of another one nothing is lost, on every lane', async () => {
    const peer = await open('grpc', {
      url: gateway.url,
      token: await tokenOf(keyOf('new', 'n'), { identity: 'peer' }),
    });
    await peer.client.join('r');
    const pages: (Page & { readonly id: string })[] = [];
    for (const kind of laneKinds) {
      const token = await tokenOf(keyOf('old', 'o'), { identity: kind });
      const page = await open(kind, { url: gateway.url, token });
      const { participant } = await page.client.join('r');
      pages.push({ ...page, id: participant?.id ?? '' });
    }
    await write(keyOf('new', 'n'));
    expect(await Promise.all(pages.map(endOf))).toEqual(laneKinds.map(invalidOn));
    for (const { id } of pages) peer.client.send({ case: 'signal', value: { to: id } });
    await peer.client.untilAcked();
    for (const { kind, client, welcome } of pages) {
      const hello = { resume: resumeOf(client, welcome) };
      const refused = await openLane(kind, { url: gateway.url, token: '', hello });
      expect(await endOf({ kind, client: refused })).toEqual(invalidOn(kind));
      const token = await tokenOf(keyOf('new', 'n'), { identity: kind });
      const again = await open(kind, { url: gateway.url, token, hello, firstSeq: 2 });
      expect(again.welcome).toMatchObject({ outcome: Outcome.RESUMED, sessionId: welcome.sessionId });
      await again.client.until('signal');
      again.client.transport.drop();
    }
    expect(peer.client.end).toBeUndefined();
    peer.client.transport.drop();
  });

  test('that is another one under the same name counts as gone; a file that is only written again as there', async () => {
    const token = await tokenOf(keyOf('new', 'n'), { identity: 'ann' });
    const page = await open('ws-proto', { url: gateway.url, token });
    await write(keyOf('more', 'm'), keyOf('new', 'n'));
    const more = await tokenOf(keyOf('more', 'm'), { identity: 'bob' });
    // A token of the added key is good: the file was read.
    for (let tries = 0; tries < 50; tries += 1) {
      const client = await openLane('connect', { url: gateway.url, token: more });
      const came = await Promise.race([client.until('welcome'), client.ended]);
      client.transport.drop();
      if ('sessionId' in came) break;
      await delay(100);
    }
    expect(page.client.end).toBeUndefined();
    await write(keyOf('new', 'another'));
    expect(await endOf(page)).toEqual(invalidOn('ws-proto'));
  });
});

describe('a token that may be renewed', () => {
  test('is renewed by the gateway inside the session, and the renewed one falls with the first', async () => {
    const gateway = await startE2eGateway();
    const claims = { identity: 'ann', tokenId: 'one', room: 'r', renewUntil: Date.now() + 60_000 };
    // Ends lie on whole seconds, so a renewed token may live a second less: its end must be past the look at its session.
    const token = await createToken(signingKey, claims, { expiresIn: '5s' });
    const { client } = await open('ws-json', { url: gateway.url, token });
    const { token: renewed } = await client.until('tokenExpiring');
    const [before, after] = [decodeJwt(token), decodeJwt(renewed)];
    expect(after).toMatchObject({ sub: 'ann', jti: 'one', room: 'r', renew: before['renew'] });
    expect(after.exp).toBeGreaterThan(before.exp ?? 0);
    client.send({ case: 'refreshToken', value: { token: renewed } });
    await client.untilAcked();
    await delay((before.exp ?? 0) * 1000 - Date.now() + 1200);
    expect([client.end, client.frames.filter(({ body }) => body.case === 'error')]).toEqual([undefined, []]);
    expect(await revoke(gateway, { tokenIds: ['one'] })).toBe(1);
    expect(await endOf({ kind: 'ws-json', client })).toEqual(revokedOn('ws-json'));
    const again = await openLane('ws-json', { url: gateway.url, token: renewed });
    expect(await endOf({ kind: 'ws-json', client: again })).toEqual(revokedOn('ws-json'));
    await gateway.close();
  });
});
