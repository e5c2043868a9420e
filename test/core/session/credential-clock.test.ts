import { timestampMs } from '@bufbuild/protobuf/wkt';
import { afterEach, describe, expect, it } from 'vitest';
import { Reason } from '../../../gen/signalbox/v1/reason_pb.ts';
import {
  ClientState_Activity as Activity,
  Welcome_Outcome as Outcome,
} from '../../../gen/signalbox/v1/session_pb.ts';
import type { IssuedToken, IssueRefusal, TokenIssuer } from '../../../src/core/token-issuer.ts';
import { ConfiguredIceServers } from '../../../src/ice/configured-ice-servers.ts';
import type { IceServerConfig, SecretServers } from '../../../src/ice/ice-config.ts';
import { type TestGrants, testIssuer, testToken } from '../../helpers/node-kit.ts';
import { resumeOf } from '../../helpers/resume-point.ts';
import {
  startTestNode,
  type TestClient,
  type TestNode,
  type TestNodeOptions,
} from '../../helpers/test-node.ts';
import { VirtualClock } from '../../helpers/virtual-clock.ts';

let kit: TestNode;
afterEach(() => kit.stop());

const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;

/** A token that begins and ends so many milliseconds from now. */
const token = (from: number, to: number, more: TestGrants = {}): TestGrants => {
  const now = kit.clock.now();
  return { identity: 'ann', issuedAt: now + from, expiresAt: now + to, ...more };
};

type Kind = 'tokenExpiring' | 'iceServersUpdate';

/** Lets time pass. Returns the seconds, from now, in which a frame of this kind came. */
async function secondsOf(client: TestClient, kind: Kind, until: number): Promise<number[]> {
  const seconds: number[] = [];
  for (let at = 0; at < until / second; at += 1) {
    const before = client.all(kind).length;
    await kit.pass(second);
    if (client.all(kind).length > before) seconds.push(at + 1);
  }
  return seconds;
}

/** The same session on another connection; without `grants` without a token. */
function resume(client: TestClient, attempt: number, grants?: TestGrants): Promise<TestClient> {
  const [welcome] = client.all('welcome');
  if (welcome === undefined) throw new Error('there was no Welcome');
  const hello = { resume: { ...resumeOf(client, welcome), attempt } };
  return kit.client(grants, { hello, ...(grants === undefined ? { token: '' } : {}) });
}

const kindsOf = (client: TestClient) => client.frames.flatMap(({ body }) => body.case ?? []);

describe('the end of a token', () => {
  it('is told at half its life, when half of the rest has gone, and so on, in steps of at least 30 s', async () => {
    kit = await startTestNode();
    const ann = await kit.client(token(0, hour));
    const seconds = await secondsOf(ann, 'tokenExpiring', hour);
    expect(seconds).toEqual([1800, 2700, 3150, 3375, 3488, 3544, 3574]);
    const told = ann.all('tokenExpiring').map(({ expiresAt }) => expiresAt && timestampMs(expiresAt));
    expect(new Set(told)).toEqual(new Set([kit.clock.now()]));
    expect(ann.all('tokenExpiring').every(({ token: renewed }) => renewed === '')).toBe(true);
    expect(ann.all('closed')).toMatchObject([{ reason: Reason.TOKEN_EXPIRED }]);
  });

  it('of a token that lives for seconds is told in shorter steps', async () => {
    kit = await startTestNode();
    const ann = await kit.client(token(0, 20 * second));
    expect(await secondsOf(ann, 'tokenExpiring', 20 * second)).toEqual([10, 15, 18]);
  });

  it('is told at once to a client that comes with an old token, behind its Welcome', async () => {
    kit = await startTestNode();
    const ann = await kit.client(token(-40 * minute, 20 * minute));
    expect(kindsOf(ann)).toEqual(['welcome', 'tokenExpiring']);
    expect(await secondsOf(ann, 'tokenExpiring', 20 * minute)).toEqual([600, 900, 1050, 1125, 1163, 1193]);
  });

  it('counts from the session’s beginning for a token without iat, or with one in the future', async () => {
    kit = await startTestNode();
    const ann = await kit.client(token(0, 100 * second, { issuedAt: 0 }));
    const bob = await kit.client(token(5 * second, 100 * second));
    await kit.pass(49 * second);
    expect([ann.all('tokenExpiring'), bob.all('tokenExpiring')]).toEqual([[], []]);
    await kit.pass(second);
    expect([ann.all('tokenExpiring').length, bob.all('tokenExpiring').length]).toEqual([1, 1]);
  });

  it('is told in its time where it lies further off than a timer reaches, and never where there is none', async () => {
    kit = await startTestNode();
    const year = 365 * 24 * hour;
    const ann = await kit.client(token(0, year));
    const bob = await kit.client({ identity: 'bob' });
    await kit.pass(minute);
    expect([ann.all('tokenExpiring'), ann.end]).toEqual([[], undefined]);
    // Timers beyond 2^31 ms run at once.
    kit.clock.moveTo(kit.clock.now() + year / 2);
    await kit.pass(0);
    expect([ann.all('tokenExpiring').length, bob.all('tokenExpiring').length]).toEqual([1, 0]);
    kit.clock.moveTo(kit.clock.now() + year);
    await kit.pass(0);
    expect(ann.all('closed')).toMatchObject([{ reason: Reason.TOKEN_EXPIRED }]);
    expect(bob.all('closed')).toEqual([]);
  });

  it('is told anew to a session that comes back: a frame that stands in no log may be lost with its connection', async () => {
    kit = await startTestNode();
    const ann = await kit.client(token(0, hour));
    await kit.pass(30 * minute);
    expect(ann.all('tokenExpiring')).toHaveLength(1);
    ann.drop();
    await kit.pass(second);
    const again = await resume(ann, 2);
    expect(kindsOf(again).slice(0, 2)).toEqual(['welcome', 'tokenExpiring']);
  });

  it('is not told again to a client that brings the token that it has', async () => {
    kit = await startTestNode();
    const grants = token(0, hour);
    const ann = await kit.client(grants);
    await kit.pass(30 * minute);
    for (let i = 0; i < 5; i += 1) {
      ann.send({ case: 'refreshToken', value: { token: testToken(grants) } });
      await kit.pass(10 * second);
    }
    expect(ann.all('error')).toEqual([]);
    expect(ann.all('tokenExpiring')).toHaveLength(1);
  });

  it('begins anew with a newer token', async () => {
    kit = await startTestNode();
    const ann = await kit.client(token(0, hour));
    await kit.pass(30 * minute);
    ann.send({ case: 'refreshToken', value: { token: testToken(token(0, hour)) } });
    expect(await secondsOf(ann, 'tokenExpiring', 50 * minute)).toEqual([1800, 2700]);
    expect(ann.end).toBeUndefined();
  });
});

describe('a token that the gateway renews', () => {
  /** Signs what the tests' verifier takes; `answer` stands in for the signature. */
  function renewing(answer?: (token: string) => Promise<IssuedToken | IssueRefusal>): TokenIssuer {
    return {
      ...testIssuer,
      async renew(grants, lifetimeMs) {
        const now = kit.clock.now();
        const expiresAt = now + lifetimeMs;
        const renewed = testToken({ ...grants, issuedAt: now, expiresAt });
        return answer === undefined
          ? { token: renewed, tokenId: grants.tokenId, expiresAt }
          : answer(renewed);
      },
    };
  }
  const start = async (grants: TestGrants, options: TestNodeOptions = {}) => {
    kit = await startTestNode({ issuer: renewing(), ...options });
    return kit.client(token(0, hour, { renewUntil: kit.clock.now() + 24 * hour, ...grants }));
  };
  const offered = (client: TestClient) => client.all('tokenExpiring').map((frame) => frame.token !== '');

  it('comes with the news, lives as long as the one before, and is taken like any other', async () => {
    const ann = await start({ tokenId: 'one' });
    await kit.pass(30 * minute);
    const [{ token: renewed } = { token: '' }] = ann.all('tokenExpiring');
    ann.send({ case: 'refreshToken', value: { token: renewed } });
    await kit.pass(30 * minute);
    expect([ann.end, ann.all('error'), offered(ann)]).toEqual([undefined, [], [true, true]]);
    const grants = JSON.parse(Buffer.from(renewed, 'base64url').toString());
    expect(grants).toMatchObject({ identity: 'ann', tokenId: 'one' });
    expect(grants.expiresAt - grants.issuedAt).toBe(hour);
  });

  it('is none for a token that does not say so', async () => {
    const ann = await start({ renewUntil: 0 });
    await kit.pass(30 * minute);
    expect(offered(ann)).toEqual([false]);
  });

  it('never lives longer than its claim says, and than the operator wants', async () => {
    for (const [renewUntil, renewalMs] of [
      [90 * minute, 24 * hour],
      [24 * hour, 90 * minute],
    ] as const) {
      const ann = await start(
        { renewUntil: new VirtualClock().now() + renewUntil },
        { limits: { renewalMs } },
      );
      const end = kit.clock.now() + 90 * minute;
      for (let i = 0; i < 100 && ann.end === undefined; i += 1) {
        await kit.pass(minute);
        const [newest] = ann.all('tokenExpiring').slice(-1);
        if (newest === undefined || newest.token === '') continue;
        ann.send({ case: 'refreshToken', value: { token: newest.token } });
        await kit.settle();
        expect(ann.all('error')).toEqual([]);
      }
      expect(kit.clock.now() - end).toBeLessThanOrEqual(minute);
      expect(kit.clock.now()).toBeGreaterThanOrEqual(end);
      expect(ann.all('closed')).toMatchObject([{ reason: Reason.TOKEN_EXPIRED }]);
      expect(offered(ann).slice(0, 1)).toEqual([true]);
      expect(offered(ann).slice(-1)).toEqual([false]);
      await kit.stop();
    }
    kit = await startTestNode();
  });

  it('is none where the gateway has no key to sign with; the client is told all the same', async () => {
    const refused = async () => ({ refused: 'no-key', detail: 'public' }) as const;
    const ann = await start({}, { issuer: renewing(refused) });
    await kit.pass(30 * minute);
    expect(offered(ann)).toEqual([false]);
  });

  it('that fails costs nobody the news, and the operator hears of it', async () => {
    const ann = await start({}, { issuer: renewing(() => Promise.reject(new Error('broken'))) });
    await kit.pass(30 * minute);
    expect(offered(ann)).toEqual([false]);
    expect(kit.errors.splice(0)).toMatchObject([{ message: 'a token could not be renewed' }]);
  });

  it('is not handed to a client that brought another one, or went, while it was signed', async () => {
    const answers: (() => void)[] = [];
    const late = (renewed: string) =>
      new Promise<IssuedToken>((resolve) => {
        answers.push(() => resolve({ token: renewed, tokenId: '', expiresAt: 0 }));
      });
    const ann = await start({}, { issuer: renewing(late) });
    const bob = await kit.client(
      token(0, hour, { identity: 'bob', renewUntil: kit.clock.now() + 24 * hour }),
    );
    await kit.pass(30 * minute);
    ann.send({ case: 'refreshToken', value: { token: testToken(token(0, hour)) } });
    await kit.settle();
    kit.node.closeSessions(({ identity }) => identity === 'bob', Reason.TOKEN_REVOKED, 'revoked');
    for (const answer of answers) answer();
    await kit.settle();
    expect(answers).toHaveLength(2);
    expect([ann.all('tokenExpiring'), bob.all('tokenExpiring')]).toEqual([[], []]);
  });
});

describe('TURN credentials', () => {
  const turn = (more: Partial<SecretServers> = {}): SecretServers => ({
    auth: 'secret',
    urls: ['turn:turn.example.org'],
    secrets: [{ secret: 'north' }],
    ttlMs: 10 * minute,
    ...more,
  });

  const start = async (more: Partial<SecretServers> = {}, clock = new VirtualClock()) => {
    kit = await startTestNode({
      clock,
      iceServers: new ConfiguredIceServers([turn(more)], () => clock.now()),
    });
  };
  const endOf = (name: string | undefined) => Number(name?.split(':')[0]) * second;
  const updates = (client: TestClient) =>
    client.all('iceServersUpdate').map(({ iceServers, expireAt, restartIce }) => ({
      end: endOf(iceServers[0]?.username),
      expireAt: expireAt && timestampMs(expireAt),
      restartIce,
    }));

  it('are renewed at half their life, and relayed connections are told to restart ICE', async () => {
    await start();
    const began = kit.clock.now();
    const ann = await kit.client({ identity: 'ann' });
    expect(await secondsOf(ann, 'iceServersUpdate', 15 * minute)).toEqual([300, 600, 900]);
    const [first, next] = updates(ann);
    expect(first).toEqual({
      end: began + 15 * minute,
      expireAt: began + 15 * minute,
      restartIce: true,
    });
    expect(next?.end).toBe(began + 20 * minute);
    const [name] = ann.all('iceServersUpdate').map(({ iceServers }) => iceServers[0]?.username);
    expect(name).toMatch(new RegExp(`:${ann.all('welcome')[0]?.sessionId}$`));
  });

  it('are renewed without a restart where the servers keep the connections that they have', async () => {
    await start({ keepsRelays: true });
    const ann = await kit.client({ identity: 'ann' });
    await kit.pass(5 * minute);
    expect(updates(ann)).toMatchObject([{ restartIce: false }]);
    ann.drop();
    // What it has now is new: no relay depends on what it had before.
    const again = await resume(ann, 2);
    expect(await secondsOf(again, 'iceServersUpdate', 6 * minute)).toEqual([300]);
    await kit.pass(2 * minute);
    again.drop();
    const back = await resume(ann, 3);
    expect(await secondsOf(back, 'iceServersUpdate', 6 * minute)).toEqual([300]);
  });

  it('that end with the token are renewed with it, and not before: they would last no longer', async () => {
    await start({ ttlMs: 24 * hour });
    const began = kit.clock.now();
    const ann = await kit.client(token(0, hour));
    expect(await secondsOf(ann, 'iceServersUpdate', 30 * minute)).toEqual([]);
    ann.send({ case: 'refreshToken', value: { token: testToken(token(0, hour)) } });
    await kit.settle();
    expect(updates(ann)).toEqual([
      { end: began + 90 * minute, expireAt: began + 90 * minute, restartIce: true },
    ]);
    // A token that makes little difference changes nothing now.
    await kit.pass(minute);
    ann.send({ case: 'refreshToken', value: { token: testToken(token(0, hour)) } });
    await kit.settle();
    expect(updates(ann)).toHaveLength(1);
  });

  it('never end between a token that is about to and the next one', async () => {
    await start({ ttlMs: 24 * hour });
    const ann = await kit.client(token(0, hour));
    const ends = () => [
      ...ann.all('welcome').map(({ iceServers }) => endOf(iceServers[0]?.username)),
      ...updates(ann).map(({ end }) => end),
    ];
    for (let at = 0; at < 120; at += 1) {
      await kit.pass(minute);
      // The client renews its token as late as it can, by little, again and again.
      if (at % 10 === 9) {
        const value = { token: testToken(token(0, 11 * minute)) };
        if (at >= 49) ann.send({ case: 'refreshToken', value });
      }
      await kit.settle();
      expect(ann.end).toBeUndefined();
      expect(Math.max(...ends())).toBeGreaterThan(kit.clock.now());
    }
  });

  it('are none of a gateway without TURN', async () => {
    kit = await startTestNode();
    const ann = await kit.client(token(0, hour));
    ann.send({ case: 'refreshToken', value: { token: testToken(token(0, 2 * hour)) } });
    await kit.pass(hour);
    expect(ann.all('iceServersUpdate')).toEqual([]);
  });

  it('that a resumed session had are not forgotten: relays that live on them restart in their time', async () => {
    await start();
    const ann = await kit.client({ identity: 'ann' });
    await kit.pass(4 * minute);
    ann.drop();
    const again = await resume(ann, 2);
    expect(again.all('welcome')).toMatchObject([{ outcome: Outcome.RESUMED }]);
    expect(endOf(again.all('welcome')[0]?.iceServers[0]?.username)).toBe(kit.clock.now() + 10 * minute);
    expect(updates(again)).toEqual([]);
    expect(await secondsOf(again, 'iceServersUpdate', 7 * minute)).toEqual([60, 360]);
    expect(updates(again)).toMatchObject([{ restartIce: true }, { restartIce: true }]);
  });

  it('are renewed at once for a session that comes back late in their life', async () => {
    await start();
    const state = { activity: Activity.SUSPENDED, hold: { seconds: 900n, nanos: 0 } };
    const ann = await kit.client({ identity: 'ann' }, { hello: { state } });
    ann.drop();
    await kit.pass(8 * minute);
    const again = await resume(ann, 2);
    expect(kindsOf(again).slice(0, 2)).toEqual(['welcome', 'iceServersUpdate']);
    expect(updates(again)).toMatchObject([{ restartIce: true }]);
  });

  it('that end with the token are renewed for a session that comes back with a newer one', async () => {
    await start({ ttlMs: 24 * hour });
    const ann = await kit.client(token(0, hour));
    await kit.pass(40 * minute);
    ann.drop();
    const again = await resume(ann, 2, token(0, hour));
    expect(kindsOf(again).slice(0, 2)).toEqual(['welcome', 'iceServersUpdate']);
    expect(updates(again)).toMatchObject([{ restartIce: true }]);
  });

  it('are handed over when the session is back, where the newer token came while it had no connection', async () => {
    await start({ ttlMs: 24 * hour });
    const ann = await kit.client(token(0, hour));
    const [{ sendKey } = { sendKey: '' }] = ann.all('welcome');
    await kit.pass(40 * minute);
    ann.drop();
    const value = { token: testToken(token(0, hour)) };
    const sent = await kit.sendFrames(sendKey, [{ seq: 1, body: { case: 'refreshToken', value } }]);
    expect(sent).toMatchObject({ kind: 'done', ack: 1 });
    const again = await resume(ann, 2);
    expect(kindsOf(again).slice(0, 2)).toEqual(['welcome', 'iceServersUpdate']);
  });

  it('are replaced for a session that comes back to other servers, or to none; relays of the old ones move', async () => {
    const clock = new VirtualClock();
    const secret = turn();
    const none: IceServerConfig = { auth: 'none', urls: ['stun:stun.example.org'] };
    let configured = new ConfiguredIceServers([secret], () => clock.now());
    kit = await startTestNode({ clock, iceServers: { for: (session) => configured.for(session) } });
    const ann = await kit.client({ identity: 'ann' });
    ann.drop();
    configured = new ConfiguredIceServers([none], () => clock.now());
    const again = await resume(ann, 2);
    expect(kindsOf(again).slice(0, 2)).toEqual(['welcome', 'iceServersUpdate']);
    expect(again.all('iceServersUpdate')).toMatchObject([
      { iceServers: [{ urls: none.urls, credential: '' }], restartIce: true },
    ]);
    expect(again.all('iceServersUpdate')[0]?.expireAt).toBeUndefined();
    again.drop();
    configured = new ConfiguredIceServers([secret], () => clock.now());
    const back = await resume(ann, 3);
    expect(kindsOf(back)).not.toContain('iceServersUpdate');
    await kit.pass(5 * minute);
    expect(updates(back)).toMatchObject([{ restartIce: true }]);
  });

  it('are renewed at half their life wherever in a second that lies', async () => {
    await start({ ttlMs: 121 * second }, new VirtualClock(Date.UTC(2026, 5, 1) + 500));
    await kit.pass(500);
    const ann = await kit.client({ identity: 'ann' });
    await kit.pass(60_500);
    expect(updates(ann)).toHaveLength(1);
  });

  it('of thousands that came at once are renewed some hundreds a second, and all of them', async () => {
    await start();
    const clients: TestClient[] = [];
    for (let i = 0; i < 1200; i += 1) clients.push(await kit.client({ identity: `p${i}` }));
    await kit.pass(5 * minute - second);
    const renewed = () => clients.filter((client) => client.all('iceServersUpdate').length > 0).length;
    const counts = [renewed()];
    for (let i = 0; i < 3; i += 1) {
      await kit.pass(second);
      counts.push(renewed());
    }
    expect(counts).toEqual([0, 500, 1000, 1200]);
  });
});
