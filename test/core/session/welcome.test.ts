import { create } from '@bufbuild/protobuf';
import { durationFromMs } from '@bufbuild/protobuf/wkt';
import { afterEach, describe, expect, it } from 'vitest';
import { IceServerSchema } from '../../../gen/signalbox/v1/ice_pb.ts';
import { Welcome_Outcome as Outcome } from '../../../gen/signalbox/v1/session_pb.ts';
import { testToken } from '../../helpers/node-kit.ts';
import { startTestNode, type TestNode } from '../../helpers/test-node.ts';

let kit: TestNode;

afterEach(() => kit.stop());

const ann = { token: testToken({ identity: 'ann' }) };

describe('a Welcome', () => {
  it('says what holds for all, and what is this session’s alone', async () => {
    const servers = [
      create(IceServerSchema, { urls: ['stun:a', 'turn:b'], username: 'ü', credential: 'c', region: 'eu' }),
      create(IceServerSchema, { urls: ['stun:d'] }),
    ];
    const expiresAt = Date.UTC(2027, 0, 1);
    kit = await startTestNode({ iceServers: { for: () => ({ servers, expiresAt }) } });
    const client = await kit.client({ identity: 'ann', expiresAt: expiresAt + 1500 });
    const [welcome] = client.all('welcome');
    const { limits } = kit;
    expect(welcome).toMatchObject({
      outcome: Outcome.NEW,
      resumeWindow: durationFromMs(limits.resumeWindowMs),
      pingInterval: durationFromMs(limits.pingIntervalMs),
      pongTimeout: durationFromMs(limits.pongTimeoutMs),
      iceServers: servers,
      iceServersExpireAt: { seconds: BigInt(expiresAt / 1000), nanos: 0 },
      tokenExpiresAt: { seconds: BigInt(expiresAt / 1000 + 1), nanos: 500_000_000 },
      limits: {
        frameBytes: limits.frameBytes,
        rooms: limits.rooms,
        signalsPerSecond: limits.signalRate.perSecond,
      },
      schemaRevision: 1,
      serverVersion: '0.0.0-test',
      region: 'test',
      serverTime: { seconds: BigInt(Math.floor(kit.clock.now() / 1000)) },
      attempt: 1,
    });
    const dot = welcome?.resumeToken.indexOf('.') ?? 0;
    expect(welcome?.resumeToken.slice(0, dot)).toBe(welcome?.sessionId);
    expect(Buffer.from(welcome?.resumeToken.slice(dot + 1) ?? '', 'base64url')).toHaveLength(32);
    expect(welcome?.sendKey.startsWith(`${welcome.sessionId}.`)).toBe(true);
    expect(welcome?.epoch).not.toBe('');
  });

  it('stands in one write with what came in one flight with its Hello', async () => {
    kit = await startTestNode();
    const client = await kit.client({ identity: 'ann' }, { greet: false });
    client.send({ case: 'hello', value: ann });
    client.send({ case: 'join', value: { room: 'r' } });
    expect(client.frames).toEqual([]);
    await kit.settle();
    expect(client.frames.map(({ body }) => body.case).slice(0, 2)).toEqual(['welcome', 'joined']);
    expect(client.acked).toBe(1);
  });

  it('comes before the end of a connection that was over before anything was written', async () => {
    kit = await startTestNode();
    const client = await kit.client({ identity: 'ann' }, { greet: false });
    client.send({ case: 'hello', value: ann });
    client.sendBytes(Uint8Array.of(0xff));
    await kit.settle();
    expect(client.frames.map(({ body }) => body.case)).toEqual(['welcome', 'closed']);
    // Its session may be taken up.
    const [welcome] = client.all('welcome');
    const resume = { token: welcome?.resumeToken ?? '', attempt: 2, epoch: welcome?.epoch ?? '' };
    const again = await kit.client({ identity: 'ann' }, { hello: { resume } });
    expect(again.all('welcome')[0]?.outcome).toBe(Outcome.RESUMED);
  });
});
