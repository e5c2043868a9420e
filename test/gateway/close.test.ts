import { createServer } from 'node:net';
import { pino } from 'pino';
import { describe, expect, test } from 'vitest';
import { SignalingService } from '../../gen/signalbox/v1/signaling_service_pb.ts';
import { type Gateway, startGateway } from '../../src/gateway/gateway.ts';
import type { LaneEndpoint } from '../../src/gateway/lane-routes.ts';
import { delay, elapsed, gateway, rawPeer } from './harness.ts';
import { http2Request, http2Session } from './http2-client.ts';

const CONNECT = '/signalbox.v1.SignalingService/Connect';
const openStream = { ':method': 'POST', ':path': CONNECT, 'content-type': 'application/grpc' };

/** An rpc that answers its headers and goes on for ever. */
const endless: LaneEndpoint = {
  method: SignalingService.method.connect,
  serve: (request) => {
    if (!('stream' in request)) return;
    request.stream.on('error', () => {});
    if ('respond' in request.stream)
      (request.stream.respond as (headers: object) => void)({ ':status': 200 });
  },
};

/** Node opens a thread or two on its own; sockets, servers and timers are ours. */
const handles = () => process.getActiveResourcesInfo().filter((name) => /TCP|Timeout/.test(name)).length;

describe('closing', () => {
  test('an idle gateway is immediate: kept-alive, silent and half-spoken connections end', async () => {
    const started = await gateway();
    const session = http2Session(started.url);
    await http2Request(session, { ':path': '/healthz' });
    const peers = await Promise.all(
      ['', 'P', 'GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n'].map((bytes) => rawPeer(started.port, bytes)),
    );
    await delay(50);
    expect(started.openSockets).toBe(4);
    expect(await elapsed(started.close())).toBeLessThan(400);
    await Promise.all(peers.map((peer) => peer.closed));
    expect(started.openSockets).toBe(0);
  });

  test('lets a request that has begun come to its end', async () => {
    const started = await gateway({
      pages: (app) => app.get('/slow', async () => delay(200).then(() => 'done')),
    });
    const slow = fetch(`${started.url}/slow`).then((answer) => answer.text());
    await delay(50);
    const closing = started.close();
    await expect(fetch(`${started.url}/healthz`)).rejects.toThrow();
    expect(await slow).toBe('done');
    await closing;
  });

  test('ends the streams that are left after the grace', async () => {
    const started = await gateway({ endpoints: [endless], closeGraceMs: 300 });
    const session = http2Session(started.url);
    const stream = session.request(openStream);
    stream.on('error', () => {});
    await new Promise((resolve) => stream.once('response', resolve));
    let goAway = false;
    session.once('goaway', () => {
      goAway = true;
    });
    const ms = await elapsed(started.close());
    expect(ms).toBeGreaterThan(250);
    expect(ms).toBeLessThan(1_500);
    await delay(20);
    expect(goAway).toBe(true);
    expect(stream.destroyed).toBe(true);
  });

  test('twice is closing once', async () => {
    const started = await gateway();
    const [first, second] = [started.close(), started.close()];
    expect(first).toBe(second);
    await first;
  });

  test('leaves no handle, and the port free', async () => {
    const before = handles();
    const started: Gateway = await startGateway({
      log: pino({ level: 'silent' }),
      endpoints: [endless],
      closeGraceMs: 100,
    });
    const session = http2Session(started.url);
    session.request(openStream).on('error', () => {});
    await fetch(`${started.url}/healthz`, { headers: { connection: 'close' } });
    await started.close();
    session.destroy();
    for (let i = 0; i < 50 && handles() > before; i++) await delay(20);
    expect(handles()).toBeLessThanOrEqual(before);
    const again = createServer();
    await new Promise<void>((resolve, reject) => {
      again.once('error', reject);
      again.listen(started.port, '127.0.0.1', resolve);
    });
    await new Promise((resolve) => again.close(resolve));
  });

  test('a port that is taken is told by the error of the system, and nothing stays open', async () => {
    const first = await gateway();
    const before = handles();
    await expect(gateway({ port: first.port })).rejects.toMatchObject({ code: 'EADDRINUSE' });
    for (let i = 0; i < 50 && handles() > before; i++) await delay(20);
    expect(handles()).toBeLessThanOrEqual(before);
  });
});
