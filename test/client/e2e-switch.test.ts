import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { systemEnvironment } from '../../src/client/environment.ts';
import type { Room, SessionState, TransportName } from '../../src/client/index.ts';
import { LiveSession } from '../../src/client/live-session.ts';
import { type FaultConnection, FaultProxy } from '../fault/fault-proxy.ts';
import { startE2eGateway } from '../helpers/e2e-gateway.ts';
import { next, silent, startTestGateway } from './gateway-kit.ts';

const TRANSPORTS: readonly TransportName[] = ['grpc', 'websocket', 'connect-web'];
const TEXTS = Array.from({ length: 60 }, (_, n) => `${n}`);

describe.each(TRANSPORTS)('a connection over %s that another one follows', (transport) => {
  it('while both talk loses nothing, doubles nothing, and is never said to be lost', async () => {
    const gateway = await startTestGateway();
    const proxy = await FaultProxy.start(gateway.url);
    onTestFinished(() => proxy.close());
    const connections: FaultConnection[] = [];
    proxy.onConnection = (connection) => connections.push(connection);
    const { session, room, states, opened } = await ada(
      proxy.url,
      await gateway.token({ identity: 'ada' }),
      transport,
    );
    gateway.closing(session);
    const bo = await (await gateway.connect('bo', { transport: 'grpc' })).join('demo');
    const [heardByAda, heardByBo] = [heard(room), heard(bo)];
    const sends: Promise<unknown>[] = [];
    for (const text of TEXTS) {
      sends.push(room.send('chat', text), bo.send('chat', text));
      // The old way is slow from now on: it neither answers in time nor is it dead.
      if (text === '20') {
        for (const connection of connections) connection.set({ latencyMs: 800 });
        session.networkChanged();
      }
      await new Promise((resolve) => setTimeout(resolve, 30));
    }
    await Promise.all(sends);
    await arrived(heardByAda, heardByBo);
    expect([heardByAda, heardByBo]).toEqual([TEXTS, TEXTS]);
    // Node's fetch takes the slow connection again: there the end of the one comes before the Welcome of the other.
    if (transport !== 'connect-web') expect(states).toEqual([]);
    expect(bo.participants.get(room.self.id)?.state).toBe('active');
    expect(opened()).toBe(2);
  });

  it('as its node drains takes the room along to the node that it names', async () => {
    const there = await startTestGateway();
    const here = await startTestGateway({ alternates: [there.url], drainSeconds: 4 });
    const token = await here.token({ identity: 'ada' });
    const others = await (await there.connect('bo', { transport: 'grpc' })).join('demo');
    // Keys of this start only: the other node wants a token of its own.
    const tokens = [token, await there.token({ identity: 'ada' })];
    const { session, room, states } = await ada(
      here.url,
      () => Promise.resolve(tokens.shift() ?? ''),
      transport,
    );
    here.closing(session);
    const self = room.self.id;
    const joined = next(others, 'joined');
    const rejoined = next(room, 'resync');
    const drained = here.served.drain(false);
    expect(await rejoined).toMatchObject({ cause: 'rejoined', previousId: self });
    expect(await joined).toMatchObject({ identity: 'ada', replaces: self });
    await room.send('chat', 'from there');
    await drained;
    expect(states).toEqual([]);
    expect(session.state.status).toBe('connected');
  });
});

describe.each(TRANSPORTS)(
  'a session over %s whose gateway is started anew with its state file',
  (transport) => {
    it('goes on, and so does what was said while nobody was there', async () => {
      const folder = await mkdtemp(join(tmpdir(), 'signalbox-state-'));
      onTestFinished(() => rm(folder, { recursive: true }));
      const config = { state: join(folder, 'state'), drainSeconds: 4 };
      const before = await startE2eGateway(config);
      const tokenOf = (identity: string) => before.token({ identity, create: true });
      const [here, there] = [
        await ada(before.url, await tokenOf('ada'), transport),
        await ada(before.url, await tokenOf('bo'), 'grpc'),
      ];
      const heardThere = heard(there.room);
      const ids = [here.session.id, here.room.self.id, there.session.id];
      await before.served.drain(false);
      const sends = TEXTS.map((text) => here.room.send('chat', text));
      const after = await startE2eGateway({ ...config, port: before.port });
      onTestFinished(async () => {
        await Promise.all([here.session.close(), there.session.close()]);
        await after.close();
        await before.close();
      });
      await Promise.all(sends);
      await arrived(heardThere);
      expect(heardThere).toEqual(TEXTS);
      expect([here.session.id, here.room.self.id, there.session.id]).toEqual(ids);
      expect(here.states).toContain('reconnecting');
      expect(here.states.at(-1)).toBe('connected');
    });
  },
);

async function ada(url: string, token: string | (() => Promise<string>), transport: TransportName) {
  let lines = 0;
  const logger = {
    ...silent,
    debug(what: unknown) {
      if (what === 'opening') lines += 1;
    },
  };
  const options = { token, transport, deviceId: 'ada', logger };
  const session = new LiveSession(systemEnvironment(), [url], options);
  await session.opened;
  const room = await session.join('demo', { name: 'Ada' });
  const states: SessionState['status'][] = [];
  session.on('state', ({ status }) => states.push(status));
  return { session, room, states, opened: () => lines };
}

function heard(room: Room): string[] {
  const texts: string[] = [];
  room.on('message', ({ content, own }) => {
    if (!own) texts.push(String(content));
  });
  return texts;
}

async function arrived(...lists: readonly string[][]): Promise<void> {
  while (lists.some(({ length }) => length < TEXTS.length)) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
