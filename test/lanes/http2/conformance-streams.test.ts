import { describe, expect, test } from 'vitest';
import { encodeFields } from '../../fuzz/kit/hpack.ts';
import {
  END_HEADERS,
  END_STREAM,
  FrameType,
  PADDED,
  PRIORITY_FLAG,
  uint32,
} from '../../fuzz/kit/http2-frames.ts';
import {
  ask,
  expectConnectionError,
  expectEitherError,
  expectServes,
  expectServesOr,
  kinds,
  kindsWithBody,
  openHalf,
  openSession,
  requests,
  subject,
} from './conformance-kit.ts';
import { ErrorCode, type Http2Peer, Setting } from './http2-peer.ts';

// RFC 9113, sections 5.1 and 6.1 to 6.4: frames in each state of a stream, of lanes and of all else.

const { DATA, HEADERS, PRIORITY, RST_STREAM, WINDOW_UPDATE, CONTINUATION } = FrameType;
const { PROTOCOL_ERROR, STREAM_CLOSED, FRAME_SIZE_ERROR, REFUSED_STREAM } = ErrorCode;

const served = subject();
const octets = (length: number) => new Uint8Array(length);
const largePage = [...requests.page.fields.slice(0, 3), [':path', '/large.txt']] as const;

/** The streams that a peer may have open. */
async function concurrency(peer: Http2Peer): Promise<number> {
  await peer.ping();
  const all = peer.frames.filter(({ type, flags }) => type === FrameType.SETTINGS && flags === 0);
  const entries = all.flatMap(({ payload }) =>
    Array.from({ length: payload.length / 6 }, (_, at) => Buffer.from(payload).subarray(at * 6, at * 6 + 6)),
  );
  const said = entries.findLast((entry) => entry.readUInt16BE(0) === Setting.MAX_CONCURRENT_STREAMS);
  return said?.readUInt32BE(2) ?? Number.POSITIVE_INFINITY;
}

describe('section 5.1: idle', () => {
  test.each([
    ['DATA', DATA, octets(1)],
    ['RST_STREAM', RST_STREAM, uint32(8)],
    ['WINDOW_UPDATE', WINDOW_UPDATE, uint32(1)],
    ['CONTINUATION', CONTINUATION, octets(0)],
  ])('%s ends the connection', async (_name, type, payload) => {
    const peer = await served.peer();
    await peer.ping();
    peer.frame(type, 0, peer.expect(7), payload);
    await expectConnectionError(peer, PROTOCOL_ERROR);
  });

  test.each([
    ['DATA', DATA, octets(1)],
    ['RST_STREAM', RST_STREAM, uint32(8)],
    ['WINDOW_UPDATE', WINDOW_UPDATE, uint32(1)],
  ])(
    '%s on a stream of the gateway, which it never opens, ends the connection',
    async (_name, type, payload) => {
      const peer = await served.peer();
      await peer.ping();
      peer.frame(type, 0, 2, payload);
      await expectConnectionError(peer, PROTOCOL_ERROR);
    },
  );

  test('PRIORITY does not open it', async () => {
    const peer = await served.peer();
    peer.frame(PRIORITY, 0, 1, octets(5));
    await expectServes(peer);
  });
});

describe('section 5.1: half-closed (remote)', () => {
  /** A page whose body waits for a window, and a lane that has been asked all that it is. */
  const openings: readonly (readonly [string, (peer: Http2Peer) => Promise<number>])[] = [
    [
      'a lane',
      async (peer) => {
        peer.settings([Setting.INITIAL_WINDOW_SIZE, 65_535]);
        const stream = await openHalf(served, peer, 'half');
        await peer.until(() => peer.view(stream).bytes > 0, 'a Welcome');
        return stream;
      },
    ],
    [
      'a page',
      async (peer) => {
        peer.settings([Setting.INITIAL_WINDOW_SIZE, 10]);
        const stream = peer.open(largePage);
        await peer.until(() => peer.view(stream).bytes === 10, 'its first octets');
        return stream;
      },
    ],
  ];

  describe.each(openings)('%s', (_kind, open) => {
    test.each([
      ['DATA', DATA, 0, octets(1)],
      ['DATA that is the end', DATA, END_STREAM, octets(0)],
      ['trailers', HEADERS, END_HEADERS | END_STREAM, encodeFields([['x-more', '1']])],
    ])('%s is one of a closed stream', async (_name, type, flags, payload) => {
      const peer = await served.peer({ givesWindow: false });
      const stream = await open(peer);
      peer.frame(type, flags, stream, payload);
      // Node may give up the connection before nghttp2 has said why.
      await expectEitherError(peer, stream, STREAM_CLOSED, undefined);
    });

    test('CONTINUATION ends the connection', async () => {
      const peer = await served.peer({ givesWindow: false });
      const stream = await open(peer);
      peer.frame(CONTINUATION, END_HEADERS, stream);
      await expectConnectionError(peer, PROTOCOL_ERROR);
    });

    test('PRIORITY, WINDOW_UPDATE and RST_STREAM are not', async () => {
      const peer = await served.peer({ givesWindow: false });
      const stream = await open(peer);
      peer.frame(PRIORITY, 0, stream, octets(5));
      peer.widen(stream, 1);
      // What it is served with needs room.
      peer.settings([Setting.INITIAL_WINDOW_SIZE, 300]);
      await expectServes(peer);
      peer.reset(stream);
      await expectServes(peer);
      expect(peer.view(stream).reset).toBeUndefined();
    });
  });
});

describe('section 5.1: closed', () => {
  describe.each(kinds)('%s, by both ends', (_kind, request) => {
    test.each([
      ['WINDOW_UPDATE', WINDOW_UPDATE, 0, uint32(1)],
      ['RST_STREAM', RST_STREAM, 0, uint32(8)],
      ['PRIORITY', PRIORITY, 0, octets(5)],
    ])('%s is let pass', async (_name, type, flags, payload) => {
      const peer = await served.peer();
      const stream = ask(peer, request);
      await peer.answer(stream);
      peer.frame(type, flags, stream, payload);
      await expectServes(peer);
    });

    test.each([
      ['DATA', DATA, 0, octets(1)],
      ['DATA that is the end', DATA, END_STREAM, octets(1)],
      ['HEADERS', HEADERS, END_HEADERS | END_STREAM, encodeFields(requests.page.fields)],
    ])('%s opens nothing', async (_name, type, flags, payload) => {
      const peer = await served.peer();
      const stream = ask(peer, request);
      const { bytes } = await peer.answer(stream);
      peer.frame(type, flags, stream, payload);
      // A stream that is closed may be forgotten: then what comes on it is let pass, or the connection's error.
      await expectServesOr(peer, STREAM_CLOSED, PROTOCOL_ERROR);
      expect(peer.view(stream).bytes).toBe(bytes);
    });
  });

  describe.each(kindsWithBody)('%s, by a reset of the peer', (_kind, { fields, body }) => {
    test.each([
      ['DATA', DATA, 0, octets(1)],
      ['HEADERS', HEADERS, END_HEADERS | END_STREAM, encodeFields(requests.page.fields)],
      ['WINDOW_UPDATE', WINDOW_UPDATE, 0, uint32(1)],
      ['RST_STREAM', RST_STREAM, 0, uint32(8)],
      ['PRIORITY', PRIORITY, 0, octets(5)],
    ])('%s opens nothing', async (_name, type, flags, payload) => {
      const peer = await served.peer();
      const stream = peer.open(fields, 0);
      peer.data(stream, body.subarray(0, 2));
      peer.reset(stream);
      peer.frame(type, flags, stream, payload);
      await expectServesOr(peer, STREAM_CLOSED, PROTOCOL_ERROR);
      expect(peer.view(stream).headers?.get(':status')).toBeUndefined();
    });
  });

  test.each(kindsWithBody)(
    'frames under way when the gateway resets are let pass: %s',
    async (_kind, { fields }) => {
      const peer = await served.peer();
      const stream = peer.open(fields, 0);
      // It resets a stream whose window overflows.
      peer.frame(WINDOW_UPDATE, 0, stream, uint32(2 ** 31 - 1));
      for (let round = 0; round < 10; round += 1) peer.data(stream, octets(1_000));
      peer.frame(WINDOW_UPDATE, 0, stream, uint32(100));
      peer.frame(HEADERS, END_HEADERS | END_STREAM, stream, encodeFields([['x-more', '1']]));
      peer.frame(RST_STREAM, 0, stream, uint32(8));
      // nghttp2 makes it the connection's error, since streams were opened to be reset so (CVE-2025-8671).
      await expectEitherError(peer, stream, ErrorCode.FLOW_CONTROL_ERROR);
    },
  );
});

describe('section 5.1.1: the numbers of streams', () => {
  const block = encodeFields(requests.page.fields);
  const headers = (peer: Http2Peer, stream: number) =>
    peer.frame(HEADERS, END_HEADERS | END_STREAM, stream, block);

  test.each([
    ['0', 0],
    ['an even one', 2],
  ])('%s ends the connection', async (_name, stream) => {
    const peer = await served.peer();
    headers(peer, stream);
    await expectConnectionError(peer, PROTOCOL_ERROR);
  });

  test('they may skip some, and go as far as they go', async () => {
    const peer = await served.peer();
    for (const stream of [3, 101, 2 ** 31 - 3, 2 ** 31 - 1]) {
      headers(peer, peer.expect(stream));
      expect((await peer.answer(stream)).headers?.get(':status')).toBe('200');
    }
  });

  test.each(kinds)('one below another is not opened again: %s', async (_kind, { fields }) => {
    const peer = await served.peer();
    peer.frame(HEADERS, END_HEADERS, peer.expect(5), encodeFields(requests.lane.fields));
    peer.frame(HEADERS, END_HEADERS | END_STREAM, peer.expect(3), encodeFields(fields));
    // Whatever is below was closed by that. nghttp2 lets it pass, the RFC makes it an error.
    await expectServesOr(peer, PROTOCOL_ERROR, STREAM_CLOSED);
    expect(peer.view(3).headers).toBeUndefined();
  });
});

describe('section 5.1.2: streams at a time', () => {
  test('those beyond are refused, the others go on, and there is room when one ends', async () => {
    const peer = await served.peer();
    const most = await concurrency(peer);
    expect(most).toBeGreaterThanOrEqual(100);
    const open = Array.from({ length: most }, () => peer.open(requests.sendFrames.fields, 0));
    const beyond = Array.from({ length: 5 }, () => peer.open(requests.sendFrames.fields, 0));
    const page = peer.open(requests.page.fields);
    for (const stream of [...beyond, page]) {
      const { reset, headers } = await peer.answer(stream);
      expect(headers).toBeUndefined();
      // nghttp2 ends the connection of a peer that was told of the limit.
      if (!peer.isClosed) expect([REFUSED_STREAM, PROTOCOL_ERROR]).toContain(reset);
    }
    if (peer.isClosed) return;
    for (const stream of open) peer.data(stream, requests.sendFrames.body, END_STREAM);
    for (const stream of open) expect((await peer.answer(stream)).headers?.get(':status')).toBe('200');
    await expectServes(peer);
  });
});

describe('section 6.1: DATA', () => {
  test('on stream 0 ends the connection', async () => {
    const peer = await served.peer();
    peer.data(0, octets(1));
    await expectConnectionError(peer, PROTOCOL_ERROR);
  });

  describe.each(kindsWithBody)('%s', (_kind, { fields, body }) => {
    test.each([
      ['as much padding as there is payload', Uint8Array.of(1)],
      ['more padding than there is payload', Uint8Array.of(6, ...octets(5))],
      ['no length of its padding', octets(0)],
    ])('%s ends the connection', async (_name, payload) => {
      const peer = await served.peer();
      const stream = peer.open(fields, 0);
      peer.frame(DATA, PADDED, stream, payload);
      // Without even a length it is too small a frame.
      await expectConnectionError(peer, PROTOCOL_ERROR, ...(payload.length === 0 ? [FRAME_SIZE_ERROR] : []));
    });

    test('its padding is no content', async () => {
      const peer = await served.peer();
      const [first, second] = [body.subarray(0, 3), body.subarray(3)];
      const plain = ask(peer, { fields, body });
      const stream = peer.open(fields, 0);
      peer.frame(DATA, PADDED, stream, Uint8Array.of(255, ...first, ...octets(255)));
      peer.frame(DATA, PADDED, stream, Uint8Array.of(3, ...octets(3)));
      peer.frame(DATA, 0, stream, octets(0));
      peer.frame(DATA, PADDED | END_STREAM, stream, Uint8Array.of(0, ...second));
      const answer = await peer.answer(stream);
      const expected = await peer.answer(plain);
      expect([answer.headers?.get(':status'), answer.trailers, answer.body]).toEqual([
        expected.headers?.get(':status'),
        expected.trailers,
        expected.body,
      ]);
    });
  });
});

describe.each(kinds)('section 6.2: HEADERS, %s', (_kind, { fields, body }) => {
  const block = encodeFields(fields);
  const ends = body.length === 0 ? END_STREAM : 0;
  const priority = Uint8Array.of(0x80, 0, 0, 0, 255);

  test.each<readonly [string, number, Uint8Array]>([
    ['padding', PADDED, Uint8Array.of(4, ...block, ...octets(4))],
    ['a priority', PRIORITY_FLAG, Uint8Array.of(...priority, ...block)],
    ['both', PADDED | PRIORITY_FLAG, Uint8Array.of(4, ...priority, ...block, ...octets(4))],
  ])('with %s', async (_name, flags, payload) => {
    const peer = await served.peer();
    const stream = peer.expect(1);
    peer.frame(HEADERS, END_HEADERS | ends | flags, stream, payload);
    if (body.length > 0) peer.data(stream, body, END_STREAM);
    expect((await peer.answer(stream)).headers?.get(':status')).toBe('200');
  });

  test.each([
    ['more padding than there is', PADDED, Uint8Array.of(block.length + 1, ...block)],
    ['no room for its priority', PRIORITY_FLAG, octets(4)],
    ['no room for its padding', PADDED | PRIORITY_FLAG, Uint8Array.of(1, ...priority)],
  ])('with %s ends the connection', async (_name, flags, payload) => {
    const peer = await served.peer();
    peer.frame(HEADERS, END_HEADERS | ends | flags, peer.expect(1), payload);
    await expectConnectionError(peer, PROTOCOL_ERROR, FRAME_SIZE_ERROR);
  });

  const inPieces = async (size: number) => {
    const peer = await served.peer();
    const stream = peer.expect(1);
    peer.frame(HEADERS, PADDED | ends, stream, Uint8Array.of(2, ...block.subarray(0, size), 0, 0));
    for (let at = size; at < block.length; at += size) {
      // What CONTINUATION has no flag for means nothing: END_STREAM here.
      peer.frame(CONTINUATION, END_STREAM, stream, block.subarray(at, at + size));
    }
    peer.frame(CONTINUATION, END_HEADERS, stream, octets(0));
    if (body.length > 0) peer.data(stream, body, END_STREAM);
    return { peer, answer: await peer.answer(stream) };
  };

  test('in seven CONTINUATION frames (6.10)', async () => {
    const { peer, answer } = await inPieces(Math.ceil(block.length / 7));
    expect(answer.headers?.get(':status'), peer.summary()).toBe('200');
  });

  test('in CONTINUATION frames of one octet: served, or too much of it', async () => {
    const { peer, answer } = await inPieces(1);
    // nghttp2 takes eight.
    if (answer.headers?.get(':status') !== '200')
      await expectConnectionError(peer, ErrorCode.ENHANCE_YOUR_CALM, ErrorCode.INTERNAL_ERROR);
  });
});

describe('section 6.3: PRIORITY', () => {
  test('on stream 0 ends the connection, or is let pass as all priorities are', async () => {
    const peer = await served.peer();
    peer.frame(PRIORITY, 0, 0, octets(5));
    await expectServesOr(peer, PROTOCOL_ERROR);
  });

  test.each([4, 6])('of %s octets is too small or too large', async (size) => {
    const peer = await served.peer();
    const stream = peer.open(requests.lane.fields, 0);
    peer.frame(PRIORITY, 0, stream, octets(size));
    await expectEitherError(peer, stream, FRAME_SIZE_ERROR);
  });
});

describe('section 6.4: RST_STREAM', () => {
  test.each([
    ['on stream 0', 0, uint32(8), PROTOCOL_ERROR],
    ['of 3 octets', 1, octets(3), FRAME_SIZE_ERROR],
    ['of 5 octets', 1, octets(5), FRAME_SIZE_ERROR],
  ])('%s ends the connection', async (_name, stream, payload, code) => {
    const peer = await served.peer();
    peer.open(requests.lane.fields, 0);
    peer.frame(RST_STREAM, 0, stream, payload);
    await expectConnectionError(peer, code);
  });

  test.each([0, 2, 8, 0xffff])(
    'with code %s ends the stream of a session, and its neighbours go on',
    async (code) => {
      const peer = await served.peer();
      const [one, other] = [
        await openSession(served, peer, 'one', `resets ${code}`),
        await openSession(served, peer, 'other', `resets ${code}`),
      ];
      await peer.until(() => peer.view(one).bytes > 0 && peer.view(other).bytes > 0, 'both sessions');
      peer.reset(one, code);
      const before = peer.view(other).bytes;
      await expectServes(peer);
      // The other is told that the one is away.
      await peer.until(() => peer.view(other).bytes > before, 'what the other is told');
      expect(peer.view(other)).toMatchObject({ ended: false, reset: undefined });
    },
  );

  test.each(kinds)('right behind its request: %s', async (_kind, request) => {
    const peer = await served.peer();
    for (let round = 0; round < 20; round += 1) peer.reset(ask(peer, request));
    await expectServes(peer);
  });
});
