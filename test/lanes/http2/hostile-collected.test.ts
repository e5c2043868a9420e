import { expect, onTestFinished, test } from 'vitest';
import { encodeFields } from '../../fuzz/kit/hpack.ts';
import { END_HEADERS, END_STREAM, FrameType, uint32 } from '../../fuzz/kit/http2-frames.ts';
import { startE2eGateway } from '../../helpers/e2e-gateway.ts';
import { kinds } from './conformance-kit.ts';
import { flood, frame } from './hostile-kit.ts';
import { Http2Peer } from './http2-peer.ts';

const { DATA, HEADERS, WINDOW_UPDATE } = FrameType;
const boundless = { burst: 1_000_000, perSecond: 1_000_000 };
const MIB = 2 ** 20;

// Node (26.10) ends the process when it collects a session that was ended within a batch of frames. A gateway that takes as many
// connections of one address as come shows it within seconds, by the garbage that they make.
test('sessions that are ended for what their peers send are collected, and the process goes on', async () => {
  const rates = { connectionRate: boundless, sessionRate: boundless, callRate: boundless };
  const gateway = await startE2eGateway({ portLimits: { ...rates, cutCost: 1, violationCost: 1 } });
  onTestFinished(() => gateway.close());
  let cut = 0;
  for (const end = Date.now() + 5_000; Date.now() < end; ) {
    for (const [, { fields }] of [kinds[0], kinds[3]]) {
      for (const make of mistakes(fields)) {
        const peer = await Http2Peer.connect(gateway.port);
        await peer.ping();
        const batch = Array.from({ length: 50 }, () => make);
        await flood(
          peer,
          () => Buffer.concat(batch.flatMap((one) => one(peer.expect(peer.nextStream())))),
          4 * MIB,
        );
        await peer.until(() => peer.isClosed, 'its end');
        peer.destroy();
        cut += 1;
      }
    }
  }
  expect(cut).toBeGreaterThan(8);
});

/** What costs a stream, or its connection: each gives the frames of one stream. */
function mistakes(fields: Parameters<typeof encodeFields>[0]): ((stream: number) => Uint8Array[])[] {
  const head = encodeFields(fields);
  const upper = encodeFields([...fields, ['X-Upper', '1']]);
  const long = encodeFields([...fields, ['content-length', '3']]);
  const trailers = encodeFields([['x-more', '1']]);
  return [
    (it) => [frame(HEADERS, END_HEADERS, it, head), frame(WINDOW_UPDATE, 0, it, uint32(0))],
    (it) => [frame(HEADERS, END_HEADERS, it, upper)],
    (it) => [frame(HEADERS, END_HEADERS, it, long), frame(DATA, END_STREAM, it, new Uint8Array(2))],
    (it) => [frame(HEADERS, END_HEADERS, it, head), frame(HEADERS, END_HEADERS, it, trailers)],
  ];
}
