import { describe, expect, it, onTestFinished } from 'vitest';
import { systemEnvironment } from '../../src/client/environment.ts';
import type { Session, SessionState, TransportName } from '../../src/client/index.ts';
import { LiveSession } from '../../src/client/live-session.ts';
import { createToken } from '../../src/server.ts';
import { type E2eGateway, signingKey, startE2eGateway } from '../helpers/e2e-gateway.ts';
import { next, silent } from './gateway-kit.ts';

const TRANSPORTS: readonly TransportName[] = ['grpc', 'websocket', 'connect-web'];

describe.each(TRANSPORTS)('a token that ends, over %s', (transport) => {
  it('is renewed before that, inside the session', async () => {
    const gateway = await startE2eGateway();
    let calls = 0;
    const { session, states } = await open(gateway, transport, 'ada', () => {
      calls += 1;
      return tokenFor('ada', '3s');
    });
    const { id } = session;
    await new Promise((resolve) => setTimeout(resolve, 5_000));
    expect(calls).toBeGreaterThanOrEqual(3);
    expect([session.id, session.state.status, states]).toEqual([id, 'connected', []]);
  });

  it('and was not renewed in time costs a connection, and neither the session nor a message', async () => {
    const gateway = await startE2eGateway();
    let calls = 0;
    let online = true;
    const { session, states } = await open(gateway, transport, 'ada', async () => {
      calls += 1;
      if (!online) throw new Error('the backend is away');
      return tokenFor('ada', calls === 1 ? '2s' : '1h');
    });
    const failures: number[] = [];
    session.on('tokenFailed', (failure) => failures.push(failure.failures));
    online = false;
    const room = await session.join('demo');
    const bo = await (await open(gateway, transport, 'bo', () => tokenFor('bo', '1h'))).session.join('demo');
    const { id } = session;
    const left: string[] = [];
    bo.on('left', (departure) => left.push(departure.id));
    const heard: string[] = [];
    room.on('message', ({ content, own }) => own || heard.push(String(content)));
    while (!states.includes('reconnecting')) await new Promise((resolve) => setTimeout(resolve, 20));
    for (const text of ['one', 'two']) await bo.send('chat', text);
    const sent = room.send('chat', 'said meanwhile');
    const arrived = next(bo, 'message', ({ content }) => content === 'said meanwhile');
    online = true;
    await sent;
    expect(await arrived).toMatchObject({ sender: room.self.id });
    expect([session.id, heard, left]).toEqual([id, ['one', 'two'], []]);
    expect(failures.length).toBeGreaterThan(0);
  });
});

function tokenFor(identity: string, expiresIn: string): Promise<string> {
  return createToken(signingKey, { identity, create: true }, { expiresIn });
}

async function open(
  gateway: E2eGateway,
  transport: TransportName,
  identity: string,
  token: () => Promise<string>,
): Promise<{ readonly session: Session; readonly states: SessionState['status'][] }> {
  const options = { token, transport, deviceId: identity, logger: silent };
  const session = new LiveSession(systemEnvironment(), [gateway.url], options);
  opened.set(gateway, [...(opened.get(gateway) ?? []), session]);
  if (opened.get(gateway)?.length === 1) {
    onTestFinished(async () => {
      await Promise.all((opened.get(gateway) ?? []).map((each) => each.close()));
      await gateway.close();
    });
  }
  await session.opened;
  const states: SessionState['status'][] = [];
  session.on('state', ({ status }) => states.push(status));
  return { session, states };
}

const opened = new WeakMap<E2eGateway, Session[]>();
