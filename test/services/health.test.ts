import { Code, createClient } from '@connectrpc/connect';
import { createConnectTransport, createGrpcTransport } from '@connectrpc/connect-node';
import { Client, credentials, type ServiceError } from '@grpc/grpc-js';
import { describe, expect, test } from 'vitest';
import { Health, HealthCheckResponse_ServingStatus as Status } from '../../gen/grpc/health/v1/health_pb.ts';
import { HealthState, registerHealth } from '../../src/services/health.ts';
import { delay, gateway } from '../gateway/harness.ts';
import { http2Session } from '../gateway/http2-client.ts';

const ROOMS = 'signalbox.v1.RoomService';

async function start() {
  const state = new HealthState([ROOMS]);
  const { url, port, close } = await gateway({ routes: (router) => registerHealth(router, state) });
  const client = createClient(Health, createGrpcTransport({ baseUrl: url }));
  return { state, url, port, close, client };
}

async function until(condition: () => boolean): Promise<void> {
  for (let i = 0; i < 100 && !condition(); i++) await delay(20);
  expect(condition()).toBe(true);
}

/** Watches whose caller lets nothing through. */
function blockedWatches(url: string, count: number) {
  const session = http2Session(url, { settings: { initialWindowSize: 0 } });
  const headers = {
    ':method': 'POST',
    ':path': '/grpc.health.v1.Health/Watch',
    'content-type': 'application/grpc',
  };
  const streams = Array.from({ length: count }, () => {
    const stream = session.request(headers);
    stream.on('error', () => {});
    stream.end(Buffer.alloc(5));
    return stream;
  });
  return { session, streams };
}

describe('grpc.health.v1', () => {
  test('tells the state of the gateway and of each service', async () => {
    const { state, client } = await start();
    expect((await client.check({})).status).toBe(Status.SERVING);
    expect((await client.check({ service: ROOMS })).status).toBe(Status.SERVING);
    state.setAll(false);
    expect((await client.check({})).status).toBe(Status.NOT_SERVING);
    const { statuses } = await client.list({});
    expect(Object.keys(statuses)).toEqual(['', ROOMS]);
    expect(statuses[ROOMS]?.status).toBe(Status.NOT_SERVING);
  });

  test('answers a probe of grpc-js and of Connect with JSON', async () => {
    const { url, port } = await start();
    const probe = new Client(`127.0.0.1:${port}`, credentials.createInsecure());
    const status = await new Promise<Buffer | undefined>((resolve, reject) => {
      probe.makeUnaryRequest(
        '/grpc.health.v1.Health/Check',
        (bytes: Buffer) => bytes,
        (bytes: Buffer) => bytes,
        Buffer.alloc(0),
        (error: ServiceError | null, bytes?: Buffer) => (error ? reject(error) : resolve(bytes)),
      );
    });
    probe.close();
    expect(status).toEqual(Buffer.of(8, Status.SERVING));
    const json = await fetch(`${url}/grpc.health.v1.Health/Check`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{}',
    });
    expect(await json.json()).toEqual({ status: 'SERVING' });
  });

  test('does not know other services', async () => {
    const { client } = await start();
    await expect(client.check({ service: 'other.Service' })).rejects.toMatchObject({ code: Code.NotFound });
  });

  test('watches: the state now and at each change, until the caller goes', async () => {
    const { state, client } = await start();
    const ending = new AbortController();
    const seen: Status[] = [];
    const watching = (async () => {
      for await (const { status } of client.watch({ service: ROOMS }, { signal: ending.signal }))
        seen.push(status);
    })().catch(() => {});
    await until(() => seen.length === 1);
    state.setAll(false);
    await until(() => seen.length === 2);
    state.setAll(false);
    state.setAll(true);
    await until(() => seen.length === 3);
    expect(seen).toEqual([Status.SERVING, Status.NOT_SERVING, Status.SERVING]);
    expect(state.watchers).toBe(1);
    ending.abort();
    await watching;
    await until(() => state.watchers === 0);
  });

  test('watches a service that is not known without an end', async () => {
    const { client } = await start();
    const ending = new AbortController();
    const watch = client
      .watch({ service: 'other.Service' }, { signal: ending.signal })
      [Symbol.asyncIterator]();
    expect((await watch.next()).value).toMatchObject({ status: Status.SERVICE_UNKNOWN });
    ending.abort();
    await expect(watch.next()).rejects.toMatchObject({ code: Code.Canceled });
  });

  test('1,000 watches that are reset or dropped leave no watcher', async () => {
    const { state, url } = await start();
    for (let batch = 0; batch < 10; batch++) {
      const { streams, session } = blockedWatches(url, 100);
      await until(() => state.watchers === 100);
      state.setAll(batch % 2 === 0);
      if (batch % 2 === 0) for (const stream of streams) stream.close();
      else session.destroy();
      await until(() => state.watchers === 0);
    }
  });

  test('watches that die under back-pressure leave no watcher', async () => {
    // connect-node may never resume the generator of such a stream: the watch must not wait for it to clean up.
    const { state, url } = await start();
    const { streams } = blockedWatches(url, 2);
    await until(() => state.watchers === streams.length);
    // 7 bytes a message: enough of them to fill the 64 KiB that a stream takes without being read.
    for (let flip = 0; flip < 11_000; flip++) {
      state.setAll(flip % 2 === 0);
      await new Promise((resolve) => setImmediate(resolve));
    }
    for (const stream of streams) stream.close();
    await until(() => state.watchers === 0);
  });

  test('watches end when the gateway closes', async () => {
    const { state, url, close } = await start();
    const client = createClient(Health, createConnectTransport({ baseUrl: url, httpVersion: '2' }));
    const watch = client.watch({})[Symbol.asyncIterator]();
    await watch.next();
    const last = watch.next().catch(() => ({ done: true }));
    const begun = performance.now();
    await close();
    expect(performance.now() - begun).toBeLessThan(400);
    expect(await last).toMatchObject({ done: true });
    expect(state.watchers).toBe(0);
  });
});
