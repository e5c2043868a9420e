import { connect as connectSocket, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { SignalingService } from '../../gen/signalbox/v1/signaling_service_pb.ts';
import type { GatewayOptions } from '../../src/gateway/gateway.ts';
import type { LaneEndpoint } from '../../src/gateway/lane-routes.ts';
import {
  callFields,
  END_HEADERS,
  FrameType,
  frame,
  number,
  preface,
  settings,
} from '../flood/http2-frames.ts';
import { authority, issue, type Pem } from './certificates.ts';
import { delay, gateway, recordingLog } from './harness.ts';
import { http2Request, http2Session } from './http2-client.ts';
import { rooms } from './rooms.ts';

const CONNECT = '/signalbox.v1.SignalingService/Connect';
const GET_ROOM = '/signalbox.v1.RoomService/GetRoom';

/** Takes what comes, and says nothing. */
const deaf: LaneEndpoint = {
  method: SignalingService.method.connect,
  serve: (request) => {
    request.on('error', () => {});
    request.resume();
  },
};

let server: Pem;
let ca: Pem;
beforeAll(async () => {
  ca = await authority();
  server = await issue(ca, 'gateway');
});
const sockets: Socket[] = [];
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
});

async function attacker(port: number, isTls: boolean): Promise<Socket> {
  const socket = isTls
    ? connectTls({ port, host: '127.0.0.1', ca: ca.cert, ALPNProtocols: ['h2'] })
    : connectSocket(port, '127.0.0.1');
  sockets.push(socket);
  socket.on('error', () => {});
  await new Promise<void>((resolve) => socket.once(isTls ? 'secureConnect' : 'connect', resolve));
  socket.resume();
  socket.write(Buffer.concat([preface, settings()]));
  return socket;
}

/** Writes all the time, until it is cut. Returns after how many milliseconds. */
async function flood(socket: Socket, bytes: Buffer, mostMs = 4000): Promise<number> {
  const began = performance.now();
  const many = Buffer.concat(Array.from({ length: 500 }, () => bytes));
  while (!socket.destroyed && performance.now() - began < mostMs) {
    if (!socket.write(many)) await Promise.race([new Promise((go) => socket.once('drain', go)), delay(50)]);
    else await delay(0);
  }
  return performance.now() - began;
}

async function floodable(isTls: boolean, options: Partial<GatewayOptions> = {}) {
  const { log, lines } = recordingLog();
  const tls = isTls ? { tls: { kind: 'texts' as const, ...server } } : {};
  const started = await gateway({ endpoints: [deaf], routes: rooms, log, ...tls, ...options });
  const reasons = () =>
    lines.flatMap(({ msg }) => (String(msg).startsWith('connection dropped') ? [msg] : []));
  return { ...started, port: started.port, reasons };
}

describe.each([
  ['in clear text', false],
  ['over TLS', true],
])('a peer of HTTP/2 %s is cut', (_how, isTls) => {
  test('that sends frames which carry nothing', async () => {
    const { port, reasons } = await floodable(isTls);
    const socket = await attacker(port, isTls);
    expect(await flood(socket, frame(FrameType.WINDOW_UPDATE, 0, 0, number(1)))).toBeLessThan(2000);
    expect(reasons()).toEqual(['connection dropped: protocol without content']);
  });

  test('that sends its content a byte at a time', async () => {
    const { port, reasons } = await floodable(isTls);
    const socket = await attacker(port, isTls);
    socket.write(frame(FrameType.HEADERS, END_HEADERS, 1, callFields(CONNECT)));
    const byte = frame(FrameType.DATA, 0, 1, Buffer.of(0));
    expect(await flood(socket, byte)).toBeLessThan(2000);
    expect(reasons()).toEqual(['connection dropped: content a few bytes at a time']);
  });
});

describe('a peer that works hard is not cut', () => {
  test('with much content in frames of the usual size', async () => {
    const { port, reasons } = await floodable(false);
    const socket = await attacker(port, false);
    socket.write(frame(FrameType.HEADERS, END_HEADERS, 1, callFields(CONNECT)));
    const content = frame(FrameType.DATA, 0, 1, Buffer.alloc(300));
    const began = performance.now();
    // Its window is not watched: less than that is sent at a time.
    while (performance.now() - began < 1500) {
      socket.write(Buffer.concat(Array.from({ length: 60 }, () => content)));
      await delay(5);
    }
    expect(socket.destroyed).toBe(false);
    expect(reasons()).toEqual([]);
  });

  test('with a thousand calls on one connection', async () => {
    const { url, reasons } = await floodable(false);
    const session = http2Session(url);
    const headers = { ':method': 'POST', ':path': GET_ROOM, 'content-type': 'application/json' };
    for (let batch = 0; batch < 5; batch += 1) {
      const answers = await Promise.all(
        Array.from({ length: 200 }, () => http2Request(session, headers, '{"name":"a"}')),
      );
      expect(answers.every(({ status }) => status === 200)).toBe(true);
    }
    expect(reasons()).toEqual([]);
  });
});

test('an address whose connections are cut may open no others for a while; another one may', async () => {
  const { port } = await floodable(false, {
    limits: { connectionRate: { burst: 3, perSecond: 1 }, cutCost: 3, lockoutMs: 600_000 },
  });
  const socket = await attacker(port, false);
  await flood(socket, frame(FrameType.WINDOW_UPDATE, 0, 0, number(1)));
  const answered = async (localAddress: string) => {
    const peer = connectSocket({ port, host: '127.0.0.1', localAddress });
    sockets.push(peer);
    peer.on('error', () => {});
    peer.write('GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n');
    return new Promise<boolean>((resolve) => {
      peer.once('data', () => resolve(true));
      peer.once('close', () => resolve(false));
    });
  };
  expect(await answered('127.0.0.1')).toBe(false);
  expect(await answered('127.0.0.2')).toBe(true);
});

describe.each([
  ['in clear text', false],
  ['over TLS', true],
])('a connection %s', (_how, isTls) => {
  test('whose first request trickles in is cut, and not one that has made a request', async () => {
    const { port, reasons } = await floodable(isTls);
    const served = await attacker(port, isTls);
    served.write(frame(FrameType.HEADERS, END_HEADERS, 1, callFields(CONNECT)));
    const slow = await attacker(port, isTls);
    const silent = await attacker(port, isTls);
    const request = frame(FrameType.HEADERS, END_HEADERS, 1, Buffer.alloc(1000));
    for (let at = 0; at < 30 && !slow.destroyed; at += 1) {
      slow.write(request.subarray(at, at + 1));
      served.write(frame(FrameType.DATA, 0, 1, Buffer.of(0)));
      await delay(60);
    }
    expect([slow, served, silent].map(({ destroyed }) => destroyed)).toEqual([true, false, false]);
    expect(reasons()).toEqual(['connection dropped: a request that trickles in']);
  });
});

test('an address has so many TLS handshakes under way, and no more', async () => {
  const { port } = await floodable(true, { limits: { handshakesPerAddress: 5 } });
  const silent = Array.from({ length: 8 }, () => {
    const socket = connectSocket(port, '127.0.0.1');
    sockets.push(socket);
    socket.on('error', () => {});
    socket.resume();
    return socket;
  });
  await delay(200);
  expect(silent.filter(({ destroyed }) => destroyed)).toHaveLength(3);
  for (const socket of silent.filter(({ destroyed }) => !destroyed).slice(2)) socket.destroy();
  for (let count = 0; count < 10; count += 1) {
    // The gateway hears of the end of a handshake after its client.
    await delay(50);
    await attacker(port, true);
  }
});

test('requests over HTTP/1.1 that do not wait for answers are cut', async () => {
  const { port, reasons } = await floodable(false);
  const socket = connectSocket(port, '127.0.0.1');
  sockets.push(socket);
  socket.on('error', () => {});
  socket.resume();
  expect(await flood(socket, Buffer.from('GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n'))).toBeLessThan(2000);
  expect(reasons()).toEqual(['connection dropped: requests']);
});
