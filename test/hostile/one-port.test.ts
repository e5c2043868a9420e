import { connect as connectSocket } from 'node:net';
import { createClient } from '@connectrpc/connect';
import { createGrpcTransport } from '@connectrpc/connect-node';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { RoomService } from '../../gen/signalbox/v1/room_service_pb.ts';
import type { GatewayLimits } from '../../src/gateway/limits.ts';
import { delay, drip, elapsed, gateway, type RawPeer, rawPeer } from '../gateway/harness.ts';
import { http2Request, http2Session } from '../gateway/http2-client.ts';
import { rooms } from '../gateway/rooms.ts';

const GET_ROOM = '/signalbox.v1.RoomService/GetRoom';
const PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';
const SETTINGS = Uint8Array.of(0, 0, 0, 4, 0, 0, 0, 0, 0);

/** The deadlines of the port, cut so that a test takes a second. Their proportions are kept. */
const SHORT: Partial<GatewayLimits> = {
  prefaceMs: 200,
  headersMs: 300,
  requestMs: 600,
  bodyMs: 400,
  firstStreamMs: 300,
  idleSessionMs: 300,
  responseMs: 500,
  lingerMs: 200,
  checkMs: 50,
};
/** What a loaded machine may be late by. */
const SLACK_MS = 1_500;

/** How long the gateway keeps a peer that says nothing more. */
function lasts(peer: RawPeer): Promise<number> {
  return elapsed(peer.closed);
}

function within(ms: number, deadline: number): void {
  expect(ms).toBeGreaterThan(deadline * 0.5);
  expect(ms).toBeLessThan(deadline + SLACK_MS);
}

describe('a peer that stalls is ended at its deadline, and nobody else', () => {
  let port = 0;
  let url = '';
  let neighbour: { stop(): Promise<number> };

  beforeEach(async () => {
    ({ port, url } = await gateway({ routes: rooms, limits: SHORT }));
    neighbour = chatter(url);
  });
  afterEach(async () => {
    expect(await neighbour.stop()).toBeGreaterThan(0);
  });

  test('one that says nothing', async () => {
    within(await lasts(await rawPeer(port)), 200);
  });

  test('one byte of the HTTP/2 preface and silence', async () => {
    const peer = await rawPeer(port, 'P');
    within(await lasts(peer), 200);
    expect(peer.text()).toBe('');
  });

  test('one byte of HTTP/1.1 and silence', async () => {
    const peer = await rawPeer(port, 'G');
    within(await lasts(peer), 300);
    expect(peer.text()).toMatch(/^HTTP\/1\.1 408 /);
  });

  test('a preface a byte at a time that does not come to its end', async () => {
    const peer = await rawPeer(port);
    const dripping = drip(peer, PREFACE.slice(0, 20), 25);
    within(await lasts(peer), 200);
    await dripping;
  });

  test('the preface and silence', async () => {
    within(await lasts(await rawPeer(port, PREFACE)), 300);
  });

  test('the preface, then pings and no request', async () => {
    const peer = await rawPeer(port, Buffer.concat([Buffer.from(PREFACE), SETTINGS]));
    const ping = Uint8Array.of(0, 0, 8, 6, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
    const pings = setInterval(() => peer.socket.write(ping), 40);
    const ms = await lasts(peer);
    clearInterval(pings);
    within(ms, 300);
  });

  test('headers a byte at a time over HTTP/1.1', async () => {
    const peer = await rawPeer(port);
    const dripping = drip(peer, `GET /healthz HTTP/1.1\r\nHost: a\r\nX-Long: ${'x'.repeat(100)}`, 10);
    within(await lasts(peer), 300);
    expect(peer.text()).toMatch(/^HTTP\/1\.1 408 /);
    await dripping;
  });

  test('headers that never end over HTTP/2', async () => {
    const block = Uint8Array.of(0x82, 0x86, 0x84);
    const headersWithoutEnd = Uint8Array.of(0, 0, block.length, 1, 0, 0, 0, 0, 1, ...block);
    const peer = await rawPeer(port, Buffer.concat([Buffer.from(PREFACE), SETTINGS, headersWithoutEnd]));
    const continuation = Uint8Array.of(0, 0, 2, 9, 0, 0, 0, 0, 1, 0x40, 0x01);
    const dripping = drip(peer, continuation, 40);
    within(await lasts(peer), 300);
    await dripping;
  });

  test('a body a byte at a time over HTTP/1.1, told so in its protocol', async () => {
    const peer = await rawPeer(
      port,
      `POST ${GET_ROOM} HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n`,
    );
    const dripping = drip(peer, ' '.repeat(200), 10);
    within(await lasts(peer), 400);
    expect(peer.text()).toMatch(/^HTTP\/1\.1 504 [\s\S]*deadline_exceeded/);
    await dripping;
  });

  test('a body that stops over HTTP/2, its stream alone', async () => {
    const session = http2Session(url);
    const stalled = session.request({
      ':method': 'POST',
      ':path': GET_ROOM,
      'content-type': 'application/grpc',
    });
    stalled.on('error', () => {});
    stalled.write(Uint8Array.of(0, 0, 0, 1));
    const status = new Promise((resolve) =>
      stalled.on('response', (fields) => resolve(fields['grpc-status'])),
    );
    stalled.resume();
    const ended = elapsed(new Promise<void>((resolve) => stalled.once('close', () => resolve())));
    const other = await http2Request(
      session,
      { ':method': 'POST', ':path': GET_ROOM, 'content-type': 'application/json' },
      '{"name":"a"}',
    );
    expect(other.body.toString()).toBe('{"room":{"name":"a"}}');
    within(await ended, 400);
    expect(await status).toBe('4');
    expect(session.closed).toBe(false);
  });

  test('an HTTP/2 connection that has done its work', async () => {
    const session = http2Session(url);
    await http2Request(session, { ':path': '/healthz' });
    within(await elapsed(new Promise<void>((resolve) => session.once('close', () => resolve()))), 300);
  });

  test.each(['/healthz', GET_ROOM])('one that does not read its answer from %s', async (path) => {
    const session = http2Session(url, { settings: { initialWindowSize: 0 } });
    const stream = session.request({
      ':method': path === GET_ROOM ? 'POST' : 'GET',
      ':path': path,
      'content-type': 'application/json',
    });
    stream.on('error', () => {});
    stream.end('{"name":"a"}');
    const ended = elapsed(new Promise<void>((resolve) => stream.once('close', () => resolve())));
    within(await ended, 500);
  });
});

test('a peer that takes no notice of the end of its connection does not keep the socket', async () => {
  const started = await gateway({ limits: SHORT });
  const block = Buffer.from([0x82, 0x86, 0x04, 8, ...Buffer.from('/healthz'), 0x01, 1, 0x61]);
  const request = Buffer.concat([Uint8Array.of(0, 0, block.length, 1, 5, 0, 0, 0, 1), block]);
  const bytes = Buffer.concat([Buffer.from(PREFACE), SETTINGS, request]);
  const peer = await rawPeer(started.port, bytes, { allowHalfOpen: true });
  const begun = performance.now();
  for (let wait = 0; wait < 100 && started.openSockets > 0; wait++) await delay(20);
  within(performance.now() - begun, 300 + 200);
  expect(peer.text()).toContain('SERVING');
});

describe('a peer that is slow but in time is served', () => {
  test('an HTTP/2 preface a byte at a time', async () => {
    const { port } = await gateway({ routes: rooms, limits: { prefaceMs: 5_000 } });
    const session = http2Session('http://gateway', {
      createConnection: () => slowStart(port, PREFACE.length, 5),
    });
    const answer = await http2Request(session, { ':path': '/healthz' });
    expect(answer.body.toString()).toBe('{"status":"SERVING"}');
  });

  test('an HTTP/1.1 request a byte at a time, whatever it shares with the preface', async () => {
    const { port } = await gateway({ routes: rooms });
    const body = '{"name":"a"}';
    const peer = await rawPeer(port);
    await drip(
      peer,
      `POST ${GET_ROOM} HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`,
      1,
    );
    expect(await peer.closed).toMatch(/^HTTP\/1\.1 200 [\s\S]*\{"room":\{"name":"a"\}\}$/);
  });

  test('waiting for the rest of a preface costs no CPU', async () => {
    const { port } = await gateway();
    const peers = await Promise.all(Array.from({ length: 50 }, () => rawPeer(port, 'PRI * HTTP')));
    const before = process.cpuUsage();
    await delay(500);
    const { user, system } = process.cpuUsage(before);
    expect((user + system) / 1_000).toBeLessThan(250);
    for (const peer of peers) peer.socket.destroy();
  });
});

describe('input that breaks HTTP', () => {
  test.each([
    ['a preface of another version', 'PRI * HTTP/1.1\r\nHost: a\r\n\r\n', /^HTTP\/1\.1 4\d\d /],
    ['bytes that are no HTTP', '\x00\x01\x02\x03', /^HTTP\/1\.1 400 /],
    [
      'a TLS handshake to a clear-text port',
      '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03',
      /^HTTP\/1\.1 400 /,
    ],
    [
      'headers beyond the limit',
      `GET / HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`,
      /^HTTP\/1\.1 431 /,
    ],
    [
      'two lengths',
      'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n',
      /^HTTP\/1\.1 400 /,
    ],
    [
      'a length and chunks',
      'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
      /^HTTP\/1\.1 400 /,
    ],
    ['no Host', 'GET /healthz HTTP/1.1\r\n\r\n', /^HTTP\/1\.1 400 /],
    ['a tunnel', 'CONNECT example.org:443 HTTP/1.1\r\nHost: example.org\r\n\r\n', /^$/],
  ])('%s is refused and the connection ends', async (_name, bytes, answer) => {
    const { port } = await gateway({ limits: SHORT });
    const peer = await rawPeer(port, Buffer.from(bytes, 'latin1'));
    expect(await peer.closed).toMatch(answer);
  });

  test('headers beyond the limit over HTTP/2 end their stream alone', async () => {
    const { url } = await gateway();
    const session = http2Session(url);
    const large = http2Request(session, { ':path': '/healthz', 'x-large': 'x'.repeat(20_000) });
    await expect(large.then((answer) => answer.status))
      .resolves.toBeOneOf([431, Number.NaN])
      .catch(() => undefined);
    expect((await http2Request(session, { ':path': '/healthz' })).status).toBe(200);
  });

  test('an HTTP/2 frame larger than agreed ends that connection alone', async () => {
    const { port, url } = await gateway();
    const frame = Buffer.alloc(9 + 20_000);
    frame.writeUIntBE(20_000, 0, 3);
    const peer = await rawPeer(port, Buffer.concat([Buffer.from(PREFACE), SETTINGS, frame]));
    await peer.closed;
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
  });
});

test('1,000 sockets dropped at every stage leave no socket and no timer', async () => {
  const started = await gateway({ routes: rooms });
  const timers = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
  await fetch(`${started.url}/healthz`, { headers: { connection: 'close' } });
  const before = timers();
  const stages = [
    '',
    'P',
    'PRI * HTTP/2.0\r\n\r\nSM\r\n\r',
    PREFACE,
    'GET /heal',
    'GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n',
    `POST ${GET_ROOM} HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{"na`,
    `POST ${GET_ROOM} HTTP/1.1\r\nHost: a\r\nContent-Type: application/grpc-web\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n`,
  ];
  for (let batch = 0; batch < 10; batch++) {
    const peers = await Promise.all(
      Array.from({ length: 100 }, (_, i) => rawPeer(started.port, stages[i % stages.length])),
    );
    await delay(10);
    for (const { socket } of peers) socket.resetAndDestroy();
  }
  for (let wait = 0; wait < 100 && started.openSockets > 0; wait++) await delay(20);
  expect(started.openSockets).toBe(0);
  for (let wait = 0; wait < 100 && timers() > before; wait++) await delay(20);
  expect(timers()).toBeLessThanOrEqual(before);
});

/** A socket whose first bytes leave one at a time. */
function slowStart(port: number, bytes: number, ms: number) {
  const socket = connectSocket(port, '127.0.0.1');
  const write = socket._write.bind(socket);
  let left = bytes;
  socket.setNoDelay(true);
  socket._writev = undefined as never;
  socket._write = (chunk: Buffer, encoding, callback) => {
    if (left <= 0 || chunk.length === 0) {
      write(chunk, encoding, callback);
      return;
    }
    left--;
    write(chunk.subarray(0, 1), encoding, () => {
      setTimeout(() => socket._write(chunk.subarray(1), encoding, callback), ms);
    });
  };
  return socket;
}

/** A well-behaved client that calls all the time; `stop` gives its number of answered calls and throws what failed. */
function chatter(baseUrl: string): { stop(): Promise<number> } {
  const client = createClient(RoomService, createGrpcTransport({ baseUrl }));
  let running = true;
  let answered = 0;
  const calling = (async () => {
    while (running) {
      const { room } = await client.getRoom({ name: 'neighbour' }, { timeoutMs: 5_000 });
      expect(room?.name).toBe('neighbour');
      answered++;
      await delay(20);
    }
  })();
  calling.catch(() => {});
  return {
    stop: async () => {
      running = false;
      await calling;
      return answered;
    },
  };
}
