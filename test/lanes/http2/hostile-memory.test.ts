import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { encodeFields } from '../../fuzz/kit/hpack.ts';
import { END_HEADERS, FrameType, settings } from '../../fuzz/kit/http2-frames.ts';
import { ask, expectServes, kinds, request, subject } from './conformance-kit.ts';
import { expectCut, expectHarmless, flood, frame, heldBytes, perStream, repeated } from './hostile-kit.ts';
import { type Http2Peer, Setting } from './http2-peer.ts';

// What one connection may have a gateway hold.

const { HEADERS, SETTINGS, PING } = FrameType;
const served = subject();
const MIB = 2 ** 20;

describe('header blocks that are more than they look (HPACK bombs)', () => {
  const kept = Buffer.concat([Uint8Array.of(0x40, 1, 0x78, 0x7f, 0xa1, 0x1e), Buffer.alloc(4_000, 0x62)]);

  test.each(kinds)('a field of 4,000 octets named 16,000 times a request: %s', async (_kind, { fields }) => {
    await expectHarmless(served, async (peer) => {
      const first = Buffer.concat([encodeFields(fields), kept]);
      peer.frame(HEADERS, END_HEADERS, peer.expect(peer.nextStream()), first);
      const bomb = Buffer.concat([encodeFields(fields), Buffer.alloc(16_000, 0xbe)]);
      const make = (stream: number) => [frame(HEADERS, END_HEADERS, stream, bomb)];
      const before = heldBytes();
      for (let round = 0; round < 30 && !peer.isClosed; round += 1) {
        peer.raw(perStream(peer, make, 10)());
        await delay(5);
      }
      expect(heldBytes() - before).toBeLessThan(48 * MIB);
      await expectRefusedOrCut(peer);
    });
  });

  async function expectRefusedOrCut(peer: Http2Peer): Promise<void> {
    if (!peer.isClosed) await peer.ping().catch(() => {});
    const streams = Array.from({ length: 300 }, (_, at) => 2 * at + 3);
    for (const stream of streams) expect(peer.view(stream).headers?.get(':status') ?? '431').toBe('431');
  }
});

describe('a peer that never reads', () => {
  const wide = [[Setting.INITIAL_WINDOW_SIZE, 2 ** 31 - 1]] as const;

  test('what it asks for does not pile up: pages of 400,000 octets', async () => {
    const peer = await served.peer({ settings: wide, givesWindow: false });
    peer.widen(0, 2 ** 31 - 1 - 65_535);
    await peer.ping();
    const before = heldBytes();
    peer.socket.pause();
    for (let count = 0; count < 250; count += 1) peer.open(request('GET', '/large.txt').fields);
    await delay(1_200);
    // Read from the disk, all of it would be 100 MB.
    expect(heldBytes() - before).toBeLessThan(40 * MIB);
    const other = await served.peer();
    await expectServes(other);
    peer.destroy();
  });

  test.each(kinds)('nor many answers, whose number is what counts: %s', async (_kind, plain) => {
    await expectHarmless(served, async (peer) => {
      peer.settings([Setting.INITIAL_WINDOW_SIZE, 0]);
      await peer.ping();
      peer.socket.pause();
      for (let round = 0; round < 3 && !peer.socket.destroyed; round += 1) {
        for (let count = 0; count < 80; count += 1) ask(peer, plain);
        await delay(10);
      }
      await delay(1_000);
      peer.socket.resume();
      // An answer without content needs no room, and is one that was sent.
      const isSent = (stream: number) => peer.view(stream).ended || peer.isClosed;
      const streams = Array.from({ length: 240 }, (_, at) => 2 * at + 1);
      await peer.until(() => streams.every(isSent) || peer.isClosed, 'its end, or all answers');
      if (peer.isClosed) await expectCut(peer);
    });
  });

  test('nor acknowledgements', async () => {
    await expectHarmless(served, async (peer) => {
      peer.socket.pause();
      const pings = repeated(frame(PING, 0, 0, new Uint8Array(8)));
      const sets = repeated(frame(SETTINGS, 0, 0, settings([0x7777, 1])));
      await flood(peer, () => Buffer.concat([pings(), sets()]), 4 * MIB);
      peer.socket.resume();
      await expectCut(peer);
    });
  });
});
