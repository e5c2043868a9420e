import { connect as connectSocket, type Socket } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { Reason } from '../../gen/signalbox/v1/reason_pb.ts';
import { NextStep } from '../../gen/signalbox/v1/session_pb.ts';
import { NegotiationControl_Action as Action } from '../../gen/signalbox/v1/signal_pb.ts';
import type { RawConfig } from '../../src/config.ts';
import { Bystanders } from '../helpers/bystanders.ts';
import { type E2eGateway, startE2eGateway } from '../helpers/e2e-gateway.ts';
import type { LaneClient } from '../helpers/lane-client.ts';
import { type LaneKind, openLane } from '../helpers/lane-clients.ts';
import { resumeOf } from '../helpers/resume-point.ts';

const gateways: E2eGateway[] = [];
const sockets: Socket[] = [];

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await Promise.all(gateways.splice(0).map((gateway) => gateway.close()));
});

async function start(config: RawConfig): Promise<E2eGateway> {
  const gateway = await startE2eGateway(config);
  gateways.push(gateway);
  return gateway;
}

const delay = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

async function enter(gateway: E2eGateway, kind: LaneKind, identity: string, room = 'r') {
  const client = await openLane(kind, { url: gateway.url, token: await gateway.token({ identity }) });
  const welcome = await client.until('welcome');
  const { participant } = await client.join(room);
  return { client, welcome, id: participant?.id ?? '' };
}

function signal(to: string, detail: string) {
  const payload = { case: 'control' as const, value: { action: Action.REQUEST_OFFER, detail } };
  return { case: 'signal' as const, value: { to, payload } };
}

const detailsOf = (client: LaneClient) =>
  client.frames.flatMap(({ body }) =>
    body.case === 'signal' && body.value.payload.case === 'control' ? [body.value.payload.value.detail] : [],
  );

describe('a session that sends more than it may', () => {
  test.each<readonly [LaneKind]>([['grpc'], ['ws-proto'], ['halves-connect'], ['connect-json']])(
    'over %s is slowed down: nothing is lost, all is in order, and its neighbours talk on',
    async (kind) => {
      const gateway = await start({ limits: { signalRate: { burst: 20, perSecond: 200 } } });
      const bystanders = await Bystanders.start(gateway, 'room', ['grpc', 'ws-proto']);
      const { client: sender } = await enter(gateway, kind, 'sender');
      const { client: receiver, id } = await enter(gateway, 'grpc', 'receiver');
      const details = Array.from({ length: 300 }, (_, index) => `${index}`);
      const began = performance.now();
      for (const detail of details) sender.send(signal(id, detail));
      while (detailsOf(receiver).length < details.length && performance.now() - began < 10_000) {
        const said = performance.now();
        await bystanders.talk();
        // One of the two would wait for more than a second behind 280 frames.
        expect(performance.now() - said).toBeLessThan(500);
        await delay(20);
      }
      expect(detailsOf(receiver)).toEqual(details);
      expect(performance.now() - began).toBeGreaterThan(1000);
      expect(sender.frames.some(({ body }) => body.case === 'error' || body.case === 'closed')).toBe(false);
      bystanders.check();
      bystanders.close();
      for (const { transport } of [sender, receiver]) transport.drop();
    },
  );
});

describe('clients behind a trusted proxy', () => {
  test('are told apart by the address that it forwards', async () => {
    const gateway = await start({
      trustedProxies: ['127.0.0.1'],
      portLimits: { sessionRate: { burst: 10, perSecond: 1 }, refusedHelloCost: 10 },
    });
    const open = (address: string, token: string) =>
      openLane('ws-proto', { url: gateway.url, token, headers: { 'x-forwarded-for': address } });
    const guesser = await open('192.0.2.1', 'not a token');
    expect(await guesser.until('closed')).toMatchObject({ reason: Reason.TOKEN_INVALID });
    const token = await gateway.token({ identity: 'ann' });
    await expect(open('192.0.2.1', token)).rejects.toThrow('503');
    const neighbour = await open('192.0.2.2', await gateway.token({ identity: 'bob' }));
    await neighbour.until('welcome');
    neighbour.transport.drop();
  });

  test('do not pay for a connection of their proxy that is cut', async () => {
    const gateway = await start({
      trustedProxies: ['127.0.0.1'],
      portLimits: { connectionRate: { burst: 10, perSecond: 1 } },
    });
    for (let count = 0; count < 20; count += 1) {
      const socket = connectSocket(gateway.port, '127.0.0.1');
      sockets.push(socket);
      socket.on('error', () => {});
      socket.resume();
      const closed = new Promise((resolve) => socket.once('close', resolve));
      // Headers without a preface of settings: nghttp2 ends the session.
      socket.write(Buffer.concat([Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'), Buffer.alloc(9, 1)]));
      await closed;
    }
    const { client } = await enter(gateway, 'grpc', 'ann');
    client.transport.drop();
  });
});

describe('one address', () => {
  test('that opens connections faster than it may is turned away, and sessions that it has go on', async () => {
    const gateway = await start({ portLimits: { connectionRate: { burst: 10, perSecond: 1 } } });
    const bystanders = await Bystanders.start(gateway, 'room', ['grpc', 'ws-proto']);
    const outcomes = await Promise.all(Array.from({ length: 30 }, () => isLet(gateway.port, '127.0.0.1')));
    expect(outcomes.filter((let_) => let_).length).toBeLessThanOrEqual(9);
    expect(await isLet(gateway.port, '127.0.0.2')).toBe(true);
    await bystanders.talk();
    bystanders.check();
    bystanders.close();
  });

  test('holds half of all connections at the most', async () => {
    const gateway = await start({ portLimits: { maxConnections: 20 } });
    const outcomes = await Promise.all(Array.from({ length: 18 }, () => isLet(gateway.port, '127.0.0.1')));
    expect(outcomes.filter((let_) => let_)).toHaveLength(10);
    expect(await isLet(gateway.port, '127.0.0.2')).toBe(true);
  });
});

describe('a gateway with all the connections that it takes', () => {
  test('tells new ones to come back, each at another time, and serves those that it has', async () => {
    const gateway = await start({ portLimits: { maxConnections: 40, addressShare: 1 } });
    const bystanders = await Bystanders.start(gateway, 'room', ['grpc', 'ws-proto']);
    // 95 % of 40 are served.
    while (gateway.served.gateway.openSockets < 38) await isLet(gateway.port, '127.0.0.1');
    const waits: number[] = [];
    for (let count = 0; count < 8; count += 1) {
      const answer = await fetch(`${gateway.url}/signalbox.v1.SignalingService/SendFrames`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: '{}',
      });
      expect(answer.status).toBe(503);
      waits.push(Number(answer.headers.get('retry-after')));
    }
    expect(Math.min(...waits)).toBeGreaterThanOrEqual(2);
    expect(Math.max(...waits)).toBeLessThanOrEqual(12);
    expect(new Set(waits).size).toBeGreaterThan(2);
    await bystanders.talk();
    bystanders.check();
    bystanders.close();
  });
});

describe('an event loop that is late', () => {
  test('opens no new sessions for a while, and resumes those that there are', async () => {
    const gateway = await start({ portLimits: { busyMs: 100, overloadedMs: 10_000 } });
    const { client: ann, welcome } = await enter(gateway, 'grpc', 'ann');
    const token = await gateway.token({ identity: 'bob' });
    standStill(1000);
    const bob = await openLane('grpc', { url: gateway.url, token });
    const closed = await bob.until('closed');
    expect([closed.reason, closed.nextStep]).toEqual([Reason.OVERLOADED, NextStep.RECONNECT]);
    expect(Number(closed.retryAfter?.seconds)).toBeGreaterThanOrEqual(1);
    ann.transport.drop();
    standStill(1000);
    const back = await openLane('grpc', {
      url: gateway.url,
      hello: { resume: resumeOf(ann, welcome) },
      token: await gateway.token({ identity: 'ann' }),
      firstSeq: ann.seq + 1,
    });
    expect((await back.until('welcome')).attempt).toBe(2);
    let isLet = false;
    for (let count = 0; count < 20 && !isLet; count += 1) {
      await delay(500);
      const later = await openLane('grpc', { url: gateway.url, token });
      const { body } = await later.untilFrame(() => true, 'Welcome or Closed');
      isLet = body.case === 'welcome';
      later.transport.drop();
    }
    expect(isLet).toBe(true);
    back.transport.drop();
  });
});

/** The gateway is in this process. */
function standStill(ms: number): void {
  const until = performance.now() + ms;
  while (performance.now() < until);
}

/** Whether a connection is served. It stays open if it is. */
function isLet(port: number, from: string): Promise<boolean> {
  const socket = connectSocket({ port, host: '127.0.0.1', localAddress: from });
  sockets.push(socket);
  socket.on('error', () => {});
  socket.write('GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n');
  return new Promise((resolve) => {
    socket.once('data', () => resolve(true));
    socket.once('close', () => resolve(false));
  });
}
