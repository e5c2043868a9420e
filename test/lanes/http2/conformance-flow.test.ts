import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { END_STREAM, FrameType, settings, uint32 } from '../../fuzz/kit/http2-frames.ts';
import type { ClientBody } from '../../helpers/lane-client.ts';
import { openLane } from '../../helpers/lane-clients.ts';
import { envelopes, framed } from '../envelope/raw-client.ts';
import {
  ask,
  expectConnectionError,
  expectEitherError,
  expectServes,
  kinds,
  kindsWithBody,
  laneMessage,
  largePage,
  openHalf,
  openSession,
  request,
  requests,
  subject,
} from './conformance-kit.ts';
import { ErrorCode, type Http2Peer, Setting } from './http2-peer.ts';
import { RequestWindows } from './request-body.ts';

// RFC 9113, sections 5.2 and 6.9: windows. What the gateway may send is judged by the peer's ledger in every test.

const { INITIAL_WINDOW_SIZE, MAX_FRAME_SIZE } = Setting;
const { FLOW_CONTROL_ERROR, PROTOCOL_ERROR, FRAME_SIZE_ERROR } = ErrorCode;
const served = subject();
const large = request('GET', '/large.txt');
const frugal = { givesWindow: false } as const;

const message = (text: string): ClientBody => ({
  case: 'message',
  value: { room: 'flow', content: { case: 'text', value: text } },
});

/** Waits until so many octets of content have come, and sees that no more do. */
async function expectBytes(peer: Http2Peer, stream: number, bytes: number): Promise<void> {
  await peer.until(() => peer.view(stream).bytes >= bytes || peer.isClosed, `${bytes} octets`);
  await peer.ping();
  expect(peer.view(stream).bytes).toBe(bytes);
}

describe('section 6.9.2: the initial window', () => {
  test.each(kinds)('of 0 lets headers through, and content when it is widened: %s', async (_kind, plain) => {
    const whole = await served.peer();
    const expected = await whole.answer(ask(whole, plain));
    const peer = await served.peer({ ...frugal, settings: [[INITIAL_WINDOW_SIZE, 0]] });
    const stream = ask(peer, plain);
    await peer.until(() => peer.view(stream).headers !== undefined, 'headers');
    await expectBytes(peer, stream, 0);
    for (let bytes = 1; bytes <= expected.bytes; bytes += 1) {
      peer.widen(stream, 1);
      await peer.until(() => peer.view(stream).bytes >= bytes, 'an octet');
      expect(peer.view(stream).bytes).toBe(bytes);
    }
    // An end without content may be sent without a window; nghttp2 waits for one.
    peer.widen(stream, 1);
    const answer = await peer.answer(stream);
    expect(answer.body).toEqual(expected.body);
    expect(answer.trailers?.get('grpc-status')).toBe(expected.trailers?.get('grpc-status'));
  });

  // The end may be a frame of its own, for which there is no room: Node may forget it and reset the stream in its place.
  test.each(kinds)('of an answer that closes behind its content: %s', async (_kind, plain) => {
    const whole = await served.peer();
    const expected = await whole.answer(ask(whole, plain));
    for (const bytes of [0, expected.bytes]) {
      const peer = await served.peer(frugal);
      await peer.ping();
      const stream = ask(peer, plain);
      const begun = () => peer.view(stream).headers !== undefined && peer.view(stream).bytes >= bytes;
      await peer.until(begun, 'its content');
      peer.settings([INITIAL_WINDOW_SIZE, 0]);
      await peer.ping();
      peer.settings([INITIAL_WINDOW_SIZE, 65_535]);
      const { ended, reset, body } = await peer.answer(stream);
      expect({ ended, reset, body }).toEqual({ ended: true, reset: undefined, body: expected.body });
    }
  });

  test('widened for all that is open, lanes and all else', async () => {
    const peer = await served.peer({ ...frugal, settings: [[INITIAL_WINDOW_SIZE, 0]] });
    const session = await openSession(served, peer, 'ann', 'wide');
    const page = peer.open(large.fields);
    const half = await openHalf(served, peer, 'ben');
    await peer.until(
      () => [session, page, half].every((it) => peer.view(it).headers !== undefined),
      'headers',
    );
    await expectBytes(peer, page, 0);
    peer.settings([INITIAL_WINDOW_SIZE, 20]);
    for (const stream of [session, page, half]) await expectBytes(peer, stream, 20);
    peer.settings([INITIAL_WINDOW_SIZE, 25]);
    for (const stream of [session, page, half]) await expectBytes(peer, stream, 25);
  });

  test('narrowed below what was sent: the debt is paid first', async () => {
    const peer = await served.peer({ ...frugal, settings: [[INITIAL_WINDOW_SIZE, 1_000]] });
    const page = peer.open(large.fields);
    await expectBytes(peer, page, 1_000);
    const session = await openSession(served, peer, 'ann', 'narrow');
    await peer.until(() => peer.view(session).bytes > 100, 'a Welcome');
    await delay(50);
    const before = peer.view(session).bytes;
    peer.settings([INITIAL_WINDOW_SIZE, 0]);
    await peer.ping();
    // Now the page owes 1,000, and the session what it has had.
    peer.widen(page, 999);
    peer.widen(session, before);
    await expectBytes(peer, page, 1_000);
    peer.widen(page, 1 + 7);
    await expectBytes(peer, page, 1_007);
    peer.settings([INITIAL_WINDOW_SIZE, 3]);
    await expectBytes(peer, page, 1_010);
    expect(peer.view(session).bytes).toBeLessThanOrEqual(before + 3);
  });

  test('narrowed while content waits for the window of the connection', async () => {
    const peer = await served.peer({ ...frugal, settings: [[INITIAL_WINDOW_SIZE, 100_000]] });
    const page = peer.open(large.fields);
    await expectBytes(peer, page, 65_535);
    peer.settings([INITIAL_WINDOW_SIZE, 0]);
    await peer.ping();
    peer.widen(0, 1_000_000);
    await delay(50);
    await expectBytes(peer, page, 65_535);
    peer.widen(page, 65_536);
    await expectBytes(peer, page, 65_536);
    peer.settings([INITIAL_WINDOW_SIZE, 1_000_000]);
    expect((await peer.answer(page)).body.equals(largePage)).toBe(true);
  });

  test('beyond 2^31 - 1 with what a stream was given ends the connection', async () => {
    const peer = await served.peer(frugal);
    const stream = peer.open(requests.lane.fields, 0);
    peer.widen(stream, 2 ** 31 - 1 - 65_535);
    await peer.ping();
    peer.frame(FrameType.SETTINGS, 0, 0, settings([INITIAL_WINDOW_SIZE, 65_536]));
    // nghttp2 may reset the stream alone.
    await expectEitherError(peer, stream, FLOW_CONTROL_ERROR, undefined);
  });
});

describe('section 6.9: WINDOW_UPDATE of a stream', () => {
  describe.each(kindsWithBody)('%s', (_kind, { fields }) => {
    test.each([
      ['of nothing', uint32(0), PROTOCOL_ERROR],
      ['beyond 2^31 - 1', uint32(2 ** 31 - 1), FLOW_CONTROL_ERROR],
    ])('%s is its error', async (_name, payload, code) => {
      const peer = await served.peer();
      const stream = peer.open(fields, 0);
      peer.frame(FrameType.WINDOW_UPDATE, 0, stream, payload);
      // nghttp2 makes it the connection's, since streams were opened to be reset so (CVE-2025-8671).
      await expectEitherError(peer, stream, code);
    });

    test('of 5 octets ends the connection', async () => {
      const peer = await served.peer();
      peer.frame(FrameType.WINDOW_UPDATE, 0, peer.open(fields, 0), new Uint8Array(5));
      await expectConnectionError(peer, FRAME_SIZE_ERROR);
    });
  });
});

describe('the window of the connection', () => {
  test('taken by one stream stops the content of all, and nothing else', async () => {
    const peer = await served.peer({ ...frugal, settings: [[INITIAL_WINDOW_SIZE, 2 ** 31 - 1]] });
    const page = peer.open(large.fields);
    await expectBytes(peer, page, 65_535);
    const lane = ask(peer, requests.sendFrames);
    const small = ask(peer, requests.page);
    const headers = () => [lane, small].every((stream) => peer.view(stream).headers !== undefined);
    await peer.until(headers, 'headers');
    await expectBytes(peer, small, 0);
    peer.reset(page);
    peer.widen(0, 1_000);
    expect((await peer.answer(small)).body.toString()).toContain('SERVING');
    expect((await peer.answer(lane)).trailers?.get('grpc-status')).toBe('16');
  });

  test.each([
    ['/nowhere', 'text/unknown'],
    ['/grpc.health.v1.Health/Check', 'text/plain'],
    ['/signalbox.v1.SignalingService/SendFrames', 'text/plain'],
  ])('an answer of %s to half a request waits for it, and is whole', async (path, type) => {
    const fields = request('POST', path, [['content-type', type]]).fields;
    const open = await served.peer();
    const unhurried = open.open(fields, 0);
    open.data(unhurried, 'half');
    await open.until(() => open.view(unhurried).bytes > 0, 'an answer');
    await open.ping();
    const expected = open.view(unhurried);
    const peer = await served.peer({ ...frugal, settings: [[INITIAL_WINDOW_SIZE, 2 ** 31 - 1]] });
    const page = peer.open(large.fields);
    await expectBytes(peer, page, 65_535);
    const stream = peer.open(fields, 0);
    peer.data(stream, 'half');
    await peer.until(() => peer.view(stream).headers !== undefined, 'headers');
    await delay(50);
    await expectBytes(peer, stream, 0);
    peer.reset(page);
    peer.widen(0, 100_000);
    await peer.until(() => peer.view(stream).bytes >= expected.bytes || peer.isClosed, 'the rest');
    expect(peer.view(stream).body.toString()).toBe(expected.body.toString());
  });

  test('given to a stream that takes all of it leaves the others their turn', async () => {
    const peer = await served.peer({ settings: [[INITIAL_WINDOW_SIZE, 2 ** 31 - 1]] });
    const pages = Array.from({ length: 4 }, () => peer.open(large.fields));
    const session = await openSession(served, peer, 'ann', 'turns');
    await peer.until(() => peer.view(session).bytes > 100, 'a Welcome');
    await expectServes(peer);
    for (const page of pages) expect((await peer.answer(page)).body.equals(largePage)).toBe(true);
  });

  test('is given back for the content of requests that the peer resets', async () => {
    const peer = await served.peer();
    await peer.ping();
    const windows = new RequestWindows(peer);
    // More than the window of the connection in all.
    for (let round = 0; round < 10; round += 1) {
      for (const [, { fields }] of kindsWithBody) {
        const stream = peer.open(fields, 0);
        // An envelope that is longer than what comes of it.
        const begun = Buffer.concat([Uint8Array.of(0, 0, 1, 0, 0), new Uint8Array(40_000)]);
        await windows.send(stream, begun, { ends: false });
        peer.reset(stream);
      }
    }
    await expectServes(peer);
  });

  test('is given back for content that comes on streams that are closed', async () => {
    const peer = await served.peer();
    await peer.ping();
    const windows = new RequestWindows(peer);
    for (let round = 0; round < 20; round += 1) {
      const stream = peer.open(requests.sendFrames.fields, 0);
      // No such envelope: it is answered while the rest is under way.
      const sent = windows.send(stream, Buffer.alloc(60_000, 0xff), { ends: false });
      if (!(await sent)) continue;
      await peer.until(() => peer.view(stream).headers !== undefined || peer.isClosed, 'an answer');
      peer.reset(stream);
    }
    if (!peer.isClosed) await expectServes(peer);
  });
});

describe('large answers', () => {
  test.each([
    ['1,000', 1_000, 16_384],
    ['16,384', 16_384, 16_384],
    ['16,385', 16_385, 16_384],
    ['65,535', 65_535, 20_000],
    ['a megabyte', 2 ** 20, 2 ** 20],
  ])('a page through a window of %s', async (_name, window, frame) => {
    const peer = await served.peer({
      settings: [
        [INITIAL_WINDOW_SIZE, window],
        [MAX_FRAME_SIZE, frame],
      ],
    });
    const answer = await peer.answer(peer.open(large.fields));
    expect(answer.body.equals(largePage)).toBe(true);
    expect(answer.ended).toBe(true);
  });

  test('pages that are given up half way leave room for the next', async () => {
    const peer = await served.peer({ ...frugal, settings: [[INITIAL_WINDOW_SIZE, 2 ** 31 - 1]] });
    for (let round = 0; round < 30; round += 1) {
      const page = peer.open(large.fields);
      await peer.until(() => peer.view(page).bytes > 0 || peer.isClosed, 'its beginning');
      peer.reset(page);
      await peer.ping();
      peer.widen(0, peer.view(page).bytes);
    }
    peer.widen(0, 2 ** 20);
    expect((await peer.answer(peer.open(large.fields))).body.equals(largePage)).toBe(true);
  });

  test('what a room says to a lane, and a page, for a peer that reads late', async () => {
    const peer = await served.peer({ settings: [[INITIAL_WINDOW_SIZE, 2 ** 31 - 1]] });
    peer.widen(0, 2 ** 30);
    const session = await openSession(served, peer, 'late', 'flow');
    await peer.until(() => peer.view(session).bytes > 100, 'a Welcome');
    const token = await served.gateway.token({ identity: 'ben' });
    const ben = await openLane('ws-proto', { url: served.gateway.url, token });
    await ben.until('welcome');
    await ben.join('flow');
    peer.socket.pause();
    const pages = Array.from({ length: 8 }, () => peer.open(large.fields));
    const texts = Array.from({ length: 20 }, (_, at) =>
      `${at}:`.padEnd(15_000, String.fromCharCode(97 + at)),
    );
    for (const text of texts) ben.send(message(text));
    await delay(400);
    peer.socket.resume();
    for (const page of pages) expect((await peer.answer(page)).body.equals(largePage)).toBe(true);
    await peer.until(() => peer.view(session).bytes > 20 * 15_000, 'all of it');
    await peer.until(() => texts.every((text) => peer.view(session).body.includes(text)), 'each of it');
    expect(envelopes(peer.view(session).body).every(({ flags }) => flags === 0)).toBe(true);
    ben.transport.drop();
  });

  test.each([300, 5_000, 65_535])('what a room says to a lane, through a window of %s', async (window) => {
    const peer = await served.peer({ settings: [[INITIAL_WINDOW_SIZE, window]] });
    const session = await openSession(served, peer, `ann ${window}`, 'flow');
    await peer.until(() => peer.view(session).bytes > 100, 'a Welcome');
    const token = await served.gateway.token({ identity: 'ben' });
    const ben = await openLane('ws-proto', { url: served.gateway.url, token });
    await ben.until('welcome');
    await ben.join('flow');
    const texts = Array.from({ length: 12 }, (_, at) =>
      `${at}:`.padEnd(15_000, String.fromCharCode(97 + at)),
    );
    for (const text of texts) ben.send(message(text));
    const whole = () => texts.every((text) => peer.view(session).body.includes(text));
    await peer.until(() => peer.view(session).bytes > 12 * 15_000 && whole(), 'all of it');
    const found = envelopes(peer.view(session).body);
    expect(found.every(({ flags }) => flags === 0)).toBe(true);
    ben.transport.drop();
  });
});

describe('bodies larger than the windows', () => {
  test.each([
    ['whole frames', {}],
    ['small frames', { frame: 1_000 }],
    ['frames with padding', { frame: 2_000, padding: 255 }],
  ])('SendFrames and a unary rpc: %s', async (_name, how) => {
    const peer = await served.peer();
    await peer.ping();
    const windows = new RequestWindows(peer);
    const field = (number: number, length: number) =>
      Buffer.concat([
        Uint8Array.of(number * 8 + 2, 0x80 | (length & 0x7f), 0x80 | ((length >> 7) & 0x7f), length >> 14),
        Buffer.alloc(length, 0x61),
      ]);
    // The key of no session and large frames; the overall health, and a field that nobody knows.
    const sends = peer.open(requests.sendFrames.fields, 0);
    const checks = peer.open(requests.unary.fields, 0);
    const both = [
      windows.send(sends, framed(Buffer.concat([field(1, 1_000), field(3, 90_000), field(3, 120_000)])), how),
      windows.send(checks, framed(field(15, 150_000)), how),
    ];
    expect(await Promise.all(both)).toEqual([true, true]);
    const statusOf = async (stream: number) => {
      const { headers, trailers } = await peer.answer(stream);
      return (trailers ?? headers)?.get('grpc-status');
    };
    expect(await statusOf(sends)).toMatch(/^(3|16)$/);
    expect(await statusOf(checks)).toBe('0');
  });

  test('many at a time, which in all are larger than the window of the connection', async () => {
    const peer = await served.peer();
    await peer.ping();
    const windows = new RequestWindows(peer);
    const half = Buffer.concat([
      Uint8Array.of(0, 0, 0, 0xc3, 0x50),
      Uint8Array.of(0x7a, 0xcd, 0x86, 3),
      Buffer.alloc(20_000),
    ]);
    const asked = [requests.unary, requests.sendFrames];
    const open = Array.from({ length: 80 }, (_, at) =>
      peer.open((asked[at % 2] ?? requests.unary).fields, 0),
    );
    for (const stream of open) await windows.send(stream, half, { ends: false });
    await expectServes(peer);
    // 50,000 in all: a field of 49,997 less what came of it.
    for (const stream of open) await windows.send(stream, Buffer.alloc(30_000 - 4));
    for (const stream of open) expect((await peer.answer(stream)).headers?.get(':status')).toBe('200');
  });

  test('a session that says more than its window', async () => {
    const peer = await served.peer();
    await peer.ping();
    const session = await openSession(served, peer, 'ann', 'flow');
    await peer.until(() => peer.view(session).bytes > 100, 'a Welcome');
    const said = Array.from({ length: 10 }, (_, at) => laneMessage(message(`${at}`.repeat(15_000)), at + 2));
    expect(await new RequestWindows(peer).send(session, Buffer.concat(said), { ends: false })).toBe(true);
    // It hears itself.
    await peer.until(() => peer.view(session).body.includes('9'.repeat(15_000)), 'its last words');
    await expectServes(peer);
  });

  test.each(kindsWithBody)(
    '%s: more than the window allows is an error, or was read in time',
    async (_kind, { fields }) => {
      const peer = await served.peer();
      const stream = peer.open(fields, 0);
      for (let sent = 0; sent < 2 ** 21; sent += 16_384) peer.data(stream, new Uint8Array(16_384));
      peer.data(stream, '', END_STREAM);
      const { reset, ended } = await peer.answer(stream);
      if (peer.isClosed) expect([FLOW_CONTROL_ERROR, undefined]).toContain(peer.goAway);
      else if (!ended) expect([FLOW_CONTROL_ERROR, ErrorCode.NO_ERROR, ErrorCode.CANCEL]).toContain(reset);
    },
  );
});
