import type { Socket } from 'node:net';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { clientFrames, Page, registeredPage, startClassic } from '../lanes/classic/classic-core.ts';
import { clientFrame, type LaneServer, RawClient, upgradeRequest } from '../lanes/websocket/lane-server.ts';
import { waitUntil } from '../lanes/websocket/wait-until.ts';

let server: LaneServer;
beforeEach(async () => {
  server = await startClassic();
});
afterEach(() => server.close());

const types = [
  'register',
  'offer',
  'answer',
  'pranswer',
  'rollback',
  'candidate',
  'candidates',
  'ice-candidate',
  'bye',
  'leave',
  'request_offer',
  'chat',
  'error',
  'ping',
  'pong',
  '__proto__',
  'toString',
  'constructor',
  '',
];
const receivers = ['bob', '2.b.1', '1.zz.9', 'nobody', '', '__proto__', '\ud800', 7, null, {}];
const inner = fc.oneof(
  fc.jsonValue({ maxDepth: 3 }),
  fc.record(
    {
      sdp: fc.jsonValue({ maxDepth: 2 }),
      candidate: fc.jsonValue({ maxDepth: 2 }),
      candidates: fc.jsonValue({ maxDepth: 2 }),
      sdpMid: fc.jsonValue({ maxDepth: 1 }),
      sdpMLineIndex: fc.oneof(fc.double(), fc.jsonValue({ maxDepth: 1 })),
      usernameFragment: fc.jsonValue({ maxDepth: 1 }),
      id: fc.constantFrom('ann', 'other', 5, null),
    },
    { requiredKeys: [] },
  ),
);
const message = fc.record(
  {
    type: fc.constantFrom(...types),
    to: fc.constantFrom(...receivers),
    data: inner,
    sdp: inner,
    candidate: inner,
  },
  { requiredKeys: ['type'] },
);

test('whatever JSON a page sends, the lane answers or relays it and goes on', {
  timeout: 30_000,
}, async () => {
  const { page, seen } = await registeredPage(server);
  const messages = fc.sample(message, { numRuns: 3000, seed: 20261122 });
  for (const each of messages) if (each.type !== 'leave') page.send(JSON.stringify(each));
  page.send({ type: 'ping' });
  await waitUntil(
    () => page.got.at(-1)?.type === 'pong' && seen.frames.length > 100,
    'the last answer',
    20_000,
  );
  page.send({ type: 'the-last', to: 'bob' });
  await waitUntil(
    () =>
      clientFrames(seen).some(({ body }) => body.case === 'message' && body.value.messageType === 'the-last'),
    'the last frame',
  );
  const sequence = clientFrames(seen).flatMap(({ seq }) => (seq > 0 ? [seq] : []));
  expect(sequence).toEqual(Array.from(sequence.keys(), (index) => index + 1));
  expect([seen.violations, seen.causes]).toEqual([[], []]);
  page.socket.terminate();
});

const breaches: readonly [string, Buffer, number][] = [
  ['an unmasked frame', clientFrame(1, '{}', { masked: false }), 1002],
  ['a message above the limit', clientFrame(1, Buffer.alloc(300_001)).subarray(0, 14), 1009],
  ['text that is not UTF-8', clientFrame(1, Buffer.from([0xff])), 1007],
];

test.each(breaches)('%s closes with its code', async (_what, bytes, code) => {
  const client = await RawClient.send(server.port, upgradeRequest({ 'sec-websocket-protocol': undefined }));
  await waitUntil(() => client.received.includes('\r\n\r\n'), 'the upgrade');
  client.socket.write(bytes);
  expect((await client.closeFrame()).code).toBe(code);
  expect(server.seen).toHaveLength(0);
  client.socket.destroy();
  const { page, seen } = await registeredPage(server);
  (page.socket as unknown as { _socket: Socket })._socket.write(bytes);
  await waitUntil(() => page.closed !== undefined, 'the close of a registered page');
  expect(page.closed?.code).toBe(code);
  expect(seen.violations).toHaveLength(1);
});

test('binary messages are read as text, and garbage in them is an error like any other', async () => {
  const page = await new Page(server).open();
  page.socket.send(Buffer.from('{"type":"ping"}'));
  page.socket.send(Buffer.from([0xff, 0xfe]));
  await page.message(1);
  expect(page.got[0]).toEqual({ type: 'pong' });
  expect(page.got[1]).toMatchObject({ type: 'error', data: { reason: 'MALFORMED' } });
  page.socket.terminate();
});

test('a page that is gone while its token is made leaves nothing', async () => {
  let give: ((token: string) => void) | undefined;
  const slow = await startClassic(
    {},
    () =>
      new Promise((resolve) => {
        give = resolve;
      }),
  );
  const page = await new Page(slow).open();
  page.send({ type: 'register', data: { id: 'ann' } });
  await waitUntil(() => give !== undefined, 'the token is asked for');
  for (const socket of slow.sockets) socket.destroy();
  await waitUntil(() => slow.sockets.size === 0, 'the end');
  give?.('late');
  await new Promise((resolve) => setTimeout(resolve, 10));
  expect([slow.seen.length, slow.timers]).toEqual([0, 0]);
  page.socket.terminate();
  await slow.close();
});

test('a subprotocol that is unknown is refused even where the classic dialect is on', async () => {
  const client = await RawClient.send(server.port, upgradeRequest({ 'sec-websocket-protocol': 'chat' }));
  await waitUntil(() => client.ended, 'the refusal');
  expect(client.received.toString()).toMatch(/^HTTP\/1\.1 400 /);
  client.socket.destroy();
});
