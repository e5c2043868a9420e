import { durationFromMs, timestampFromMs } from '@bufbuild/protobuf/wkt';
import { describe, expect, it } from 'vitest';
import { Reason } from '../../gen/signalbox/v1/reason_pb.ts';
import { NextStep, Welcome_Outcome } from '../../gen/signalbox/v1/session_pb.ts';
import { PING_INTERVAL_MS, PONG_TIMEOUT_MS } from '../../src/client/connection.ts';
import type { SessionState, TransportName } from '../../src/client/index.ts';
import type { Link, LinkEvents, Transport } from '../../src/client/transport/port.ts';
import { webSocketTransport } from '../../src/client/transport/websocket.ts';
import { defaultLimits } from '../../src/core/limits.ts';
import { FakeGateway } from './fake-gateway.ts';
import { FakePage, FakeStorage } from './fake-page.ts';
import { openSession, TestWorld } from './session-kit.ts';

describe('choosing a way to the gateway', () => {
  it('tries the other transport when no Welcome comes in three seconds, and remembers what worked', async () => {
    const gateway = await FakeGateway.overWebSocket();
    const tried: TransportName[] = [];
    const storage = new FakeStorage();
    const environment = {
      transports: ['connect-web', 'websocket'] as const,
      storage,
      transport: async (name: TransportName) => {
        tried.push(name);
        return name === 'websocket' ? webSocketTransport : mute;
      },
      now: () => 1_000,
    };
    const session = openSession(gateway, { transport: 'auto', world: new TestWorld(environment, 8) });
    await (await gateway.next()).welcome();
    await session.opened;
    expect(session.state).toEqual({ status: 'connected', transport: 'websocket' });
    expect(tried).toEqual(['connect-web', 'websocket']);
    expect(storage.items.get(`signalbox.transport.${gateway.url}`)).toBe(`websocket ${86_400_000 + 1_000}`);

    const later = openSession(gateway, { transport: 'auto', world: new TestWorld(environment) });
    await (await gateway.next()).welcome();
    await later.opened;
    expect(tried).toEqual(['connect-web', 'websocket', 'websocket']);
  });

  it('forgets what worked after a day', async () => {
    const gateway = await FakeGateway.overWebSocket();
    const tried: TransportName[] = [];
    const storage = new FakeStorage();
    storage.setItem(`signalbox.transport.${gateway.url}`, 'websocket 999');
    const world = new TestWorld({
      transports: ['connect-web', 'websocket'],
      storage,
      now: () => 1_000,
      transport: async (name) => {
        tried.push(name);
        return webSocketTransport;
      },
    });
    const session = openSession(gateway, { transport: 'auto', world });
    await (await gateway.next()).welcome();
    await session.opened;
    expect(tried).toEqual(['connect-web']);
  });

  it('tries several addresses in turn', async () => {
    const gateway = await FakeGateway.overWebSocket();
    const session = openSession(['http://127.0.0.1:9', gateway.url]);
    await (await gateway.next()).welcome();
    await session.opened;
    expect(session.state.status).toBe('connected');
  });

  it('waits longer and longer, with jitter, while none answers', async () => {
    const pauses: number[] = [];
    const abort = new AbortController();
    const fast = new TestWorld({}, 1_000);
    const after = (ms: number, action: () => void) => {
      pauses.push(ms);
      if (ms === 2_000) queueMicrotask(() => abort.abort());
      return fast.environment.after(ms, action);
    };
    const session = openSession(['http://127.0.0.1:9'], {
      world: new TestWorld({ ...fast.environment, after, random: () => 0.5 }),
      connectTimeoutMs: 10_000_000,
      signal: abort.signal,
    });
    await expect(session.opened).rejects.toMatchObject({ reason: 'cancelled' });
    expect(pauses.filter((ms) => [250, 500, 1_000, 2_000].includes(ms)).slice(0, 4)).toEqual([
      250, 500, 1_000, 2_000,
    ]);
    expect(fast.timers).toBe(0);
  });

  it('refuses an address that is none', () => {
    expect(() => openSession(['not a url'])).toThrow(TypeError);
    expect(() => openSession(['ftp://host'])).toThrow(TypeError);
    expect(() => openSession([])).toThrow(TypeError);
  });
});

describe('giving up', () => {
  it('happens when nothing was reached in the time that the application gives', async () => {
    const session = openSession(['http://127.0.0.1:9'], { connectTimeoutMs: 50 });
    await expect(session.opened).rejects.toMatchObject({ reason: 'unreachable', next: 'reconnect' });
    expect(session.state).toMatchObject({ status: 'closed' });
  });

  it('happens at once when the signal says so', async () => {
    const gateway = await FakeGateway.overWebSocket();
    const abort = new AbortController();
    const session = openSession(gateway, { signal: abort.signal });
    const connection = await gateway.next();
    abort.abort();
    await expect(session.opened).rejects.toMatchObject({ reason: 'cancelled', next: 'stop' });
    await connection.untilClosed();
  });

  it('happens at once when the application has no token', async () => {
    const gateway = await FakeGateway.overWebSocket();
    const token = () => Promise.reject(new Error('not logged in'));
    const session = openSession(gateway, { token });
    await expect(session.opened).rejects.toMatchObject({
      reason: 'token_invalid',
      detail: expect.stringContaining('not logged in'),
    });
    expect(gateway.connections).toHaveLength(0);
  });

  it('does not happen when a connected application has no token for a while', async () => {
    const gateway = await FakeGateway.overWebSocket();
    const answers = [async () => 'first', () => Promise.reject(new Error('offline')), async () => 'third'];
    let calls = 0;
    const token = () => (answers[calls++] ?? (async () => 'more'))();
    const session = openSession(gateway, { token, world: new TestWorld({}, 20) });
    const connection = await gateway.next();
    await connection.welcome({ tokenExpiresAt: timestampFromMs(1_000), serverTime: timestampFromMs(0) });
    await session.opened;
    expect((await connection.next('refreshToken')).value.token).toBe('third');
    expect(calls).toBe(3);
  });
});

describe('a token', () => {
  it('is renewed before it ends, by the gateway’s clock', async () => {
    const gateway = await FakeGateway.overWebSocket();
    let calls = 0;
    const token = async () => `token-${++calls}`;
    const session = openSession(gateway, { token });
    const connection = await gateway.next();
    await connection.welcome({
      tokenExpiresAt: timestampFromMs(100_400),
      serverTime: timestampFromMs(100_000),
    });
    await session.opened;
    const { frame, value } = await connection.next('refreshToken');
    expect(value.token).toBe('token-2');
    connection.send({ ack: frame.seq });
  });

  it('is taken from the gateway where it gives one', async () => {
    const gateway = await FakeGateway.overWebSocket();
    const session = openSession(gateway);
    const connection = await gateway.next();
    await connection.welcome();
    await session.opened;
    connection.send({ body: { case: 'tokenExpiring', value: { token: 'given' } } });
    const { frame, value } = await connection.next('refreshToken');
    expect(value.token).toBe('given');
    connection.send({ ack: frame.seq });
    connection.drop();
    expect((await (await gateway.next()).next('hello')).value.token).toBe('given');
  });
});

describe('an application without a token to give', () => {
  it('is asked again with backoff, and its session told of each failure', async () => {
    const gateway = await FakeGateway.overWebSocket();
    const pauses: number[] = [];
    const fast = new TestWorld({}, 100);
    const after = (ms: number, action: () => void) => {
      pauses.push(ms);
      return fast.environment.after(ms, action);
    };
    let calls = 0;
    const token = async () => {
      calls += 1;
      if (calls === 1 || calls > 4) return `token-${calls}`;
      throw new Error(`offline ${calls}`);
    };
    const world = new TestWorld({ ...fast.environment, after, random: () => 0.5 });
    const session = openSession(gateway, { token, world });
    const failures: unknown[] = [];
    session.on('tokenFailed', (failure) => failures.push(failure));
    const connection = await gateway.next();
    await connection.welcome();
    await session.opened;
    connection.send({ body: { case: 'tokenExpiring', value: {} } });
    const { frame, value } = await connection.next('refreshToken');
    expect(value.token).toBe('token-5');
    connection.send({ ack: frame.seq });
    expect(failures).toEqual([
      { error: new Error('offline 2'), failures: 1 },
      { error: new Error('offline 3'), failures: 2 },
      { error: new Error('offline 4'), failures: 3 },
    ]);
    expect(pauses.filter((ms) => [250, 500, 1_000].includes(ms)).slice(-3)).toEqual([250, 500, 1_000]);
    expect(gateway.connections).toHaveLength(1);
  });

  it('is asked for another one where the gateway refuses what it gave', async () => {
    const gateway = await FakeGateway.overWebSocket();
    let calls = 0;
    const session = openSession(gateway, { token: async () => `token-${++calls}` });
    const connection = await gateway.next();
    await connection.welcome();
    await session.opened;
    connection.send({ body: { case: 'tokenExpiring', value: {} } });
    const { frame } = await connection.next('refreshToken');
    connection.send({ body: { case: 'error', value: { seq: frame.seq, reason: Reason.TOKEN_EXPIRED } } });
    const again = await connection.next('refreshToken');
    expect(again.value.token).toBe('token-3');
    connection.send({ ack: again.frame.seq });
    expect(session.state.status).toBe('connected');
  });
});

describe('a gateway that is there again after a long outage', () => {
  it.each([
    [Reason.TOKEN_INVALID, NextStep.REAUTHENTICATE],
    [Reason.WINDOW_EXPIRED, NextStep.RECONNECT],
  ])(
    'and refuses a Hello for reason %i is tried again soon, and with a pause if it does so again',
    async (reason, nextStep) => {
      const pauses: number[] = [];
      const fast = new TestWorld({}, 25);
      const after = (ms: number, action: () => void) => {
        pauses.push(ms);
        return fast.environment.after(ms, action);
      };
      const gateway = await FakeGateway.overWebSocket();
      const world = new TestWorld({ ...fast.environment, after, random: () => 1 });
      const session = openSession(gateway, { token: async () => 'token', world });
      const first = await gateway.next();
      await first.welcome();
      await session.opened;
      first.drop();
      for (let outage = 0; outage < 4; outage += 1) {
        const connection = await gateway.next();
        await connection.next('hello');
        connection.drop();
      }
      const refuse = async () => {
        const connection = await gateway.next();
        await connection.next('hello');
        // It is told of right before the pause begins.
        const told = new Promise((resolve) => session.once('state', () => resolve(pauses.length)));
        connection.send({ body: { case: 'closed', value: { reason, nextStep } } });
        const next = Number(await told);
        return pauses[next];
      };
      expect(await refuse()).toBe(1_000);
      expect(await refuse()).toBe(30_000);
    },
  );
});

describe('an end that asks for time', () => {
  it.each([
    [Reason.SLOW_CONSUMER, NextStep.RESUME],
    [Reason.RATE_LIMITED, NextStep.RESUME],
    [Reason.OVERLOADED, NextStep.RESUME],
  ])('of reason %i gets it, and up to half as much again by chance', async (reason, nextStep) => {
    for (const [random, least, most] of [
      [0, 2_000, 2_001],
      [0.99, 2_900, 3_000],
    ] as const) {
      const pauses: number[] = [];
      const fast = new TestWorld({}, 100);
      const after = (ms: number, action: () => void) => {
        pauses.push(ms);
        return fast.environment.after(ms, action);
      };
      const page = new FakePage();
      const world = new TestWorld({ ...fast.environment, after, random: () => random, page });
      const gateway = await FakeGateway.overWebSocket();
      const session = openSession(gateway, { world });
      const connection = await gateway.next();
      await connection.welcome();
      await session.opened;
      pauses.length = 0;
      const retryAfter = durationFromMs(2_000);
      connection.send({ body: { case: 'closed', value: { reason, nextStep, retryAfter } } });
      await connection.untilClosed();
      while (session.state.status !== 'reconnecting') await new Promise((resolve) => setTimeout(resolve, 5));
      // No hint of the browser cuts it short.
      page.window.dispatchEvent(new Event('online'));
      const again = await gateway.next();
      expect((await again.welcome({ outcome: Welcome_Outcome.RESUMED })).resume?.attempt).toBe(2);
      expect(pauses[0]).toBeGreaterThanOrEqual(least);
      expect(pauses[0]).toBeLessThanOrEqual(most);
    }
  });

  it('before any Welcome costs no session, where the gateway is too busy to look', async () => {
    const gateway = await FakeGateway.overWebSocket();
    const session = openSession(gateway);
    const connection = await gateway.next();
    await connection.welcome();
    await session.opened;
    connection.drop();
    const busy = await gateway.next();
    await busy.next('hello');
    const value = { reason: Reason.OVERLOADED, nextStep: NextStep.RECONNECT };
    busy.send({ body: { case: 'closed', value } });
    expect((await (await gateway.next()).next('hello')).value.resume?.token).toBe('s1.secret');
  });
});

describe('a connection that looks alive and is dead', () => {
  it('is replaced when a probe is not answered', async () => {
    const { gateway, connection, session, states } = await connected(20);
    connection.answersPings = false;
    session.networkChanged();
    const again = await gateway.next();
    expect((await again.next('hello')).value.resume?.attempt).toBe(2);
    await connection.untilClosed();
    expect(states.map(({ status }) => status)).toEqual(['connected', 'reconnecting']);
  });

  it('is kept when the probe is answered', async () => {
    const { gateway, connection, session } = await connected(20);
    session.networkChanged();
    await connection.next('ping');
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(gateway.connections).toHaveLength(1);
    expect(session.state.status).toBe('connected');
  });

  it('is found as soon as the gateway’s own defaults say, where it announces none', () => {
    expect(PING_INTERVAL_MS).toBe(defaultLimits.pingIntervalMs);
    expect(PONG_TIMEOUT_MS).toBe(defaultLimits.pongTimeoutMs);
  });

  it('is found by its silence', async () => {
    const { gateway, connection } = await connected(200);
    connection.answersPings = false;
    await connection.next('ping');
    await gateway.next();
  });
});

describe('a session that is told to try now', () => {
  /** Waits so long after a lost connection that no test would see the end of it. */
  async function waiting(retryAfterMs = 0) {
    const gateway = await FakeGateway.overWebSocket();
    const session = openSession(gateway, { world: new TestWorld({ random: () => 1_000 }) });
    const connection = await gateway.next();
    await connection.welcome();
    await session.opened;
    if (retryAfterMs > 0) {
      const retryAfter = durationFromMs(retryAfterMs);
      const value = { reason: Reason.OVERLOADED, nextStep: NextStep.RESUME, retryAfter };
      connection.send({ body: { case: 'closed', value } });
    } else connection.drop();
    while (session.state.status !== 'reconnecting') await new Promise((resolve) => setTimeout(resolve, 5));
    return { gateway, session };
  }

  it('does not wait out a pause', async () => {
    const { gateway, session } = await waiting();
    session.tryNow();
    await (await gateway.next()).welcome({ outcome: Welcome_Outcome.RESUMED });
    while (session.state.status !== 'connected') await new Promise((resolve) => setTimeout(resolve, 5));
  });

  it('waits for as long as the gateway asked for', async () => {
    const { gateway, session } = await waiting(60_000);
    session.tryNow();
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect([gateway.connections.length, session.state.status]).toEqual([1, 'reconnecting']);
  });

  it('stays as it is where it is connected or asleep', async () => {
    const { gateway, session, connection } = await connected(1);
    session.tryNow();
    await connection.next('ping');
    await session.suspend();
    session.tryNow();
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect([gateway.connections.length, session.state.status]).toEqual([1, 'suspended']);
  });
});

describe('a page', () => {
  it('leaves its rooms with a grace when it goes', async () => {
    const { page, connection, session } = await pageSession();
    page.hide(false);
    const { frame, value } = await connection.next('leave');
    expect(value).toMatchObject({ room: 'demo', grace: { seconds: 5n } });
    connection.send({ ack: frame.seq });
    expect(session.state.status).toBe('connected');
  });

  it('stays in its rooms when it goes, where the application wants that', async () => {
    const { page, connection } = await pageSession('suspend');
    page.hide(false);
    expect((await connection.next('clientState')).value).toMatchObject({
      activity: 3,
      hold: { seconds: 600n },
    });
    expect(connection.frames.filter(({ body }) => body.case === 'leave')).toEqual([]);
  });

  it('that goes offline tests its connection before it believes that', async () => {
    const { page, gateway, connection, session } = await pageSession();
    page.window.dispatchEvent(new Event('offline'));
    await connection.next('ping');
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect([gateway.connections.length, session.state.status]).toEqual([1, 'connected']);
  });

  it('is suspended when the browser keeps it, and comes back as it was', async () => {
    const { page, gateway, connection, session } = await pageSession();
    page.hide(true);
    expect(session.state.status).toBe('suspended');
    const { value } = await connection.next('clientState');
    expect(value).toMatchObject({ activity: 3, hold: { seconds: 600n } });
    await connection.untilClosed();
    page.show(true);
    const hello = await (await gateway.next()).welcome({ outcome: Welcome_Outcome.RESUMED });
    expect(hello.resume?.rooms).toHaveLength(1);
  });

  it('tests its connection when it is online again, is seen again, or its network changes', async () => {
    const { page, connection } = await pageSession();
    page.window.dispatchEvent(new Event('online'));
    await connection.next('ping');
    page.visibility('hidden');
    expect((await connection.next('clientState')).value.activity).toBe(2);
    page.visibility('visible');
    expect((await connection.next('clientState')).value.activity).toBe(1);
    page.connection.dispatchEvent(new Event('change'));
  });

  it('does not wait out a pause when it is online again', async () => {
    const page = new FakePage();
    const gateway = await FakeGateway.overWebSocket();
    const world = new TestWorld({ page, random: () => 1_000 });
    const session = openSession(gateway, { world });
    const connection = await gateway.next();
    await connection.welcome();
    await session.opened;
    connection.drop();
    while (session.state.status !== 'reconnecting') await new Promise((resolve) => setTimeout(resolve, 5));
    page.window.dispatchEvent(new Event('online'));
    await (await gateway.next()).welcome({ outcome: Welcome_Outcome.RESUMED });
  });

  it('listens to nothing any more when its session is closed', async () => {
    const { page, session } = await pageSession();
    await session.close();
    expect(page.listeners).toBe(0);
  });
});

async function connected(speed: number) {
  const gateway = await FakeGateway.overWebSocket();
  const session = openSession(gateway, { world: new TestWorld({}, speed) });
  const states: SessionState[] = [];
  session.on('state', (state) => states.push(state));
  const connection = await gateway.next();
  await connection.welcome();
  await session.opened;
  return { gateway, session, connection, states };
}

async function pageSession(onPageHide: 'leave' | 'suspend' = 'leave') {
  const page = new FakePage();
  const gateway = await FakeGateway.overWebSocket();
  const session = openSession(gateway, { world: new TestWorld({ page }), onPageHide });
  const connection = await gateway.next();
  await connection.welcome();
  const joining = session.join('demo');
  await connection.join('1.s1.1');
  await joining;
  return { page, gateway, session, connection };
}

/** Opens and never says a word. */
const mute: Transport = {
  name: 'connect-web',
  open: (_opening, _events: LinkEvents): Link => ({ congested: false, send() {}, flush() {}, close() {} }),
};
