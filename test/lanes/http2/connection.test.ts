import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ByteStreamEvents } from '../../../src/lanes/envelope/byte-stream.ts';
import { Http2Connection } from '../../../src/lanes/http2/http2-connection.ts';
import type { Http2Owner } from '../../../src/lanes/http2/http2-owner.ts';
import type { Http2Stream } from '../../../src/lanes/http2/http2-stream.ts';
import { encodeFields } from '../../fuzz/kit/hpack.ts';
import {
  END_HEADERS,
  END_STREAM,
  FrameType,
  type Http2Frame,
  http2Frame,
  PREFACE,
  readFrames,
  settings,
  uint32,
  writeFrame,
} from '../../fuzz/kit/http2-frames.ts';
import { until } from '../envelope/servers.ts';

const limits = {
  headerBytes: 16_384,
  headerCount: 100,
  streams: 100,
  streamWindowBytes: 65_535,
  connectionWindowBytes: 65_535,
};
const fields = encodeFields([
  [':method', 'POST'],
  [':scheme', 'http'],
  [':authority', 'a'],
  [':path', '/'],
]);

let server: Server;
let client: Socket;
let far: Socket;
let streams: Http2Stream[];
let received: Buffer[];
let chunks: number;
let told: string[];

/** Events that write their names down. */
function listening(stream: Http2Stream, told: string[]): ByteStreamEvents {
  return {
    data: (chunk) => void told.push(`${stream.id} data ${chunk.length}`),
    ended: () => void told.push(`${stream.id} ended`),
    drained: () => void told.push(`${stream.id} drained`),
    closed: (cause) => void told.push(`${stream.id} ${cause}`),
  };
}

const frames = (): Http2Frame[] => readFrames(Buffer.concat(received));
const dataOf = (stream: number): number =>
  frames()
    .filter((one) => one.type === FrameType.DATA && one.stream === stream)
    .reduce((sum, { payload }) => sum + payload.length, 0);

async function talk(...said: Http2Frame[]): Promise<void> {
  client.write(Buffer.concat(said.map(writeFrame)));
  const before = frames().filter(({ type }) => type === FrameType.PING).length;
  client.write(writeFrame(http2Frame(FrameType.PING, 0, 0, new Uint8Array(8))));
  await until(() => frames().filter(({ type }) => type === FrameType.PING).length > before, 'the answer');
}

const open = (stream: number, flags = 0): Http2Frame =>
  http2Frame(FrameType.HEADERS, END_HEADERS | flags, stream, fields);

beforeEach(async () => {
  streams = [];
  received = [];
  told = [];
  chunks = 0;
  // The end of one test is not heard in the next.
  const heard = told;
  server = createServer((socket) => {
    far = socket;
    const owner: Http2Owner = {
      serve: (stream) => {
        streams.push(stream);
        stream.open(listening(stream, heard));
      },
      opened: () => {},
      admitted: () => {},
      idle: () => void heard.push('idle'),
      received: () => {},
      content: () => {},
      reset: (by, code) => void heard.push(`reset by ${by} ${code}`),
      settings: () => {},
      departing: () => {},
      flooded: (what) => void heard.push(what),
      failed: (what) => void heard.push(what),
    };
    new Http2Connection(socket, limits, owner).start();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  client = connect((server.address() as AddressInfo).port, '127.0.0.1');
  client.on('data', (chunk: Buffer) => {
    received.push(chunk);
    chunks += 1;
  });
  client.on('error', () => {});
  client.write(PREFACE);
  await talk(http2Frame(FrameType.SETTINGS, 0, 0, settings([4, 1_000_000])));
});

afterEach(async () => {
  client.destroy();
  far.destroy();
  await new Promise((resolve) => server.close(resolve));
});

describe('writing', () => {
  it('joins what all streams write in one turn', async () => {
    await talk(open(1), open(3), open(5));
    const writes = chunks;
    for (const stream of streams) {
      stream.respond(200, { 'content-type': 'a' });
      stream.write(Buffer.alloc(100));
      stream.end(Buffer.alloc(10), { 'grpc-status': '0' });
    }
    await until(() => dataOf(5) === 110, 'the answers');
    expect(chunks - writes).toBe(1);
    expect([dataOf(1), dataOf(3), dataOf(5)]).toEqual([110, 110, 110]);
  });

  it('neither changes nor copies what it is given, however long', async () => {
    await talk(open(1), http2Frame(FrameType.WINDOW_UPDATE, 0, 0, uint32(1_000_000)));
    const shared = Buffer.alloc(200_000, 7);
    streams[0]?.respond(200, {});
    streams[0]?.write(shared);
    await until(() => dataOf(1) === 200_000, 'all of it');
    expect(shared.every((byte) => byte === 7)).toBe(true);
    expect(Math.max(...frames().map(({ payload }) => payload.length))).toBe(16_384);
  });

  it('says when nothing that it was given is read any more: at once, of what the socket takes', async () => {
    await talk(open(1), http2Frame(FrameType.WINDOW_UPDATE, 0, 0, uint32(1_000_000)));
    const [stream] = streams;
    stream?.respond(200, {});
    for (const size of [100, 10_000]) {
      const bytes = Buffer.alloc(size, 7);
      stream?.write(bytes);
      expect(stream?.isFlushed).toBe(true);
      bytes.fill(0);
    }
    await until(() => dataOf(1) === 10_100, 'all of it');
    const said = frames().filter(({ type }) => type === FrameType.DATA);
    expect(said.every(({ payload }) => payload.every((byte) => byte === 7))).toBe(true);
    stream?.write(Buffer.alloc(1_500_000));
    expect(stream?.isFlushed).toBe(false);
  });

  it('lets streams take turns where the window of the connection is short', async () => {
    await talk(open(1), open(3));
    for (const stream of streams) expect(stream.write(Buffer.alloc(200_000))).toBe(false);
    await until(() => dataOf(1) === 65_535, 'what the window takes');
    await talk(http2Frame(FrameType.WINDOW_UPDATE, 0, 0, uint32(10 * 16_384)));
    await until(() => dataOf(1) + dataOf(3) === 65_535 + 10 * 16_384, 'as much again');
    expect(dataOf(3)).toBeGreaterThanOrEqual(4 * 16_384);
    expect(told).not.toContain('1 drained');
    await talk(http2Frame(FrameType.WINDOW_UPDATE, 0, 0, uint32(1_000_000)));
    await until(() => told.filter((what) => what.endsWith('drained')).length === 2, 'both to be drained');
  });

  it('drops what a stream had to say when its peer gives it up', async () => {
    await talk(open(1));
    streams[0]?.write(Buffer.alloc(200_000));
    expect(streams[0]?.pendingBytes).toBeGreaterThan(100_000);
    await talk(http2Frame(FrameType.RST_STREAM, 0, 1, uint32(8)));
    expect(streams[0]?.pendingBytes).toBe(0);
    expect(told).toEqual(['reset by peer 8', 'idle', '1 reset']);
  });
});

describe('reading', () => {
  it('holds what comes while the stream is paused, and lets the peer send no more than the window', async () => {
    await talk(open(1));
    streams[0]?.pause();
    const part = http2Frame(FrameType.DATA, 0, 1, new Uint8Array(16_000));
    await talk(part, part, part, part);
    expect(told).toEqual([]);
    streams[0]?.resume();
    expect(told).toEqual([]);
    await until(() => told.length === 4, 'what was held');
    await talk(http2Frame(FrameType.DATA, END_STREAM, 1, new Uint8Array(0)));
    expect(told.at(-1)).toBe('1 ended');
  });

  it('holds copies of what it read, in few pieces', async () => {
    await talk(open(1), open(3));
    const [stream] = streams;
    stream?.pause();
    const said = Array.from({ length: 40 }, (_, index) =>
      http2Frame(FrameType.DATA, 0, 1, new Uint8Array(5).fill(index)),
    );
    for (const one of said) await talk(one, http2Frame(FrameType.DATA, 0, 3, new Uint8Array(50).fill(255)));
    const chunks: Buffer[] = [];
    stream?.open({ ...listening(stream, told), data: (chunk) => void chunks.push(Buffer.from(chunk)) });
    stream?.resume();
    await until(() => chunks.length > 0, 'what was held');
    expect(chunks).toEqual([Buffer.concat(said.map(({ payload }) => payload))]);
  });

  it('resets a stream whose peer sends beyond its window, and goes on', async () => {
    await talk(open(1), open(3));
    streams[0]?.pause();
    const part = http2Frame(FrameType.DATA, 0, 1, new Uint8Array(16_384));
    await talk(part, part, part);
    await talk(part);
    expect(told).toContain('reset by gateway 3');
    await talk(http2Frame(FrameType.DATA, END_STREAM, 3, new Uint8Array(5)));
    expect(told.slice(-2)).toEqual(['3 data 5', '3 ended']);
  });

  it('throws away what comes of a stream that it gave up', async () => {
    await talk(open(1));
    streams[0]?.destroy();
    await talk(http2Frame(FrameType.DATA, 0, 1, new Uint8Array(1000)), open(1, END_STREAM));
    expect(told).toEqual(['reset by gateway 8', 'idle', '1 reset']);
  });
});

it('tells of a peer that leaves more than 2 MiB of heads unread', async () => {
  client.pause();
  const long = ['x-long', 'a'.repeat(10_000)];
  let id = 1;
  const ask = () => {
    for (const end = id + 100; id < end; id += 2) client.write(writeFrame(open(id, END_STREAM)));
    for (const stream of streams.splice(0)) stream.begin(200, long, true);
  };
  const asking = setInterval(ask, 1);
  await until(() => told.includes('answers that are not read'), 'the flood');
  clearInterval(asking);
});

it('writes on for streams that waited for the window of the connection, octet by octet', async () => {
  await talk(open(1), open(3));
  for (const stream of streams) stream.end(Buffer.alloc(40_000), undefined);
  await until(() => dataOf(1) + dataOf(3) === 65_535, 'what the window takes');
  for (let sent = 0; sent < 5; sent += 1) await talk(http2Frame(FrameType.WINDOW_UPDATE, 0, 0, uint32(1)));
  expect(dataOf(1) + dataOf(3)).toBe(65_540);
  await talk(http2Frame(FrameType.WINDOW_UPDATE, 0, 0, uint32(100_000)));
  await until(() => dataOf(1) + dataOf(3) === 80_000, 'all of it');
  const ends = frames().filter(({ type, flags }) => type === FrameType.DATA && flags === END_STREAM);
  expect(ends.map(({ stream }) => stream).sort()).toEqual([1, 3]);
});

describe('of many requests at once', () => {
  const many = (from: number, count: number) => Array.from({ length: count }, (_, i) => from + 2 * i);
  const ask = (stream: number) => [
    open(stream),
    http2Frame(FrameType.DATA, END_STREAM, stream, new Uint8Array(5)),
  ];

  it('each is served, in order, with its content', async () => {
    await talk(...many(1, 40).flatMap(ask));
    expect(streams.map(({ id }) => id)).toEqual(many(1, 40));
    await until(() => told.length === 80, 'all of them');
    for (const id of many(1, 40)) expect(told).toContain(`${id} data 5`);
  });

  it('those that are given up in the same breath are not served', async () => {
    await talk(...many(1, 40).flatMap(ask));
    const giveUp = http2Frame(FrameType.RST_STREAM, 0, 81, uint32(8));
    await talk(open(81), open(83), giveUp);
    expect(streams.map(({ id }) => id).slice(40)).toEqual([83]);
  });

  it('those of a connection that breaks the protocol with them are not served', async () => {
    await talk(...many(1, 40).flatMap(ask));
    const broken = http2Frame(FrameType.SETTINGS, 0, 1, new Uint8Array(0));
    client.write(Buffer.concat([open(81), open(83), broken].map(writeFrame)));
    await until(() => told.includes('SETTINGS of a stream'), 'the end');
    expect(streams).toHaveLength(40);
  });
});

it('tells each stream that its connection is gone', async () => {
  await talk(open(1), open(3));
  client.destroy();
  await until(() => told.length === 2, 'both');
  expect(told).toEqual(['1 dropped', '3 dropped']);
});
