import { describe, expect, test } from 'vitest';
import { encodeFields } from '../../fuzz/kit/hpack.ts';
import { END_HEADERS, FrameType, settings, uint32 } from '../../fuzz/kit/http2-frames.ts';
import { ask, requests, subject } from './conformance-kit.ts';
import { expectCut, expectHarmless, flood, frame, repeated } from './hostile-kit.ts';
import { type Http2Peer, Setting } from './http2-peer.ts';

// Frames that cost their peer little, and frames that never come: the connection is cut, and nobody else hears of it.

const { DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PING, WINDOW_UPDATE, CONTINUATION } = FrameType;
const served = subject();
const MIB = 2 ** 20;
const nothing = new Uint8Array(0);

describe('frames that cost the peer little', () => {
  const open = (peer: Http2Peer) => peer.open(requests.lane.fields, 0);

  test.each<readonly [string, (peer: Http2Peer) => () => Uint8Array]>([
    ['PING', () => repeated(frame(PING, 0, 0, new Uint8Array(8)))],
    ['the acknowledgement of PING', () => repeated(frame(PING, 1, 0, new Uint8Array(8)))],
    ['SETTINGS', () => repeated(frame(SETTINGS, 0, 0))],
    ['SETTINGS of many values', () => repeated(frame(SETTINGS, 0, 0, settings(...many(2_000))))],
    ['windows of all streams, up and down', () => windows()],
    ['WINDOW_UPDATE of the connection', () => repeated(frame(WINDOW_UPDATE, 0, 0, uint32(1)))],
    ['WINDOW_UPDATE of a stream', (peer) => repeated(frame(WINDOW_UPDATE, 0, open(peer), uint32(1)))],
    ['PRIORITY', () => repeated(frame(PRIORITY, 0, 99, new Uint8Array(5)))],
    ['empty DATA', (peer) => repeated(frame(DATA, 0, open(peer)))],
    ['DATA of padding alone', (peer) => repeated(frame(DATA, 8, open(peer), Uint8Array.of(0)))],
    ['DATA of an octet', (peer) => repeated(frame(DATA, 0, begun(peer), Uint8Array.of(0)))],
    ['frames of no known type', () => repeated(frame(0xee, 0, 0))],
    ['frames of a stream that is closed', (peer) => repeated(frame(RST_STREAM, 0, closed(peer), uint32(8)))],
    ['empty CONTINUATION', (peer) => within(peer, nothing)],
    ['CONTINUATION of an octet', (peer) => within(peer, Uint8Array.of(0x82))],
    ['CONTINUATION of 16 KiB (CVE-2024-27316)', (peer) => within(peer, new Uint8Array(16_384).fill(0x82))],
  ])('%s', async (_name, begin) => {
    await expectHarmless(served, async (peer) => {
      await flood(peer, begin(peer), 8 * MIB);
      await expectCut(peer);
    });
  });

  test('a header block of 200 KiB without its end is too much, before it is a flood', async () => {
    await expectHarmless(served, async (peer) => {
      const next = within(peer, new Uint8Array(16_384).fill(0x82));
      await flood(peer, next, 200 * 1_024);
      await expectCut(peer);
    });
  });

  const many = (count: number) => Array.from({ length: count }, () => [0x7777, 0] as const);
  const windows = () => {
    const [wide, narrow] = [2 ** 31 - 1, 0].map((size) =>
      frame(SETTINGS, 0, 0, settings([Setting.INITIAL_WINDOW_SIZE, size])),
    );
    return repeated(Buffer.concat([wide ?? nothing, narrow ?? nothing]));
  };
  /** A lane that has announced a message of 256 KiB. */
  const begun = (peer: Http2Peer) => {
    const stream = open(peer);
    peer.data(stream, Uint8Array.of(0, 0, 4, 0, 0));
    return stream;
  };
  const closed = (peer: Http2Peer) => {
    const stream = open(peer);
    peer.reset(stream);
    return stream;
  };
  const within = (peer: Http2Peer, payload: Uint8Array) => {
    const stream = peer.expect(peer.nextStream());
    peer.frame(HEADERS, 0, stream, encodeFields(requests.lane.fields));
    return repeated(frame(CONTINUATION, 0, stream, payload));
  };
});

describe('whoever is slow', () => {
  const hurried = subject({ portLimits: { firstStreamMs: 400, idleSessionMs: 400, lingerMs: 200 } });
  const block = encodeFields(requests.lane.fields);

  const head = frame(HEADERS, END_HEADERS, 1, block);

  test.each([
    ['a header block without its end', frame(HEADERS, 0, 1, block), nothing],
    [
      'one whose end comes a frame at a time',
      frame(HEADERS, 0, 1, block),
      frame(CONTINUATION, 0, 1, nothing),
    ],
    ['half a HEADERS frame', head.subarray(0, 30), nothing],
    ['one that comes an octet at a time', head.subarray(0, 10), Uint8Array.of(0)],
    ['half the head of a frame', head.subarray(0, 5), nothing],
    ['pings and no request', nothing, frame(PING, 0, 0, new Uint8Array(8))],
  ])('%s is ended in time', async (_name, first, more) => {
    const peer = await hurried.peer();
    await peer.ping();
    peer.expect(1);
    const start = performance.now();
    peer.raw(first);
    const dripping = setInterval(() => peer.raw(more), 100);
    await peer.until(() => peer.isClosed, 'its end').finally(() => clearInterval(dripping));
    expect(performance.now() - start).toBeGreaterThan(200);
    expect(performance.now() - start).toBeLessThan(2_500);
  });

  test('also behind a request that was served', async () => {
    const peer = await hurried.peer();
    await peer.answer(ask(peer, requests.page));
    peer.frame(HEADERS, 0, peer.expect(3), block);
    const start = performance.now();
    await peer.until(() => peer.isClosed, 'its end');
    expect(performance.now() - start).toBeLessThan(2_500);
  });
});
