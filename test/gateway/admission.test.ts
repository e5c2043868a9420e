import { Code, ConnectError, createClient } from '@connectrpc/connect';
import {
  createConnectTransport,
  createGrpcTransport,
  createGrpcWebTransport,
} from '@connectrpc/connect-node';
import { describe, expect, test } from 'vitest';
import { RoomService } from '../../gen/signalbox/v1/room_service_pb.ts';
import { SignalingService } from '../../gen/signalbox/v1/signaling_service_pb.ts';
import type { AdmissionKind } from '../../src/gateway/admission.ts';
import type { LaneEndpoint } from '../../src/gateway/lane-routes.ts';
import { connectionBudget, DEFAULT_LIMITS, politeLimit } from '../../src/gateway/limits.ts';
import { gateway, rawPeer, recordingLog } from './harness.ts';
import { http2Request, http2Session } from './http2-client.ts';
import { rooms } from './rooms.ts';

const GET_ROOM = '/signalbox.v1.RoomService/GetRoom';
const full = {
  accept: () => ({ accepted: false, reason: 'the gateway is draining', retryAfterMs: 6_500 }),
} as const;

describe('a gateway that takes no more', () => {
  test('tells callers of every protocol to come back, and when', async () => {
    const { url } = await gateway({ routes: rooms, admission: full });
    for (const transport of [
      createGrpcTransport({ baseUrl: url }),
      createGrpcWebTransport({ baseUrl: url, httpVersion: '1.1' }),
      createConnectTransport({ baseUrl: url, httpVersion: '1.1' }),
      createConnectTransport({ baseUrl: url, httpVersion: '2' }),
    ]) {
      const error = await createClient(RoomService, transport)
        .getRoom({})
        .catch((reason: unknown) => ConnectError.from(reason));
      expect(error).toMatchObject({
        code: Code.Unavailable,
        rawMessage: 'the gateway is draining; try again in 7 s',
      });
    }
    const connect = await fetch(url + GET_ROOM, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{}',
    });
    expect([connect.status, connect.headers.get('retry-after')]).toEqual([503, '7']);
    const grpc = await http2Request(http2Session(url), {
      ':method': 'POST',
      ':path': GET_ROOM,
      'content-type': 'application/grpc',
    });
    expect(grpc.headers).toMatchObject({ 'grpc-status': '14', 'grpc-retry-pushback-ms': '6500' });
  });

  test('refuses WebSockets with 503 and goes on answering /healthz', async () => {
    const { port, url } = await gateway({
      admission: full,
      webSocket: (_request, socket) => socket.destroy(),
    });
    const peer = await rawPeer(
      port,
      'GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
    );
    expect(await peer.closed).toMatch(/^HTTP\/1\.1 503 [\s\S]*retry-after: 7\r\n/);
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
  });

  test('can tell what would begin a session from what belongs to one', async () => {
    const asked: AdmissionKind[] = [];
    const endpoints = [SignalingService.method.receiveFrames, SignalingService.method.sendFrames].map(
      endpointOf,
    );
    const { url } = await gateway({
      endpoints,
      routes: rooms,
      admission: {
        accept: (kind) => {
          asked.push(kind);
          return { accepted: true };
        },
      },
    });
    const post = (path: string, type: string) =>
      fetch(url + path, { method: 'POST', headers: { 'content-type': type }, body: '{}' });
    await post('/signalbox.v1.SignalingService/ReceiveFrames', 'application/connect+json');
    await post('/signalbox.v1.SignalingService/SendFrames', 'application/json');
    await post(GET_ROOM, 'application/json');
    expect(asked).toEqual(['session', 'frames', 'call']);
  });
});

describe('the limit of connections', () => {
  test('stays below the descriptors of the process', () => {
    expect(connectionBudget(20_000)).toBe(17_769);
    expect(connectionBudget(1_024)).toBe(691);
    expect(connectionBudget(10)).toBe(64);
  });

  test('answers those just below it politely and drops those above it', async () => {
    const { log, lines } = recordingLog();
    const maxConnections = 10;
    const { port } = await gateway({ routes: rooms, limits: { maxConnections, addressShare: 1 }, log });
    const polite = politeLimit(maxConnections);
    const call = `POST ${GET_ROOM} HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}`;
    const served = await Promise.all(Array.from({ length: polite }, () => rawPeer(port, 'GET /healthz HT')));
    const late = await rawPeer(port, call);
    expect(await late.closed).toMatch(/^HTTP\/1\.1 503 [\s\S]*too many connections; try again in \d+ s/);
    const held = await rawPeer(port, 'P');
    const above = await rawPeer(port, call);
    expect(await above.closed).toBe('');
    expect(lines.some((line) => String(line.msg).startsWith('connection dropped'))).toBe(true);
    held.socket.destroy();
    for (const { socket } of served) socket.destroy();
  });
});

describe('an HTTP/2 connection', () => {
  test('announces its limits', async () => {
    const { url } = await gateway();
    const session = http2Session(url);
    const settings = await new Promise<Record<string, unknown>>((resolve) =>
      session.once('remoteSettings', resolve as never),
    );
    expect(settings).toMatchObject({
      maxConcurrentStreams: DEFAULT_LIMITS.streamsPerConnection,
      initialWindowSize: DEFAULT_LIMITS.streamWindowBytes,
      maxHeaderListSize: DEFAULT_LIMITS.headerBytes,
    });
  });

  test('of a trusted proxy may have more streams', async () => {
    const { url } = await gateway({ trustedProxies: ['127.0.0.1'] });
    const session = http2Session(url);
    await expect
      .poll(() => session.remoteSettings.maxConcurrentStreams)
      .toBe(DEFAULT_LIMITS.streamsPerProxyConnection);
  });

  test('serves other streams while one of them is not read', async () => {
    const stalled: unknown[] = [];
    const endpoint: LaneEndpoint = {
      method: SignalingService.method.connect,
      serve: (request) => {
        stalled.push(request);
      },
    };
    const { url } = await gateway({ endpoints: [endpoint], routes: rooms });
    const session = http2Session(url);
    const streams = Array.from({ length: 40 }, () => {
      const stream = session.request({
        ':method': 'POST',
        ':path': '/signalbox.v1.SignalingService/Connect',
        'content-type': 'application/grpc',
      });
      stream.on('error', () => {});
      stream.write(Buffer.alloc(200_000));
      return stream;
    });
    const answer = await http2Request(
      session,
      { ':method': 'POST', ':path': GET_ROOM, 'content-type': 'application/json' },
      JSON.stringify({ name: 'x'.repeat(100_000) }),
    );
    expect(answer.status).toBe(200);
    expect(stalled).toHaveLength(streams.length);
  });
});

function endpointOf(method: LaneEndpoint['method']): LaneEndpoint {
  return { method, serve: (_request, response) => void response.end() };
}
