import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { clientFrame, framed, LaneServer, RawClient, request } from '../lanes/websocket/lane-server.ts';
import { waitUntil } from '../lanes/websocket/wait-until.ts';

const LIMIT = 300_000;
let server: LaneServer;

beforeEach(async () => {
  server = await LaneServer.start({}, { maxMessageBytes: LIMIT });
});
afterEach(() => server.close());

const closeWith = (...bytes: number[]) => clientFrame(8, Buffer.from(bytes));

/** Bad input, the close code that answers it, and what the developer is told. Case groups after the Autobahn suite. */
const framing: readonly [string, Buffer, number, RegExp][] = [
  ['an unmasked frame', clientFrame(2, request('x'), { masked: false }), 1002, /not masked/],
  [
    'an unmasked frame of which only two bytes came',
    clientFrame(2, 'abc', { masked: false }).subarray(0, 2),
    1002,
    /not masked/,
  ],
  [
    'RSV1 (permessage-deflate without negotiation)',
    clientFrame(2, request('x'), { rsv: 4 }),
    1002,
    /reserved bit/,
  ],
  ['RSV2', clientFrame(2, request('x'), { rsv: 2 }), 1002, /reserved bit/],
  ['RSV3 on a Ping', clientFrame(9, '', { rsv: 1 }), 1002, /reserved bit/],
  ...[3, 4, 5, 6, 7, 11, 12, 13, 14, 15].map((opcode): [string, Buffer, number, RegExp] => [
    `opcode ${opcode}`,
    clientFrame(opcode),
    1002,
    /opcode \d+ is reserved/,
  ]),
  ['a Ping of 126 bytes', clientFrame(9, Buffer.alloc(126)), 1002, /more than 125/],
  ['a Close of 126 bytes', clientFrame(8, Buffer.alloc(126)), 1002, /more than 125/],
  ['a fragmented Ping', clientFrame(9, 'x', { fin: false }), 1002, /control frame is fragmented/],
  [
    'a Pong whose fragment continues',
    Buffer.concat([clientFrame(10, 'x', { fin: false }), clientFrame(0)]),
    1002,
    /fragmented/,
  ],
  ['a continuation of nothing', clientFrame(0, 'x'), 1002, /continues nothing/],
  ['a continuation of nothing without FIN', clientFrame(0, 'x', { fin: false }), 1002, /continues nothing/],
  [
    'a continuation after a whole message',
    Buffer.concat([clientFrame(2, request('x')), clientFrame(0, 'y')]),
    1002,
    /continues nothing/,
  ],
  [
    'a message inside a fragmented one',
    Buffer.concat([clientFrame(2, 'x', { fin: false }), clientFrame(2, 'y')]),
    1002,
    /inside a fragmented/,
  ],
  ['5 bytes with a 16-bit length', clientFrame(2, 'abcde', { length: 'medium' }), 1002, /in two bytes/],
  ['5 bytes with a 64-bit length', clientFrame(2, 'abcde', { length: 'long' }), 1002, /in eight bytes/],
  [
    '65,535 bytes with a 64-bit length',
    clientFrame(2, Buffer.alloc(65_535), { length: 'long' }),
    1002,
    /in eight bytes/,
  ],
  [
    'a 64-bit length with its highest bit set',
    Buffer.from('82ff8000000000000000', 'hex'),
    1002,
    /highest bit/,
  ],
  ['a length of 2^53', Buffer.from('82ff002000000000000001020304', 'hex'), 1009, /limit 300000/],
  [
    'a length of one byte above the limit',
    clientFrame(2, Buffer.alloc(LIMIT + 1)).subarray(0, 14),
    1009,
    /300001/,
  ],
  [
    'fragments that add up to more than the limit',
    Buffer.concat([clientFrame(2, Buffer.alloc(LIMIT), { fin: false }), clientFrame(0, 'x')]),
    1009,
    /300001/,
  ],
  [
    'a text message that is not UTF-8',
    clientFrame(1, Buffer.from('cebae1bdb9cf83cebcceb5eda080656469746564', 'hex')),
    1007,
    /UTF-8/,
  ],
  ['a text message cut inside a code point', clientFrame(1, Buffer.from([0xe2, 0x82])), 1007, /UTF-8/],
  [
    'a code point above U+10FFFF over two fragments',
    Buffer.concat([
      clientFrame(1, Buffer.from([0xf4, 0x90]), { fin: false }),
      clientFrame(0, Buffer.from([0x80, 0x80])),
    ]),
    1007,
    /UTF-8/,
  ],
];

const closes: readonly [string, Buffer, number][] = [
  ['a Close of one byte', closeWith(3), 1002],
  ...[0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535].map(
    (code): [string, Buffer, number] => [`a Close with code ${code}`, closeWith(code >> 8, code & 255), 1002],
  ),
  ['a Close whose reason is not UTF-8', closeWith(3, 232, 0xff), 1007],
];

const validCloses = [
  1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999,
];

describe('a breach of RFC 6455 reaches the core as a violation and closes with its code', () => {
  test.each(framing)('%s', async (_what, bytes, code, detail) => {
    const client = await RawClient.open(server.port);
    client.socket.write(bytes);
    const close = await client.closeFrame();
    expect(close.code).toBe(code);
    expect(close.reason).toMatch(detail);
    const seen = await server.lane();
    expect(seen.violations).toEqual([
      { reason: code === 1009 ? 'too-large' : 'malformed', detail: expect.stringMatching(detail) },
    ]);
    expect(seen.causes).toEqual([]);
    client.socket.destroy();
  });

  test.each(closes)('%s', async (_what, bytes, code) => {
    const client = await RawClient.open(server.port);
    client.socket.write(bytes);
    expect((await client.closeFrame()).code).toBe(code);
    client.socket.destroy();
  });
});

test.each(validCloses)('a Close with code %i is echoed and detaches', async (code) => {
  const client = await RawClient.open(server.port);
  client.socket.write(closeWith(code >> 8, code & 255, 0x6f, 0x6b));
  expect((await client.closeFrame()).code).toBe(code);
  expect((await server.lane()).causes).toEqual(['half-closed']);
  client.socket.destroy();
});

test('a Close without a code is answered with 1000', async () => {
  const client = await RawClient.open(server.port);
  client.socket.write(clientFrame(8));
  expect((await client.closeFrame()).code).toBe(1000);
  client.socket.destroy();
});

/** What a binary message must not hold, and the same for JSON. The core answers `invalid_argument`: 4003. */
const messages: readonly [string, string, Buffer, number, RegExp][] = [
  ['an empty message', 'proto', clientFrame(2, ''), 4003, /`frame` is missing/],
  ['another field alone', 'proto', clientFrame(2, Buffer.from([0x12, 0])), 4003, /`frame` is missing/],
  ['a wrong wire type', 'proto', clientFrame(2, Buffer.from([0x08, 1])), 4003, /wrong wire type/],
  [
    'a length beyond the message',
    'proto',
    clientFrame(2, Buffer.from([0x0a, 5, 1])),
    4003,
    /5 bytes, 1 follow/,
  ],
  [
    'bytes behind the frame',
    'proto',
    clientFrame(2, Buffer.from([0x0a, 1, 1, 1])),
    4003,
    /ConnectRequest: malformed/,
  ],
  [
    'the frame twice',
    'proto',
    clientFrame(2, Buffer.concat([request('a'), request('b')])),
    4003,
    /given twice/,
  ],
  ['an over-long length', 'proto', clientFrame(2, Buffer.from([0x0a, 0x81, 0, 1])), 4003, /over-long/],
  [
    'a length that does not end',
    'proto',
    clientFrame(2, Buffer.from([0x0a, 0x80, 0x80])),
    4003,
    /cannot be read/,
  ],
  [
    'a length of six bytes',
    'proto',
    clientFrame(2, Buffer.from('0affffffffff7f', 'hex')),
    4003,
    /cannot be read/,
  ],
  ['a tag alone', 'proto', clientFrame(2, Buffer.from([0x0a])), 4003, /cannot be read/],
  ['text on the binary subprotocol', 'proto', clientFrame(1, '{}'), 1003, /takes binary/],
  ['binary on the JSON subprotocol', 'json', clientFrame(2, '{}'), 1003, /takes text/],
  ['no JSON', 'json', clientFrame(1, '{"frame":'), 4003, /JSON/],
  ['an empty text', 'json', clientFrame(1, ''), 4003, /JSON/],
  ['JSON null', 'json', clientFrame(1, 'null'), 4003, /ConnectRequest/],
  ['an array', 'json', clientFrame(1, '[]'), 4003, /ConnectRequest/],
  ['no frame', 'json', clientFrame(1, '{}'), 4003, /`frame` is missing/],
  [
    'a wrong type, named by its field',
    'json',
    clientFrame(1, '{"frame":{"signal":{"to":1}}}'),
    4003,
    /signalbox\.v1\.Signal\.to/,
  ],
  ['a number out of range', 'json', clientFrame(1, '{"frame":{"seq":4294967296}}'), 4003, /ClientFrame\.seq/],
  ['two bodies', 'json', clientFrame(1, '{"frame":{"ping":{},"pong":{}}}'), 4003, /oneof/],
  [
    'deep nesting',
    'json',
    clientFrame(1, `{"frame":${'['.repeat(100_000)}${']'.repeat(100_000)}}`),
    4003,
    /ClientFrame/,
  ],
];

test.each(messages)(
  '%s (%s) is a violation that names what is wrong',
  async (_what, dialect, bytes, code, detail) => {
    const client = await RawClient.open(server.port, `signalbox.v1.${dialect}`);
    client.socket.write(bytes);
    const close = await client.closeFrame();
    expect([close.code, close.reason]).toEqual([code, expect.anything()]);
    const seen = await server.lane();
    expect(seen.violations).toHaveLength(1);
    expect(seen.violations[0]?.detail).toMatch(detail);
    expect(seen.frames).toEqual([]);
    client.socket.destroy();
  },
);

test('nothing behind a breach is read, and other lanes go on', async () => {
  const good = await RawClient.open(server.port);
  const bad = await RawClient.open(server.port);
  bad.socket.write(
    Buffer.concat([clientFrame(2, request('before')), clientFrame(3), clientFrame(2, request('after'))]),
  );
  await bad.closeFrame();
  good.socket.write(clientFrame(2, request('undisturbed')));
  await waitUntil(() => server.seen[0]?.frames.length === 1, 'the good lane is read');
  expect(server.seen[1]?.frames.map(String)).toEqual(['before']);
  good.socket.destroy();
  bad.socket.destroy();
});

test('a message sent a byte at a time arrives, and costs memory as it comes', async () => {
  const client = await RawClient.open(server.port);
  client.socket.setNoDelay(true);
  for (const byte of clientFrame(2, request('slow but whole'))) {
    await new Promise((resolve) => client.socket.write(Buffer.from([byte]), resolve));
  }
  await waitUntil(() => server.seen[0]?.frames.length === 1, 'the frame');
  expect(server.seen[0]?.frames[0]?.toString()).toBe('slow but whole');
  client.socket.destroy();
});

test('1,000 sockets that die under back-pressure leave no socket, timer or listener', {
  timeout: 60_000,
}, async () => {
  const batch = 100;
  let opened = 0;
  for (let round = 0; round < 10; round++) {
    const clients = await Promise.all(Array.from({ length: batch }, () => RawClient.open(server.port)));
    await waitUntil(() => server.seen.length === opened + batch, 'all lanes are open');
    const seen = server.seen.slice(opened);
    const sockets = [...server.sockets];
    opened += batch;
    for (const client of clients) client.socket.pause();
    for (const { lane } of seen) {
      const block = framed(lane, Buffer.alloc(200_000));
      for (let writes = 0; writes < 200 && lane.write(block); writes++);
    }
    for (const [index, client] of clients.entries()) {
      if (index % 3 === 0) client.socket.resetAndDestroy();
      else if (index % 3 === 1) client.socket.destroy();
      else seen[index]?.lane.end({ status: 'unavailable', message: 'draining' });
    }
    await waitUntil(() => server.sockets.size === 0, 'all sockets are gone', 10_000);
    for (const client of clients) client.socket.destroy();
    for (const { causes, lane } of seen) {
      expect(causes.length).toBeLessThanOrEqual(1);
      expect(lane.write(Buffer.from([0x82, 0]))).toBe(true);
    }
    expect(seen.filter(({ causes }) => causes.length === 1).length).toBeGreaterThanOrEqual(66);
    for (const socket of sockets) {
      expect(['data', 'drain', 'error'].map((event) => socket.listenerCount(event))).toEqual([0, 0, 0]);
    }
  }
  expect(server.timers).toBe(0);
});
