import { describe, expect, it } from 'vitest';
import type { TransportName } from '../../src/client/index.ts';
import { LiveSession } from '../../src/client/live-session.ts';
import { startCutProxy } from './cut-proxy.ts';
import { next, silent, startTestGateway } from './gateway-kit.ts';
import { TestWorld } from './session-kit.ts';

const TRANSPORTS: readonly TransportName[] = ['grpc', 'websocket', 'connect-web'];

describe.each(TRANSPORTS)('a network that is cut, over %s with the real gateway', (transport) => {
  it('costs no message and doubles none, in either direction', async () => {
    const { gateway, proxy, session, room } = await overProxy(transport);
    const bo = await (await gateway.connect('bo', { transport: 'grpc' })).join('demo');
    const [heardByAda, heardByBo]: [string[], string[]] = [[], []];
    room.on('message', ({ content, own }) => own || heardByAda.push(String(content)));
    bo.on('message', ({ content, own }) => own || heardByBo.push(String(content)));
    const expected = Array.from({ length: 60 }, (_, n) => `${n}`);
    const sends: Promise<unknown>[] = [];
    for (const text of expected) {
      sends.push(room.send('chat', text), bo.send('chat', text));
      if (Number(text) % 20 === 10) proxy.cut();
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    await Promise.all(sends);
    while (heardByAda.length < 60 || heardByBo.length < 60)
      await new Promise((resolve) => setTimeout(resolve, 10));
    expect(heardByAda).toEqual(expected);
    expect(heardByBo).toEqual(expected);
    expect(session.id).toBe(room.self.id.split('.')[1]);
  });

  it('for longer than the window costs the session, not the room', async () => {
    const { gateway, proxy, session, room } = await overProxy(transport, 300);
    const bo = await (await gateway.connect('bo', { transport: 'grpc' })).join('demo');
    const [id, self] = [session.id, room.self.id];
    const left = next(bo, 'left');
    proxy.open(false);
    proxy.cut();
    expect(await left).toMatchObject({ id: self, reason: 'lease_expired' });
    const lost = room.send('chat', 'too late').catch((error: unknown) => error);
    const rejoined = next(room, 'resync');
    const back = next(bo, 'joined');
    proxy.open(true);
    expect(await rejoined).toMatchObject({ cause: 'rejoined', previousId: self });
    expect(await back).toMatchObject({ identity: 'ada', name: 'Ada', replaces: self });
    expect(session.id).not.toBe(id);
    expect(await lost).toMatchObject({ reason: 'outcome_unknown' });
    await expect(room.send('chat', 'here again')).resolves.toMatchObject({ offset: expect.any(Number) });
  });
});

async function overProxy(transport: TransportName, resumeWindowMs = 30_000) {
  const gateway = await startTestGateway({ limits: { resumeWindowMs } });
  const proxy = await startCutProxy(gateway.url);
  const token = await gateway.token({ identity: 'ada' });
  const options = { token, transport, deviceId: 'ada', logger: silent };
  const session = new LiveSession(new TestWorld({}, 10).environment, [proxy.url], options);
  gateway.closing(session);
  await session.opened;
  return { gateway, proxy, session, room: await session.join('demo', { name: 'Ada' }) };
}
