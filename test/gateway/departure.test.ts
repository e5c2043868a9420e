import type { FastifyInstance } from 'fastify';
import { expect, test } from 'vitest';
import { encodeFields } from '../fuzz/kit/hpack.ts';
import { FrameType, http2Frame, PREFACE, settings, writeFrame } from '../fuzz/kit/http2-frames.ts';
import { delay, gateway, rawPeer } from './harness.ts';
import { http2Session } from './http2-client.ts';

const hello = http2Frame(FrameType.SETTINGS, 0, 0, settings());
const request = http2Frame(
  FrameType.HEADERS,
  5,
  1,
  encodeFields([
    [':method', 'GET'],
    [':scheme', 'http'],
    [':authority', 'a'],
    [':path', '/slow'],
  ]),
);
const goAway = http2Frame(FrameType.GOAWAY, 0, 0, new Uint8Array(8));
const brokenData = http2Frame(FrameType.DATA, 1, 0, new Uint8Array(0));

/** Answers after `ms`. */
function slow(ms: number) {
  return {
    pages: (app: FastifyInstance) => void app.get('/slow', () => delay(ms).then(() => 'ok')),
  };
}

test('a peer that breaks the protocol behind its GOAWAY does not keep its socket', async () => {
  const started = await gateway({ ...slow(20_000), limits: { departureMs: 200 } });
  const peer = await rawPeer(
    started.port,
    Buffer.concat([PREFACE, ...[hello, request, goAway, brokenData].map(writeFrame)]),
  );
  await delay(100);
  peer.socket.resetAndDestroy();
  // Left to Node the socket stays until the stream ends: it reads no more, and does not see the reset.
  for (let wait = 0; wait < 100 && started.openSockets > 0; wait += 1) await delay(20);
  expect(started.openSockets).toBe(0);
});

test('a peer that says GOAWAY finishes what it has begun, as long as it is heard', async () => {
  const { url } = await gateway({ ...slow(800), limits: { departureMs: 200 } });
  const session = http2Session(url);
  const stream = session.request({ ':method': 'GET', ':path': '/slow' });
  const other = session.request({ ':method': 'POST', ':path': '/slow' });
  other.on('error', () => {});
  let text = '';
  stream.on('data', (chunk) => {
    text += chunk;
  });
  await delay(50);
  session.goaway(0);
  const talking = setInterval(() => other.write('x'), 50);
  await new Promise((resolve) => stream.once('close', resolve));
  clearInterval(talking);
  expect(text).toBe('ok');
});
