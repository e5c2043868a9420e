import { connect as connectSocket } from 'node:net';
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { describe, expect, test } from 'vitest';
import { ClientFrameSchema } from '../../gen/signalbox/v1/frame_pb.ts';
import {
  SendFramesRequestSchema,
  SendFramesResponseSchema,
  SignalingService,
} from '../../gen/signalbox/v1/signaling_service_pb.ts';
import type { SendFramesBatch } from '../../src/core/send-frames.ts';
import { sendFramesHandler } from '../../src/lanes/envelope/send-frames.ts';
import { UnaryEndpoint } from '../../src/lanes/envelope/unary-endpoint.ts';
import {
  callFields,
  END_HEADERS,
  END_STREAM,
  FrameType,
  frame,
  number,
  preface,
  settings,
} from '../flood/http2-frames.ts';
import { delay, gateway } from './harness.ts';
import { http2Request, http2Session } from './http2-client.ts';

const path = '/signalbox.v1.SignalingService/SendFrames';
const post = { ':method': 'POST', ':path': path, 'content-type': 'application/proto' };
const body = toBinary(SendFramesRequestSchema, create(SendFramesRequestSchema, { sendKey: 'key', ack: 7 }));

/** A gateway whose SendFrames acknowledges 5, and what it was asked. */
async function sending(options: Parameters<typeof gateway>[0] = {}) {
  const batches: SendFramesBatch[] = [];
  const endpoint = new UnaryEndpoint(
    SignalingService.method.sendFrames,
    sendFramesHandler((batch, done) => {
      batches.push(batch);
      done({ kind: 'done', ack: 5, errors: [] });
    }),
    { requestTimeoutMs: 300 },
  );
  return { ...(await gateway({ ...options, endpoints: [endpoint] })), endpoint, batches };
}

/** Writes these bytes to a new connection, in one piece each; all that comes back in 200 ms. */
async function exchange(port: number, ...pieces: readonly Buffer[]): Promise<Buffer> {
  const socket = connectSocket(port, '127.0.0.1');
  const received: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => received.push(chunk));
  for (const piece of pieces) {
    socket.write(piece);
    await delay(20);
  }
  await delay(200);
  socket.destroy();
  return Buffer.concat(received);
}

const text = (length: number) => ({ case: 'hello', value: { token: 'x'.repeat(length) } }) as const;

const begin = Buffer.concat([preface, settings()]);
const call = frame(FrameType.HEADERS, END_HEADERS, 1, callFields(path, 'application/proto'));

describe('an rpc of a lane over HTTP/2', () => {
  test('is served with the address that the proxy forwarded, and the CORS fields of its origin', async () => {
    const origin = 'https://app.example.org';
    const { url, batches, endpoint } = await sending({
      trustedProxies: ['127.0.0.1'],
      origins: { allowed: [origin], setting: 'origins' },
    });
    const session = http2Session(url);
    const headers = { ...post, origin, 'x-forwarded-for': '192.0.2.9', 'user-agent': 'test' };
    const answer = await http2Request(session, headers, body);
    expect(answer.status).toBe(200);
    expect(answer.headers).toMatchObject({
      'content-type': 'application/proto',
      'access-control-allow-origin': origin,
      vary: 'Origin',
    });
    expect(fromBinary(SendFramesResponseSchema, answer.body).ack).toBe(5);
    expect(batches).toMatchObject([
      { sendKey: 'key', ack: 7, peer: { address: '192.0.2.9', userAgent: 'test' } },
    ]);
    await delay(50);
    expect(endpoint.active).toBe(0);
  });

  test('is refused in its own protocol: origin, content type, authority', async () => {
    const { url, batches } = await sending();
    const session = http2Session(url);
    const foreign = await http2Request(session, { ...post, origin: 'https://evil.example' }, body);
    expect([foreign.status, JSON.parse(foreign.body.toString()).code]).toEqual([403, 'permission_denied']);
    const typed = await http2Request(session, { ...post, 'content-type': 'text/plain' }, body);
    expect([typed.status, typed.headers['accept-post']]).toEqual([415, expect.stringContaining('proto')]);
    const nowhere = await http2Request(session, { ...post, ':authority': 'localhost:99999' }, body);
    expect([nowhere.status, JSON.parse(nowhere.body.toString()).code]).toEqual([400, 'invalid_argument']);
    expect(batches).toEqual([]);
  });

  test('is refused when there are too many connections, with the time to come back', async () => {
    const { url } = await sending({ limits: { maxConnections: 2, addressShare: 1 } });
    const first = http2Session(url);
    expect((await http2Request(first, post, body)).status).toBe(200);
    const answer = await http2Request(http2Session(url), post, body);
    expect(answer.status).toBe(503);
    expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0);
  });

  test('goes the long way with another method, a query, or before its body is wanted', async () => {
    const { url, batches } = await sending({
      origins: { allowed: ['https://a.example'], setting: 'origins' },
    });
    const session = http2Session(url);
    const preflight = { origin: 'https://a.example', 'access-control-request-method': 'POST' };
    const asked = await http2Request(session, { ':method': 'OPTIONS', ':path': path, ...preflight });
    expect([asked.status, asked.headers['access-control-allow-methods']]).toEqual([204, 'POST']);
    const got = await http2Request(session, { ':method': 'GET', ':path': path });
    expect([got.status, got.headers.allow]).toEqual([405, 'POST']);
    const queried = await http2Request(session, { ...post, ':path': `${path}?a=b` }, body);
    expect(queried.status).toBe(200);
    const expecting = await http2Request(session, { ...post, expect: '100-continue' }, body);
    expect(expecting.status).toBe(200);
    const coded = await http2Request(session, { ...post, ':path': path.replace('S', '%53') }, body);
    expect(coded.status).toBe(200);
    expect(batches).toHaveLength(3);
    const unknown = await http2Request(session, { ...post, expect: 'a miracle' }, body);
    expect(unknown.status).toBe(417);
  });
});

describe('a body of SendFrames', () => {
  test('may come with the first bytes of its connection, and be empty', async () => {
    const { port, batches } = await sending();
    await exchange(port, Buffer.concat([begin, call, frame(FrameType.DATA, END_STREAM, 1, body)]));
    await exchange(port, Buffer.concat([begin, call, frame(FrameType.DATA, END_STREAM, 1)]));
    const empty = frame(
      FrameType.HEADERS,
      END_HEADERS | END_STREAM,
      1,
      callFields(path, 'application/proto'),
    );
    await exchange(port, Buffer.concat([begin, empty]));
    expect(batches.map(({ sendKey }) => sendKey)).toEqual(['key', '', '']);
  });

  test('may come in pieces', async () => {
    const { port, batches } = await sending();
    const half = frame(FrameType.DATA, 0, 1, body.subarray(0, 3));
    const rest = frame(FrameType.DATA, END_STREAM, 1, body.subarray(3));
    const answer = await exchange(port, begin, Buffer.concat([call, half]), rest);
    expect(batches.map(({ sendKey, ack }) => [sendKey, ack])).toEqual([['key', 7]]);
    expect(answer.includes(frame(FrameType.DATA, END_STREAM, 1, Buffer.of(8, 5)))).toBe(true);
  });

  test('that is cut off is not handled, whatever the code of the reset', async () => {
    const { port, batches, endpoint } = await sending();
    for (const code of [0, 8]) {
      const cut = frame(FrameType.RST_STREAM, 0, 1, number(code));
      await exchange(port, begin, Buffer.concat([call, frame(FrameType.DATA, 0, 1, body)]), cut);
    }
    expect(batches).toEqual([]);
    expect(endpoint.active).toBe(0);
  });

  test('that does not come whole in time is answered with deadline_exceeded', async () => {
    const { port, batches } = await sending();
    const opened = Buffer.concat([begin, call, frame(FrameType.DATA, 0, 1, body)]);
    const waiting = [settings(), settings(), settings(), settings(), settings(), settings(), settings()];
    const answer = await exchange(port, opened, ...waiting);
    expect(answer.toString('latin1')).toContain('deadline_exceeded');
    expect(batches).toEqual([]);
  });

  test('counts as content of its connection, which is not cut for what it carries', async () => {
    const { url, batches } = await sending();
    const session = http2Session(url);
    const frames = Array.from({ length: 10 }, () =>
      create(ClientFrameSchema, { seq: 1, body: text(10_000) }),
    );
    const large = toBinary(SendFramesRequestSchema, create(SendFramesRequestSchema, { frames }));
    for (let round = 0; round < 10; round++) {
      const answers = Array.from({ length: 5 }, () => http2Request(session, post, large));
      expect((await Promise.all(answers)).map(({ status }) => status)).toEqual([200, 200, 200, 200, 200]);
      await delay(60);
    }
    expect(batches).toHaveLength(50);
  });
});
