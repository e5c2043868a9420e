import { describe, expect, test } from 'vitest';
import { encodeFields } from '../../fuzz/kit/hpack.ts';
import {
  END_HEADERS,
  END_STREAM,
  FrameType,
  http2Frame,
  PREFACE,
  settings,
  uint32,
  writeFrame,
} from '../../fuzz/kit/http2-frames.ts';
import { ask, expectConnectionError, expectServes, kinds, requests, subject } from './conformance-kit.ts';
import { ACK, ErrorCode, type Http2Peer, Setting } from './http2-peer.ts';

// RFC 9113, sections 3.4 to 4.3 and 5.4 to 7, as far as they are a matter of the whole connection.

const { DATA, HEADERS, PRIORITY, SETTINGS, PUSH_PROMISE, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION } =
  FrameType;
const { PROTOCOL_ERROR, FRAME_SIZE_ERROR, FLOW_CONTROL_ERROR, COMPRESSION_ERROR } = ErrorCode;

const served = subject();
const octets = (length: number) => new Uint8Array(length);
const pageBlock = encodeFields(requests.page.fields);

describe('section 3.4: the preface', () => {
  test('the gateway begins with SETTINGS, and acknowledges those of its peer', async () => {
    const peer = await served.peer();
    await expectServes(peer);
    expect(peer.frames[0]).toMatchObject({ type: SETTINGS, flags: 0, stream: 0 });
    const acknowledged = peer.frames.filter(({ type, flags }) => type === SETTINGS && flags === ACK);
    expect(acknowledged).toHaveLength(1);
  });

  test.each(kinds)('a request may come with the preface: %s', async (_name, { fields, body }) => {
    const peer = await served.peer({ greets: false });
    const stream = peer.expect(1);
    const headers = http2Frame(
      HEADERS,
      END_HEADERS | (body.length === 0 ? END_STREAM : 0),
      1,
      encodeFields(fields),
    );
    const frames = body.length === 0 ? [headers] : [headers, http2Frame(DATA, END_STREAM, 1, body)];
    peer.raw(PREFACE);
    peer.settings();
    peer.send(...frames);
    expect((await peer.answer(stream)).headers?.get(':status')).toBe('200');
  });

  test('one that is none is no HTTP/2', async () => {
    const peer = await served.peer({ greets: false });
    peer.raw(Buffer.from('PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n'));
    await peer.until(() => peer.isClosed, 'the end');
  });

  test.each([
    ['a request', http2Frame(HEADERS, END_HEADERS | END_STREAM, 1, pageBlock)],
    ['a PING', http2Frame(PING, 0, 0, octets(8))],
    // Acknowledging what was not seen is no preface either.
    ['an acknowledgement', http2Frame(SETTINGS, ACK, 0, octets(0))],
  ])('%s before SETTINGS is an error', async (_name, frame) => {
    const peer = await served.peer({ greets: false });
    peer.expect(1);
    peer.raw(PREFACE);
    peer.send(frame);
    await expectConnectionError(peer, PROTOCOL_ERROR);
  });
});

/** What ends the connection, and the codes that may tell why. */
type Act = (peer: Http2Peer) => void;
type Row = readonly [what: string, act: Act, ...codes: readonly (number | undefined)[]];

/** One frame of the connection, or of stream 1 before it is open. */
const sends = (type: number, flags: number, stream: number, payload: Uint8Array): Act => {
  return (peer) => peer.frame(type, flags, stream === 1 ? peer.expect(1) : stream, payload);
};
/** One frame of a lane's stream. */
const sendsOnLane = (type: number, flags: number, payload: Uint8Array): Act => {
  return (peer) => {
    const stream = peer.open(requests.lane.fields, 0);
    peer.frame(type, flags, stream, payload);
  };
};
/** One frame where the rest of a header block is due. */
const sendsWithin = (type: number, flags: number, stream: number, payload: Uint8Array): Act => {
  return (peer) => {
    peer.frame(HEADERS, 0, peer.expect(1), pageBlock);
    peer.frame(type, flags, stream, payload);
  };
};
const set = (id: number, value: number): Act => sends(SETTINGS, 0, 0, settings([id, value]));

const rows: Record<string, readonly Row[]> = {
  'section 4.2: the size of a frame': [
    // A stream error would do for DATA: nghttp2 does not tell them apart.
    ['DATA of 16,385 octets', sendsOnLane(DATA, 0, octets(16_385)), FRAME_SIZE_ERROR],
    ['HEADERS of 16,385 octets', sends(HEADERS, END_HEADERS, 1, octets(16_385)), FRAME_SIZE_ERROR],
    ['a frame of no known type, of 16,385 octets', sends(0xee, 0, 0, octets(16_385)), FRAME_SIZE_ERROR],
  ],
  'section 4.3: a header block': [
    ['an index of no table', sends(HEADERS, END_HEADERS, 1, Uint8Array.of(0xff, 0)), COMPRESSION_ERROR],
    ['a text cut off', sends(HEADERS, END_HEADERS, 1, pageBlock.subarray(0, -1)), COMPRESSION_ERROR],
    ['a table too large', sends(HEADERS, END_HEADERS, 1, Buffer.from('3fe1ff03', 'hex')), COMPRESSION_ERROR],
    ['a late size', sends(HEADERS, END_HEADERS, 1, Uint8Array.of(...pageBlock, 0x20)), COMPRESSION_ERROR],
    ['bad trailers', sendsOnLane(HEADERS, END_HEADERS | END_STREAM, Uint8Array.of(0x80)), COMPRESSION_ERROR],
    [
      'one on a stream that was reset, which cannot be decoded',
      (peer) => {
        const stream = peer.open(requests.lane.fields, 0);
        peer.reset(stream);
        peer.frame(HEADERS, END_HEADERS | END_STREAM, stream, Uint8Array.of(0x80));
      },
      // The stream is closed as well, whichever is found first.
      ...[COMPRESSION_ERROR, ErrorCode.STREAM_CLOSED],
    ],
    ['DATA within', sendsWithin(DATA, 0, 1, octets(1)), PROTOCOL_ERROR],
    ['PRIORITY within', sendsWithin(PRIORITY, 0, 1, octets(5)), PROTOCOL_ERROR],
    ['PING within', sendsWithin(PING, 0, 0, octets(8)), PROTOCOL_ERROR],
    ['a frame of no known type within', sendsWithin(0xee, 0, 1, octets(8)), PROTOCOL_ERROR],
    ['HEADERS of the stream within', sendsWithin(HEADERS, END_HEADERS, 1, pageBlock), PROTOCOL_ERROR],
    ['HEADERS of another within', sendsWithin(HEADERS, END_HEADERS, 3, pageBlock), PROTOCOL_ERROR],
    ['CONTINUATION of another within', sendsWithin(CONTINUATION, END_HEADERS, 3, octets(0)), PROTOCOL_ERROR],
  ],
  'section 6.5: SETTINGS': [
    ['an acknowledgement with a payload', sends(SETTINGS, ACK, 0, octets(6)), FRAME_SIZE_ERROR],
    ['on a stream', sends(SETTINGS, 0, 3, octets(0)), PROTOCOL_ERROR],
    ['of 5 octets', sends(SETTINGS, 0, 0, octets(5)), FRAME_SIZE_ERROR],
    ['ENABLE_PUSH of 2', set(Setting.ENABLE_PUSH, 2), PROTOCOL_ERROR],
    ['INITIAL_WINDOW_SIZE of 2^31', set(Setting.INITIAL_WINDOW_SIZE, 2 ** 31), FLOW_CONTROL_ERROR],
    ['MAX_FRAME_SIZE of 16,383', set(Setting.MAX_FRAME_SIZE, 16_383), PROTOCOL_ERROR],
    ['MAX_FRAME_SIZE of 2^24', set(Setting.MAX_FRAME_SIZE, 2 ** 24), PROTOCOL_ERROR],
  ],
  'section 6.6: PUSH_PROMISE': [
    [
      'from a client',
      sendsOnLane(PUSH_PROMISE, END_HEADERS, Buffer.concat([uint32(2), pageBlock])),
      // nghttp2 finds it, and Node gives up the connection before it has said so.
      ...[PROTOCOL_ERROR, undefined],
    ],
  ],
  'section 6.7: PING': [
    ['of 7 octets', sends(PING, 0, 0, octets(7)), FRAME_SIZE_ERROR],
    ['on a stream', sends(PING, 0, 3, octets(8)), PROTOCOL_ERROR],
  ],
  'section 6.8: GOAWAY': [
    ['on a stream', sends(GOAWAY, 0, 3, octets(8)), PROTOCOL_ERROR],
    ['of 7 octets', sends(GOAWAY, 0, 0, octets(7)), FRAME_SIZE_ERROR],
  ],
  'section 6.9: WINDOW_UPDATE of the connection': [
    ['of nothing', sends(WINDOW_UPDATE, 0, 0, uint32(0)), PROTOCOL_ERROR],
    ['of nothing but the reserved bit', sends(WINDOW_UPDATE, 0, 0, uint32(0x8000_0000)), PROTOCOL_ERROR],
    ['of 3 octets', sends(WINDOW_UPDATE, 0, 0, octets(3)), FRAME_SIZE_ERROR],
    ['beyond 2^31 - 1 in all', sends(WINDOW_UPDATE, 0, 0, uint32(0x7fff_ffff)), FLOW_CONTROL_ERROR],
  ],
  'section 6.10: CONTINUATION': [
    ['without HEADERS', sends(CONTINUATION, END_HEADERS, 1, pageBlock), PROTOCOL_ERROR],
    ['on stream 0', sends(CONTINUATION, END_HEADERS, 0, pageBlock), PROTOCOL_ERROR],
    ['behind a whole block', sendsOnLane(CONTINUATION, END_HEADERS, octets(0)), PROTOCOL_ERROR],
  ],
};

for (const [section, cases] of Object.entries(rows)) {
  describe(`${section}: what ends the connection`, () => {
    test.for(cases)('%s', async ([, act, ...codes]) => {
      const peer = await served.peer();
      await peer.ping();
      act(peer);
      await expectConnectionError(peer, ...codes);
    });
  });
}

describe('what is let pass', () => {
  test.each<readonly [string, readonly Act[]]>([
    ['frames of no known type (4.1, 5.5)', [sends(0xee, 0xff, 0, octets(100)), sends(10, 1, 7, octets(8))]],
    [
      'flags that mean nothing (4.1)',
      [
        ...[sends(PING, 0xf6, 0, octets(8)), sends(WINDOW_UPDATE, 0xff, 0, uint32(1))],
        sends(SETTINGS, 0xfe, 0, octets(0)),
      ],
    ],
    ['the reserved bit of a stream (4.1)', [sends(PING, 0, 0x8000_0000, octets(8))]],
    [
      'priorities (5.3)',
      [sends(PRIORITY, 0, 99, Buffer.from('00000001ff', 'hex')), sends(PRIORITY, 0, 2, octets(5))],
    ],
    ['settings that are not known (6.5.2)', [set(0xeeee, 1), set(0, 0), set(0xffff, 2 ** 32 - 1)]],
    ['the setting of RFC 8441', [set(8, 1)]],
    ['the edges of HEADER_TABLE_SIZE (6.5.2)', [set(1, 0), set(1, 2 ** 32 - 1), set(1, 1)]],
    ['the edges of others (6.5.2)', [set(2, 1), set(5, 2 ** 24 - 1), set(6, 2 ** 32 - 1), set(3, 0)]],
    ['a setting twice in one frame (6.5.3)', [(peer) => peer.settings([5, 20_000], [5, 16_384])]],
    ['the largest window (6.9)', [(peer) => peer.widen(0, 2 ** 31 - 1 - 65_535)]],
    ['the reserved bit of a window (6.9)', [sends(WINDOW_UPDATE, 0, 0, uint32(0x8000_0001))]],
    ['RST_STREAM with a code that is not known (7)', [sendsOnLane(FrameType.RST_STREAM, 0, uint32(0xeeee))]],
  ])('%s', async (_what, acts) => {
    const peer = await served.peer();
    await peer.ping();
    for (const act of acts) act(peer);
    await expectServes(peer);
  });

  test('section 6.7: the acknowledgement of a PING that was not sent', async () => {
    const peer = await served.peer();
    await peer.ping();
    peer.frame(PING, ACK, 0, octets(8));
    // Node makes an error of it, as of any that its own library lets through.
    try {
      await expectServes(peer);
    } catch {
      await peer.until(() => peer.isClosed, 'the end');
    }
  });
});

test('section 6.5.3: each SETTINGS is acknowledged, in its turn', async () => {
  const peer = await served.peer();
  for (let round = 0; round < 10; round += 1) peer.settings([Setting.INITIAL_WINDOW_SIZE, 65_535 - round]);
  await peer.ping();
  const acknowledged = peer.frames.filter(({ type, flags }) => type === SETTINGS && flags === ACK);
  expect(acknowledged).toHaveLength(11);
});

test('section 6.7: each PING is answered with what it said, whatever else is under way', async () => {
  const peer = await served.peer();
  const asked = ask(peer, requests.lane);
  const payloads = Array.from({ length: 20 }, (_, at) => Uint8Array.of(at, 255, 0, 1, 2, 3, 4, at));
  for (const payload of payloads) peer.frame(PING, 0, 0, payload);
  await peer.answer(asked);
  await peer.ping();
  const answers = peer.frames.filter(({ type, flags }) => type === PING && flags === ACK).slice(0, -1);
  expect(answers.map(({ payload }) => [...payload])).toEqual(payloads.map((payload) => [...payload]));
});

describe('section 6.8: GOAWAY from the client', () => {
  test('what it has open is answered, and then the connection ends', async () => {
    const peer = await served.peer();
    const open = peer.open(requests.unary.fields, 0);
    const lane = peer.open(requests.sendFrames.fields, 0);
    await peer.ping();
    peer.frame(GOAWAY, 0, 0, octets(8));
    await peer.ping();
    peer.data(open, requests.unary.body, END_STREAM);
    peer.data(lane, requests.sendFrames.body, END_STREAM);
    expect((await peer.answer(open)).trailers?.get('grpc-status')).toBe('0');
    expect((await peer.answer(lane)).headers?.get(':status')).toBe('200');
    await peer.until(() => peer.isClosed, 'the end of the connection');
  });

  test('with an error that nobody knows, and with a reason', async () => {
    const peer = await served.peer();
    await peer.ping();
    peer.frame(GOAWAY, 0, 0, Buffer.concat([uint32(0), uint32(0xeeee), Buffer.from('no reason')]));
    await peer.until(() => peer.isClosed, 'the end of the connection');
  });
});

test('section 5.4.1: the GOAWAY of an error tells the last stream that was served', async () => {
  const peer = await served.peer();
  await peer.answer(ask(peer, requests.page));
  const last = ask(peer, requests.sendFrames);
  await peer.answer(last);
  peer.frame(PING, 0, 0, octets(1));
  await expectConnectionError(peer, FRAME_SIZE_ERROR);
  const goAway = peer.frames.find(({ type }) => type === GOAWAY);
  expect(Buffer.from(goAway?.payload ?? []).readUInt32BE(0)).toBe(last);
});

test('section 6.5.2: the setting of RFC 9218, which must be in the first SETTINGS', async () => {
  await expectServes(await served.peer({ settings: [[9, 1]] }));
});

test.each([1, 2, 3, 7, 50])('section 4.1: frames may come %s octets at a time', async (size) => {
  const peer = await served.peer({ givesWindow: false });
  // What it sends by itself must not come between the pieces.
  await peer.ping();
  const page = peer.expect(1);
  const lane = peer.expect(3);
  const block = encodeFields(requests.sendFrames.fields);
  const { body } = requests.sendFrames;
  const all = Buffer.concat(
    [
      http2Frame(HEADERS, END_HEADERS | END_STREAM, page, pageBlock),
      http2Frame(HEADERS, 0, lane, block.subarray(0, 20)),
      http2Frame(CONTINUATION, END_HEADERS, lane, block.subarray(20)),
      http2Frame(DATA, 0, lane, body.subarray(0, 2)),
      http2Frame(DATA, END_STREAM, lane, body.subarray(2)),
    ].map(writeFrame),
  );
  for (let at = 0; at < all.length; at += size) {
    peer.raw(all.subarray(at, at + size));
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect((await peer.answer(page)).headers?.get(':status')).toBe('200');
  expect((await peer.answer(lane)).headers?.get(':status'), peer.summary()).toBe('200');
});
