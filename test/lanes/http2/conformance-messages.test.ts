import { describe, expect, test } from 'vitest';
import { encodeFields, type Field } from '../../fuzz/kit/hpack.ts';
import { END_HEADERS, END_STREAM, FrameType } from '../../fuzz/kit/http2-frames.ts';
import {
  ask,
  expectServes,
  kinds,
  kindsWithBody,
  openSession,
  type Request,
  request,
  requests,
  subject,
} from './conformance-kit.ts';
import { ErrorCode, type Http2Peer, type StreamView } from './http2-peer.ts';

// RFC 9113, sections 8.1 to 8.3: what a request must look like, of lanes and of all else.

const { HEADERS } = FrameType;
const { PROTOCOL_ERROR } = ErrorCode;
const served = subject();

/** A field before or behind the others, or others in its place. */
const change = {
  behind:
    (...more: Field[]) =>
    (fields: readonly Field[]) => [...fields, ...more],
  before:
    (...more: Field[]) =>
    (fields: readonly Field[]) => [...more, ...fields],
  without: (name: string) => (fields: readonly Field[]) => fields.filter(([named]) => named !== name),
  to: (name: string, value: string) => (fields: readonly Field[]) =>
    fields.map((field): Field => (field[0] === name ? [name, value] : field)),
};

type Change = (fields: readonly Field[]) => readonly Field[];

/** Malformed: the stream is reset or answered with 400 (section 8.1.1), and the connection goes on. */
async function expectMalformed(peer: Http2Peer, stream: number, ...alsoGoAway: number[]): Promise<void> {
  const { reset, headers, trailers } = await peer.answer(stream);
  if (peer.isClosed || peer.goAway !== undefined) {
    // nghttp2 makes some of them the connection's error; Node may give it up before that is said.
    await peer.until(() => peer.isClosed, 'the end of the connection');
    expect([PROTOCOL_ERROR, undefined, ...alsoGoAway]).toContain(peer.goAway);
    return;
  }
  if (reset !== PROTOCOL_ERROR) expect(refusal(headers, trailers), peer.summary()).toMatch(/^(400|grpc 3)$/);
  await expectServes(peer);
}

/** The HTTP status, or that of gRPC where there is one: 3 is INVALID_ARGUMENT. */
function refusal(headers: StreamView['headers'], trailers: StreamView['trailers']): string {
  const grpc = (trailers ?? headers)?.get('grpc-status');
  return grpc === undefined ? String(headers?.get(':status')) : `grpc ${grpc}`;
}

/** Fields that nghttp2 leaves out where it may not let them pass; the RFC makes the request malformed (section 8.2.1). */
const impossible: readonly (readonly [string, Change])[] = [
  ['a name with a space', change.behind(['x y', '1'])],
  ['a name with a colon within', change.behind(['x:y', '1'])],
  ['a name with a control character', change.behind(['x\u0000y', '1'])],
  ['a name beyond ASCII', change.behind(['x\u00e9', '1'])],
  ['an empty name', change.behind(['', '1'])],
  ['a value with NUL', change.behind(['x-value', 'a\u0000b'])],
  ['a value with LF', change.behind(['x-value', 'a\nb'])],
  ['a value with CR', change.behind(['x-value', 'a\rb'])],
];

const malformed: readonly (readonly [string, Change])[] = [
  ['a name in upper case', change.behind(['X-Upper', '1'])],
  ['connection', change.behind(['connection', 'close'])],
  ['keep-alive', change.behind(['keep-alive', 'timeout=5'])],
  ['proxy-connection', change.behind(['proxy-connection', 'close'])],
  ['transfer-encoding', change.behind(['transfer-encoding', 'chunked'])],
  ['upgrade', change.behind(['upgrade', 'h2c'])],
  ['te with more than trailers', (fields) => [...change.without('te')(fields), ['te', 'trailers, gzip']]],
  ['a pseudo-header that is not known', change.before([':unknown', '1'])],
  ['a pseudo-header of responses', change.before([':status', '200'])],
  [
    'a pseudo-header behind a field',
    (fields) => [...change.without(':path')(fields), ['x-before', '1'], fields[3] as Field],
  ],
  [':method twice', change.before([':method', 'POST'])],
  [':path twice', change.before([':path', '/'])],
  [':scheme twice', change.before([':scheme', 'http'])],
  [':authority twice', change.before([':authority', 'localhost'])],
  ['no :method', change.without(':method')],
  ['no :scheme', change.without(':scheme')],
  ['no :path', change.without(':path')],
  ['an empty :path', change.to(':path', '')],
  ['a :path that is no path', change.to(':path', 'nowhere')],
  ['an :authority that is none', change.to(':authority', 'a b')],
  ['a content-length that is none', change.behind(['content-length', 'five'])],
  ['two lengths', change.behind(['content-length', '5'], ['content-length', '6'])],
  ['a negative length', change.behind(['content-length', '-1'])],
];

describe.each(kinds)('sections 8.2, 8.3: a malformed request of %s', (_kind, { fields, body }) => {
  test.each(malformed)('%s', async (_what, changed) => {
    const peer = await served.peer();
    const stream = ask(peer, { fields: changed(fields), body });
    await expectMalformed(peer, stream);
  });

  test.each(impossible)('%s, or served without it', async (_what, changed) => {
    const peer = await served.peer();
    const plain = await peer.answer(ask(peer, { fields, body }));
    const stream = ask(peer, { fields: changed(fields), body });
    const { headers, trailers } = await peer.answer(stream);
    const expected = refusal(plain.headers, plain.trailers);
    if (refusal(headers, trailers) !== expected) await expectMalformed(peer, stream);
  });

  test('CONNECT with a path', async () => {
    const peer = await served.peer();
    await expectMalformed(peer, ask(peer, { fields: change.to(':method', 'CONNECT')(fields), body }));
  });
});

const wellFormed: readonly (readonly [string, Change])[] = [
  ['an empty value', change.behind(['x-empty', ''])],
  ['a value beyond ASCII', change.behind(['x-value', 'caf\u00e9\u00ff'])],
  ['a value with a tab within', change.behind(['x-value', 'a\tb'])],
  ['pseudo-headers in another order', (fields) => [...fields.slice(0, 4).toReversed(), ...fields.slice(4)]],
  [
    'Host instead of :authority',
    (fields) => [...change.without(':authority')(fields), ['host', 'localhost']],
  ],
  ['Host beside :authority', change.behind(['host', 'localhost'])],
  ['a cookie in crumbs', change.behind(['cookie', 'a=b'], ['cookie', 'c=d'])],
  ['the same field twice', change.behind(['x-twice', '1'], ['x-twice', '2'])],
  ['the scheme https', change.to(':scheme', 'https')],
  ['names that objects have', change.behind(['__proto__', '1'], ['constructor', '2'], ['tostring', '3'])],
];

describe.each(kinds)('sections 8.2, 8.3: a well-formed request of %s', (_kind, plain) => {
  test.each(wellFormed)('with %s', async (_what, changed) => {
    const peer = await served.peer();
    const expected = await peer.answer(ask(peer, plain));
    const answer = await peer.answer(ask(peer, { ...plain, fields: changed(plain.fields) }));
    expect(answer.body).toEqual(expected.body);
    expect(refusal(answer.headers, answer.trailers)).toBe(refusal(expected.headers, expected.trailers));
  });
});

describe.each(kindsWithBody)('section 8.1: the length of a body of %s', (_kind, { fields, body }) => {
  const withLength = (length: number) => change.behind(['content-length', String(length)])(fields);

  test('that is as it was said', async () => {
    const peer = await served.peer();
    const stream = peer.open(withLength(body.length), 0);
    peer.data(stream, body.subarray(0, 2));
    peer.data(stream, body.subarray(2), END_STREAM);
    expect((await peer.answer(stream)).headers?.get(':status')).toBe('200');
  });

  test.each([
    ['shorter', body.length + 1],
    ['longer', body.length - 1],
  ])('that is %s than was said', async (_what, length) => {
    const peer = await served.peer();
    // nghttp2 ends the connection over what is longer, with INTERNAL_ERROR.
    await expectMalformed(peer, ask(peer, { fields: withLength(length), body }), ErrorCode.INTERNAL_ERROR);
  });

  test('that is missing', async () => {
    const peer = await served.peer();
    await expectMalformed(peer, peer.open(withLength(body.length), END_STREAM));
  });

  test('that is missing, behind trailers', async () => {
    const peer = await served.peer();
    const stream = peer.open(withLength(body.length), 0);
    peer.frame(HEADERS, END_HEADERS | END_STREAM, stream, encodeFields([['x-more', '1']]));
    await expectMalformed(peer, stream);
  });
});

describe.each(kindsWithBody)('section 8.1: trailers of %s', (_kind, plain) => {
  const { fields, body } = plain;
  const withTrailers = (peer: Http2Peer, trailers: readonly Field[], flags = END_STREAM) => {
    const stream = peer.open(fields, 0);
    peer.data(stream, body);
    peer.frame(HEADERS, END_HEADERS | flags, stream, encodeFields(trailers));
    return stream;
  };

  test('end the request as DATA does', async () => {
    const peer = await served.peer();
    const expected = await peer.answer(ask(peer, plain));
    const answer = await peer.answer(withTrailers(peer, [['x-checksum', '1']]));
    expect(answer.body).toEqual(expected.body);
    expect(refusal(answer.headers, answer.trailers)).toBe(refusal(expected.headers, expected.trailers));
  });

  test.each<readonly [string, readonly Field[], number]>([
    ['that do not end it', [['x-more', '1']], 0],
    ['with a pseudo-header', [[':path', '/']], END_STREAM],
    ['with a name in upper case', [['X-More', '1']], END_STREAM],
    ['with a connection field', [['connection', 'close']], END_STREAM],
  ])('%s are malformed', async (_what, trailers, flags) => {
    const peer = await served.peer();
    await expectMalformed(peer, withTrailers(peer, trailers, flags));
  });
});

test('section 8.1: HEAD is answered without a body', async () => {
  const peer = await served.peer();
  const { fields } = request('HEAD', '/healthz');
  const answer = await peer.answer(peer.open(fields));
  expect(answer).toMatchObject({ ended: true, bytes: 0 });
  expect(answer.headers?.get(':status')).toBe('200');
});

test('section 8.1: an answer may come before the request is whole, and the rest is let pass or not wanted', async () => {
  const peer = await served.peer();
  for (const path of [
    '/signalbox.v1.SignalingService/SendFrames',
    '/nowhere',
    '/grpc.health.v1.Health/Check',
  ]) {
    const { fields } = request('POST', path, [['content-type', 'text/plain']]);
    const stream = peer.open(fields, 0);
    const begun = () => peer.view(stream).headers !== undefined || peer.isClosed;
    peer.data(stream, 'begin');
    if (path === '/nowhere') peer.data(stream, 'end', END_STREAM);
    await peer.until(begun, `the answer of ${path}`);
    expect(peer.view(stream).headers?.get(':status')).toMatch(/^4/);
    const { reset } = peer.view(stream);
    if (reset === undefined && path !== '/nowhere') peer.data(stream, new Uint8Array(1_000), END_STREAM);
    expect([undefined, ErrorCode.NO_ERROR]).toContain((await peer.answer(stream)).reset);
  }
  await expectServes(peer);
});

describe('section 4.3, 8.2: many fields', () => {
  const flood = (count: number, length: number): Field[] =>
    Array.from({ length: count }, (_, at) => [`x-${at}`, 'v'.repeat(length)]);

  test.each(kinds)('as many as are allowed: %s', async (_kind, plain) => {
    const peer = await served.peer();
    const fields = [...plain.fields, ...flood(60, 100)];
    expect((await peer.answer(ask(peer, { ...plain, fields }))).headers?.get(':status')).toBe('200');
  });

  /** A request in CONTINUATION frames as large as they may be. */
  const askInPieces = (peer: Http2Peer, fields: readonly Field[]): number => {
    const stream = peer.expect(1);
    const block = encodeFields(fields);
    peer.frame(HEADERS, END_STREAM, stream, block.subarray(0, 16_000));
    for (let at = 16_000; at < block.length; at += 16_000)
      peer.frame(FrameType.CONTINUATION, 0, stream, block.subarray(at, at + 16_000));
    peer.frame(FrameType.CONTINUATION, END_HEADERS, stream);
    return stream;
  };

  test.for<readonly [string, readonly Field[], ...string[]]>([
    ['too many', flood(200, 1), '431'],
    // What is announced is advice (section 6.5.2), and nghttp2 takes more.
    ['too large', flood(20, 1_000), '431', '200'],
    ['one too large', flood(1, 16_300), '431', '200'],
  ])('%s: the request is refused, and nothing else', async ([, more, ...statuses]) => {
    for (const [, plain] of kinds) {
      const peer = await served.peer();
      const { headers, reset } = await peer.answer(askInPieces(peer, [...plain.fields, ...more]));
      const { ENHANCE_YOUR_CALM, REFUSED_STREAM } = ErrorCode;
      const said = headers?.get(':status') ?? reset;
      expect([...statuses, ENHANCE_YOUR_CALM, PROTOCOL_ERROR, REFUSED_STREAM]).toContain(said);
      await expectServes(peer);
    }
  });

  test('far too large: the request is refused, or the connection ends', async () => {
    for (const [, plain] of kinds) {
      const peer = await served.peer();
      const { headers } = await peer.answer(askInPieces(peer, [...plain.fields, ...flood(90, 2_500)]));
      expect([undefined, '431']).toContain(headers?.get(':status'));
    }
  });
});

describe('section 4.3: the table is kept in step', () => {
  const text = (value: string) => Uint8Array.of(value.length, ...Buffer.from(value));
  const kept = (name: string, value: string) => Uint8Array.of(0x40, ...text(name), ...text(value));
  const get = Uint8Array.of(0x82, 0x86);
  const open = (peer: Http2Peer, stream: number, ...parts: Uint8Array[]) =>
    peer.frame(HEADERS, END_HEADERS | END_STREAM, peer.expect(stream), Buffer.concat(parts));

  test.each<readonly [string, (peer: Http2Peer) => void]>([
    [
      'by a request that is malformed',
      (peer) => open(peer, 1, get, kept('x-before', '1'), Uint8Array.of(0x84), kept('x-last', '1')),
    ],
    [
      'by trailers',
      (peer) => {
        const stream = peer.open(requests.sendFrames.fields, 0);
        peer.data(stream, requests.sendFrames.body);
        peer.frame(HEADERS, END_HEADERS | END_STREAM, stream, kept('x-last', '1'));
      },
    ],
    [
      'by trailers of a stream that was reset',
      (peer) => {
        const stream = peer.open(requests.sendFrames.fields, 0);
        peer.reset(stream);
        peer.frame(HEADERS, END_HEADERS | END_STREAM, stream, kept('x-last', '1'));
      },
    ],
    [
      'by a request below another',
      (peer) => {
        peer.open(requests.sendFrames.fields, 0);
        const stream = peer.nextStream();
        peer.open(requests.sendFrames.fields, 0);
        open(peer, stream, get, Uint8Array.of(0x84), kept('x-last', '1'));
      },
    ],
    [
      'by a request with far too many fields',
      (peer) => {
        const many = Buffer.concat(Array.from({ length: 1_000 }, () => kept('a', 'b')));
        open(peer, 1, get, Uint8Array.of(0x84, 0x41), text('a'), many, kept('x-last', '1'));
      },
    ],
  ])('%s', async (_what, act) => {
    const peer = await served.peer();
    await peer.ping();
    act(peer);
    // The newest entry is at 62.
    const path = Uint8Array.of(0x04, ...text('/healthz'));
    open(peer, 9, get, Uint8Array.of(0x01), text('a'), path, Uint8Array.of(0xbe));
    const { headers } = await peer.answer(9);
    if (!peer.isClosed) expect(headers?.get(':status'), peer.summary()).toBe('200');
    // What came before may have ended it: only not for its coding.
    else expect([PROTOCOL_ERROR, ErrorCode.STREAM_CLOSED, undefined]).toContain(peer.goAway);
  });
});

test('requests of all kinds go side by side, their frames in any order', async () => {
  const peer = await served.peer();
  const session = await openSession(served, peer, 'busy', 'side by side');
  const all: Request[] = Array.from({ length: 12 }, () => kinds.map(([, plain]) => plain)).flat();
  const open = all.map(({ fields, body }) => ({
    body,
    stream: peer.open(fields, body.length === 0 ? END_STREAM : 0),
  }));
  const longest = Math.max(...open.map(({ body }) => body.length));
  for (let at = 0; at < longest; at += 1) {
    for (const { stream, body } of open.toReversed()) {
      if (at < body.length)
        peer.data(stream, body.subarray(at, at + 1), at === body.length - 1 ? END_STREAM : 0);
    }
  }
  for (const { stream } of open) expect((await peer.answer(stream)).headers?.get(':status')).toBe('200');
  expect(peer.view(session)).toMatchObject({ ended: false, reset: undefined });
  expect(peer.view(session).bytes).toBeGreaterThan(100);
});
