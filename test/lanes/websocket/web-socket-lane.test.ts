import { once } from 'node:events';
import { Duplex } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { create, fromJson, toBinary } from '@bufbuild/protobuf';
import { afterEach, expect, test } from 'vitest';
import { WebSocket as Ws } from 'ws';
import { ClientFrameSchema, ServerFrameSchema } from '../../../gen/signalbox/v1/frame_pb.ts';
import type { LaneEndStatus } from '../../../src/core/lane.ts';
import { systemSchedule } from '../../../src/lanes/websocket/linger.ts';
import { WebSocketConnection } from '../../../src/lanes/websocket/web-socket-connection.ts';
import {
  type CoreScript,
  clientFrame,
  framed,
  LaneServer,
  RawClient,
  request,
  serverFrames,
} from './lane-server.ts';
import { waitUntil } from './wait-until.ts';

const open: LaneServer[] = [];

async function start(script: CoreScript = {}, options = {}): Promise<LaneServer> {
  const server = await LaneServer.start(script, options);
  open.push(server);
  return server;
}
afterEach(async () => {
  for (const server of open.splice(0)) await server.close();
});

const echo: CoreScript = {
  frame(seen, frame) {
    seen.lane.write(framed(seen.lane, frame));
    return true;
  },
};

test.each([0, 1, 123, 124, 125, 126, 127, 128, 16_381, 65_530, 65_531, 65_535, 65_536, 200_000])(
  'a frame of %i bytes goes to the core and back unchanged (ws client)',
  async (length) => {
    const server = await start(echo);
    const client = new Ws(server.url(), 'signalbox.v1.proto');
    await once(client, 'open');
    const frame = Buffer.alloc(length, 'signal');
    client.send(request(frame));
    const [data] = (await once(client, 'message')) as [Buffer];
    expect(data.equals(request(frame))).toBe(true);
    expect((await server.lane()).frames[0]?.equals(frame)).toBe(true);
    client.close();
    await once(client, 'close');
  },
);

test("Node's built-in client exchanges frames and sees a clean close", async () => {
  const server = await start(echo);
  const client = new WebSocket(server.url(), ['signalbox.bearer.tok', 'signalbox.v1.proto']);
  client.binaryType = 'arraybuffer';
  await once(client, 'open');
  expect(client.protocol).toBe('signalbox.v1.proto');
  client.send(new Uint8Array(request('hello')));
  const [event] = (await once(client, 'message')) as [MessageEvent<ArrayBuffer>];
  expect(Buffer.from(event.data).equals(request('hello'))).toBe(true);
  const seen = await server.lane();
  seen.lane.end({ status: 'unavailable', message: 'draining' });
  const [close] = (await once(client, 'close')) as [CloseEvent];
  expect([close.code, close.reason, close.wasClean]).toEqual([4014, 'draining', true]);
});

test('a message in fragments with Pings between them is one frame, and the Ping is answered', async () => {
  const server = await start();
  const client = await RawClient.open(server.port);
  const bytes = request('fragmented message');
  client.socket.write(
    Buffer.concat([
      clientFrame(2, bytes.subarray(0, 3), { fin: false }),
      clientFrame(9, 'are you there'),
      clientFrame(0, bytes.subarray(3, 9), { fin: false }),
      clientFrame(0, bytes.subarray(9)),
    ]),
  );
  await waitUntil(() => server.seen[0]?.frames.length === 1, 'the frame arrives');
  expect((await server.lane()).frames[0]?.toString()).toBe('fragmented message');
  await waitUntil(() => client.payload.length > 0, 'the Pong arrives');
  expect(serverFrames(client.payload)).toEqual([{ opcode: 10, payload: Buffer.from('are you there') }]);
  client.socket.destroy();
});

test('of many Pings in one read only the newest is answered', async () => {
  const server = await start();
  const client = await RawClient.open(server.port);
  client.socket.write(
    Buffer.concat(Array.from({ length: 500 }, (_, index) => clientFrame(9, String(index)))),
  );
  await waitUntil(() => client.payload.includes('499'), 'the newest Pong arrives');
  expect(serverFrames(client.payload).length).toBeLessThan(50);
  client.socket.destroy();
});

test('frames that come in one segment with the upgrade request are not lost', async () => {
  const server = await start();
  const early = Buffer.concat([clientFrame(2, request('one')), clientFrame(2, request('two'))]);
  const client = await RawClient.open(server.port, 'signalbox.v1.proto', early);
  await waitUntil(() => server.seen[0]?.frames.length === 2, 'both frames arrive');
  expect((await server.lane()).frames.map(String)).toEqual(['one', 'two']);
  client.socket.destroy();
});

test('a run of joined frames is sent as it is, one message a frame', async () => {
  const server = await start();
  const client = new Ws(server.url(), 'signalbox.v1.proto');
  const messages: Buffer[] = [];
  client.on('message', (data: Buffer) => messages.push(data));
  await once(client, 'open');
  const { lane } = await server.lane();
  lane.write(framed(lane, Buffer.from('a'), Buffer.alloc(70_000, 'b'), Buffer.from('c')));
  await waitUntil(() => messages.length === 3, 'three messages');
  expect(messages.map((message) => message.length)).toEqual([3, 70_004, 3]);
  client.terminate();
});

const ends: readonly [LaneEndStatus, number][] = [
  ['ok', 1000],
  ['invalid_argument', 4003],
  ['deadline_exceeded', 4004],
  ['permission_denied', 4007],
  ['resource_exhausted', 4008],
  ['aborted', 4010],
  ['internal', 4013],
  ['unavailable', 4014],
  ['unauthenticated', 4016],
];

test.each(ends)(
  'an end with %s closes with %i behind what was written, and no event follows',
  async (status, code) => {
    const server = await start();
    const client = new Ws(server.url(), 'signalbox.v1.proto');
    const order: string[] = [];
    client.on('message', () => order.push('message'));
    client.on('close', (closed, reason) => order.push(`${closed} ${reason}`));
    await once(client, 'open');
    const seen = await server.lane();
    seen.lane.write(framed(seen.lane, Buffer.from('last')));
    seen.lane.end({ status, message: 'why' });
    seen.lane.end({ status: 'internal', message: 'again' });
    expect(seen.lane.write(framed(seen.lane, Buffer.from('late')))).toBe(true);
    await waitUntil(() => order.length === 2 && server.sockets.size === 0, 'the end');
    expect(order).toEqual(['message', `${code} why`]);
    expect(seen.causes).toEqual([]);
    expect(server.timers).toBe(0);
  },
);

test('a close reason is cut to 123 bytes at a code point', async () => {
  const server = await start();
  const client = new Ws(server.url(), 'signalbox.v1.proto');
  await once(client, 'open');
  const seen = await server.lane();
  seen.lane.end({ status: 'aborted', message: `x${'é'.repeat(100)}` });
  const [, reason] = (await once(client, 'close')) as [number, Buffer];
  expect(reason.toString()).toBe(`x${'é'.repeat(61)}`);
});

test('a lane may be ended while it is opened', async () => {
  const server = await start({
    opened: ({ lane }) => lane.end({ status: 'resource_exhausted', message: 'full' }),
  });
  const client = new Ws(server.url(), 'signalbox.v1.proto');
  const [code] = (await once(client, 'close')) as [number];
  expect(code).toBe(4008);
  await waitUntil(() => server.sockets.size === 0, 'the socket is gone');
  expect(server.seen[0]?.causes).toEqual([]);
});

test('a peer that ignores the Close is destroyed after the close timeout', async () => {
  const server = await start({}, { closeTimeoutMs: 50 });
  const client = await RawClient.open(server.port);
  const seen = await server.lane();
  seen.lane.end({ status: 'ok', message: '' });
  client.socket.write(clientFrame(2, request('ignored')));
  await waitUntil(() => server.sockets.size === 0, 'the server destroys the socket');
  expect(server.timers).toBe(0);
  expect(seen.frames).toEqual([]);
  client.socket.destroy();
});

test('a Close of the peer is echoed and detaches the lane once', async () => {
  const server = await start();
  const client = new Ws(server.url(), 'signalbox.v1.proto');
  await once(client, 'open');
  client.close(4321, 'bye');
  const [code] = (await once(client, 'close')) as [number];
  expect(code).toBe(4321);
  await waitUntil(() => server.sockets.size === 0, 'the socket is gone');
  expect((await server.lane()).causes).toEqual(['half-closed']);
});

test('a half-close without a Close frame is a drop; a reset is a reset', async () => {
  const server = await start();
  const ending = await RawClient.open(server.port);
  ending.socket.end();
  await waitUntil(() => server.seen[0]?.causes.length === 1, 'the first lane closes');
  expect(server.seen[0]?.causes).toEqual(['dropped']);
  const resetting = await RawClient.open(server.port);
  resetting.socket.resetAndDestroy();
  await waitUntil(() => server.seen[1]?.causes.length === 1, 'the second lane closes');
  expect(server.seen[1]?.causes).toEqual(['reset']);
  ending.socket.destroy();
});

test('nothing is read while the session cannot take frames, and all of it is delivered on resume', async () => {
  const server = await start();
  const client = await RawClient.open(server.port);
  const seen = await server.lane();
  seen.ready = false;
  const frame = Buffer.alloc(1000, 'f');
  const burst = Buffer.concat(Array.from({ length: 4000 }, () => clientFrame(2, request(frame))));
  let flushed = false;
  client.socket.write(burst, () => {
    flushed = true;
  });
  await waitUntil(() => seen.frames.length === 1, 'the first frame');
  for (let turn = 2; turn <= 5; turn++) {
    seen.lane.resume();
    await waitUntil(() => seen.frames.length === turn, 'one frame a resume');
  }
  await sleep(50);
  expect(flushed).toBe(false);
  const [socket] = server.sockets;
  expect(socket?.bytesRead).toBeLessThan(1_000_000);
  seen.ready = true;
  seen.lane.resume();
  await waitUntil(() => seen.frames.length === 4000, 'all frames');
  expect(seen.frames.every((each) => each.equals(frame))).toBe(true);
  client.socket.destroy();
});

test('a full socket reports back-pressure, and drains once', async () => {
  const server = await start();
  const client = await RawClient.open(server.port);
  const seen = await server.lane();
  client.socket.pause();
  const block = framed(seen.lane, Buffer.alloc(100_000, 1));
  let writes = 0;
  while (writes < 1000 && seen.lane.write(block)) writes++;
  expect(writes).toBeLessThan(1000);
  expect(seen.lane.write(block)).toBe(false);
  expect(seen.drains).toBe(0);
  client.socket.resume();
  await waitUntil(() => seen.drains > 0, 'the lane drains');
  await waitUntil(() => client.payload.length === block.length * (writes + 2), 'all bytes arrive');
  expect(seen.drains).toBe(1);
  client.socket.destroy();
});

test('a Ping under back-pressure is answered once the socket drains, the newest only', async () => {
  const server = await start();
  const client = await RawClient.open(server.port);
  const seen = await server.lane();
  client.socket.pause();
  const block = framed(seen.lane, Buffer.alloc(100_000, 1));
  for (let writes = 0; writes < 1000 && seen.lane.write(block); writes++);
  for (const name of ['p1', 'p2', 'p3']) {
    client.socket.write(clientFrame(9, name));
    client.socket.write(clientFrame(2, request(name)));
    await waitUntil(() => seen.frames.at(-1)?.toString() === name, `the frame behind ${name}`);
  }
  client.socket.resume();
  await waitUntil(() => client.payload.includes('p3'), 'the Pong');
  const pongs = serverFrames(client.payload).filter(({ opcode }) => opcode === 10);
  expect(pongs.map(({ payload }) => payload.toString())).toEqual(['p3']);
  client.socket.destroy();
});

test('a drain that only a Pong waited for is not reported: the core was never told to wait', async () => {
  const written: (() => void)[] = [];
  const socket = new Duplex({
    read() {},
    write(_chunk, _encoding, done) {
      written.push(done);
    },
    writableHighWaterMark: 100,
  });
  const options = { maxMessageBytes: 1000, closeTimeoutMs: 10, schedule: systemSchedule };
  const connection = new WebSocketConnection(socket, options);
  let drains = 0;
  connection.start(Buffer.alloc(0), {
    message: () => true,
    drained: () => drains++,
    closed() {},
    breach() {},
  });
  const flush = async () => {
    for (let turn = 0; turn < 10 && socket.writableLength > 0; turn++) {
      written.shift()?.();
      await sleep(1);
    }
  };
  expect(connection.write(Buffer.alloc(90))).toBe(true);
  socket.push(clientFrame(9, Buffer.alloc(60)));
  await waitUntil(() => socket.writableNeedDrain, 'the Pong fills the socket');
  await flush();
  expect([socket.writableLength, drains]).toEqual([0, 0]);
  expect(connection.write(Buffer.alloc(100))).toBe(false);
  await flush();
  expect(drains).toBe(1);
  connection.close(1000, '');
  socket.destroy();
});

test('nothing behind a message that cannot be understood is read, even before the core ends the lane', async () => {
  const server = await start({ violated: () => {} });
  const client = await RawClient.open(server.port);
  client.socket.write(
    Buffer.concat([clientFrame(2, 'bad'), clientFrame(2, request('late')), clientFrame(2, 'bad')]),
  );
  await waitUntil(() => server.seen[0]?.violations.length === 1, 'the violation');
  client.socket.write(clientFrame(2, request('later')));
  await sleep(20);
  const seen = await server.lane();
  expect([seen.frames.length, seen.violations.length]).toEqual([0, 1]);
  seen.lane.end({ status: 'invalid_argument', message: 'bad' });
  expect((await client.closeFrame()).code).toBe(4003);
  client.socket.destroy();
});

test('the JSON subprotocol carries the same frames as text', async () => {
  const answer = toBinary(ServerFrameSchema, fromJson(ServerFrameSchema, { seq: 7, pong: { id: 3 } }));
  const server = await start({
    frame(seen) {
      seen.lane.write(framed(seen.lane, answer, answer));
      return true;
    },
  });
  const client = new WebSocket(server.url(), 'signalbox.v1.json');
  const messages: unknown[] = [];
  client.addEventListener('message', (event) => messages.push(event.data));
  await once(client, 'open');
  client.send(
    '{"frame":{"seq":1,"signal":{"to":"1.s.1","notInTheSchema":{},"candidates":{"endOfCandidates":true}}}}',
  );
  await waitUntil(() => messages.length === 2, 'both answers');
  expect(messages).toEqual(Array(2).fill('{"frame":{"seq":7,"pong":{"id":3}}}'));
  const expected = create(ClientFrameSchema, {
    seq: 1,
    body: {
      case: 'signal',
      value: { to: '1.s.1', payload: { case: 'candidates', value: { endOfCandidates: true } } },
    },
  });
  expect((await server.lane()).frames[0]?.equals(toBinary(ClientFrameSchema, expected))).toBe(true);
  client.close();
  await once(client, 'close');
});

test('lanes of one subprotocol share one framing, so that the pump may share its bytes', async () => {
  const server = await start();
  const clients = ['signalbox.v1.proto', 'signalbox.v1.proto', 'signalbox.v1.json'].map(
    (name) => new Ws(server.url(), name),
  );
  await Promise.all(clients.map((client) => once(client, 'open')));
  const framings = new Set([0, 1, 2].map((index) => server.seen[index]?.lane.framing));
  expect(framings.size).toBe(2);
  for (const client of clients) client.terminate();
});
