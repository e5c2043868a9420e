import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { encodeFields, type Field } from '../../fuzz/kit/hpack.ts';
import { END_HEADERS, END_STREAM, FrameType, uint32 } from '../../fuzz/kit/http2-frames.ts';
import { ask, kinds, kindsWithBody, subject } from './conformance-kit.ts';
import { expectCut, expectHarmless, flood, frame, perStream } from './hostile-kit.ts';
import { ErrorCode } from './http2-peer.ts';

// Streams that cost the gateway more than their peer: the connection is cut, and nobody else hears of it.
// Floods of a whole gateway, and what they cost: test/flood.

const { DATA, HEADERS, RST_STREAM, WINDOW_UPDATE } = FrameType;
const served = subject();
const MIB = 2 ** 20;

// By a lane, and by what is behind.
describe.each([kinds[0], kinds[3]])('streams that are opened to be reset: %s', (_kind, { fields, body }) => {
  const block = encodeFields(fields);
  const head = (stream: number) => frame(HEADERS, END_HEADERS, stream, block);

  test.each<readonly [string, (stream: number) => Uint8Array[]]>([
    ['by the peer (CVE-2023-44487)', (it) => [head(it), frame(RST_STREAM, 0, it, uint32(8))]],
    ['by the peer, without an error', (it) => [head(it), frame(RST_STREAM, 0, it, uint32(0))]],
    [
      'by the peer, behind a whole request',
      (it) => [head(it), frame(DATA, END_STREAM, it, body), frame(RST_STREAM, 0, it, uint32(8))],
    ],
    ['for a window of nothing (CVE-2025-8671)', (it) => [head(it), frame(WINDOW_UPDATE, 0, it, uint32(0))]],
    ['for a window that overflows', (it) => [head(it), frame(WINDOW_UPDATE, 0, it, uint32(2 ** 31 - 1))]],
    [
      'for a field in upper case',
      (it) => [frame(HEADERS, END_HEADERS, it, encodeFields([...fields, ['X-Upper', '1']]))],
    ],
    [
      'for the wrong length',
      (it) => [
        frame(HEADERS, END_HEADERS, it, encodeFields([...fields, ['content-length', '3']])),
        frame(DATA, END_STREAM, it, new Uint8Array(2)),
      ],
    ],
    [
      'for trailers that do not end it',
      (it) => [head(it), frame(HEADERS, END_HEADERS, it, encodeFields([['x-more', '1']]))],
    ],
    [
      'for too many fields',
      (it) => {
        const many = Array.from({ length: 150 }, (): Field => ['a', '']);
        return [frame(HEADERS, END_HEADERS | END_STREAM, it, encodeFields([...fields, ...many]))];
      },
    ],
  ])('%s', async (_how, make) => {
    await expectHarmless(served, async (peer) => {
      await flood(peer, perStream(peer, make), 4 * MIB);
      await expectCut(peer);
    });
  });
});

test.each(kinds)(
  '400 resets within a second are too many, though as many requests are not: %s',
  async (_kind, plain) => {
    const block = encodeFields(plain.fields);
    await expectHarmless(served, async (peer) => {
      for (let count = 0; count < 400 && !peer.isClosed; count += 4) {
        const streams = Array.from({ length: 4 }, () => peer.expect(peer.nextStream()));
        for (const stream of streams) peer.raw(frame(HEADERS, END_HEADERS, stream, block));
        for (const stream of streams) peer.reset(stream);
        if (count % 40 === 0) await delay(5);
      }
      await expectCut(peer);
    });
    const peer = await served.peer();
    for (let count = 0; count < 400; count += 20) {
      const streams = Array.from({ length: 20 }, () => ask(peer, plain));
      for (const stream of streams) expect((await peer.answer(stream)).ended).toBe(true);
    }
  },
);

test.each(kindsWithBody)('10,000 streams beyond the limit: %s', async (_kind, { fields }) => {
  await expectHarmless(served, async (peer) => {
    const block = encodeFields(fields);
    let opened = 0;
    const next = perStream(peer, (stream) => [frame(HEADERS, END_HEADERS, stream, block)], 100);
    while (opened < 10_000 && !peer.isClosed) {
      await flood(peer, next, 1);
      opened += 100;
    }
    await expectCut(peer);
    const served = Array.from({ length: 10_000 }, (_, at) => peer.view(2 * at + 1)).filter(
      ({ reset, headers }) => headers !== undefined && reset === ErrorCode.REFUSED_STREAM,
    );
    expect(served).toEqual([]);
  });
});
