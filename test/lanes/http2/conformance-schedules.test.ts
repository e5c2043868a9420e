import fc from 'fast-check';
import { expect, test } from 'vitest';
import { END_STREAM, FrameType, PADDED } from '../../fuzz/kit/http2-frames.ts';
import { kinds, type Request, request, subject } from './conformance-kit.ts';
import { type Http2Peer, Setting, type StreamView } from './http2-peer.ts';

// Requests of lanes and of all else on one connection, in any order and through any windows: what is answered does not
// depend on it, and the ledger of the peer is kept (`flow-ledger.ts`).

const served = subject();
const asked: readonly Request[] = [...kinds.map(([, plain]) => plain), request('GET', '/large.txt')];

type Step =
  | { readonly does: 'open'; readonly kind: number }
  | { readonly does: 'send'; readonly at: number; readonly bytes: number; readonly padding: number }
  | { readonly does: 'widen'; readonly at: number; readonly bytes: number }
  | { readonly does: 'settings'; readonly window: number }
  | { readonly does: 'reset'; readonly at: number }
  | { readonly does: 'ping' }
  | { readonly does: 'deaf'; readonly isDeaf: boolean };

const at = fc.nat(30);
const size = fc.oneof(fc.integer({ min: 1, max: 20 }), fc.constantFrom(1_000, 16_384, 16_385, 70_000));
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ does: fc.constant('open' as const), kind: fc.nat(asked.length - 1) }) },
  {
    weight: 5,
    arbitrary: fc.record({
      does: fc.constant('send' as const),
      at,
      bytes: fc.integer({ min: 0, max: 12 }),
      padding: fc.constantFrom(0, 0, 1, 200),
    }),
  },
  { weight: 4, arbitrary: fc.record({ does: fc.constant('widen' as const), at, bytes: size }) },
  {
    weight: 2,
    arbitrary: fc.record({
      does: fc.constant('settings' as const),
      window: fc.constantFrom(0, 1, 100, 16_384, 65_535, 200_000),
    }),
  },
  { weight: 1, arbitrary: fc.record({ does: fc.constant('reset' as const), at }) },
  { weight: 1, arbitrary: fc.constant({ does: 'ping' as const }) },
  { weight: 1, arbitrary: fc.record({ does: fc.constant('deaf' as const), isDeaf: fc.boolean() }) },
);

interface Open {
  readonly stream: number;
  readonly kind: number;
  sent: number;
  isReset: boolean;
}

/** One run of a schedule on a connection. */
class Schedule {
  readonly #peer: Http2Peer;
  readonly open: Open[] = [];

  constructor(peer: Http2Peer) {
    this.#peer = peer;
  }

  async take(step: Step): Promise<void> {
    const peer = this.#peer;
    switch (step.does) {
      case 'open': {
        const { fields, body } = asked[step.kind] as Request;
        const stream = peer.open(fields, body.length === 0 ? END_STREAM : 0);
        this.open.push({ stream, kind: step.kind, sent: 0, isReset: false });
        return;
      }
      case 'send':
        this.#send(step.at, step.bytes, step.padding);
        return;
      case 'widen': {
        // One in three goes to the connection.
        const one = this.open[step.at];
        if (one === undefined || step.at % 3 === 0) peer.widen(0, step.bytes);
        else if (!one.isReset) peer.widen(one.stream, step.bytes);
        return;
      }
      case 'settings':
        peer.settings([Setting.INITIAL_WINDOW_SIZE, step.window]);
        return;
      case 'reset': {
        const one = this.open[step.at];
        if (one === undefined || one.isReset) return;
        one.isReset = true;
        peer.reset(one.stream);
        return;
      }
      case 'ping':
        if (!peer.socket.isPaused()) await peer.ping();
        return;
      case 'deaf':
        if (step.isDeaf) peer.socket.pause();
        else peer.socket.resume();
    }
  }

  /** All that was not said is, and all windows are wide. */
  finish(): void {
    const peer = this.#peer;
    peer.socket.resume();
    peer.settings([Setting.INITIAL_WINDOW_SIZE, 2 ** 24]);
    peer.widen(0, 2 ** 30);
    for (const at of this.open.keys()) this.#send(at, Number.POSITIVE_INFINITY, 0);
  }

  #send(at: number, bytes: number, padding: number): void {
    const one = this.open[at];
    if (one === undefined || one.isReset) return;
    const { body } = asked[one.kind] as Request;
    if (one.sent === body.length) return;
    const part = body.subarray(one.sent, Math.min(body.length, one.sent + bytes));
    one.sent += part.length;
    const flags = one.sent === body.length ? END_STREAM : 0;
    const padded = Buffer.concat([Uint8Array.of(padding), part, new Uint8Array(padding)]);
    if (padding > 0) this.#peer.frame(FrameType.DATA, flags | PADDED, one.stream, padded);
    else this.#peer.data(one.stream, part, flags);
  }
}

/** What of an answer must be the same each time. */
function essence({ headers, trailers, body, ended }: StreamView): unknown {
  const status = [headers?.get(':status'), headers?.get('content-type')];
  return [
    ...status,
    (trailers ?? headers)?.get('grpc-status'),
    body.length,
    body.subarray(0, 100).toString(),
    ended,
  ];
}

test('any schedule of requests, windows and resets', async () => {
  const expected: unknown[] = [];
  for (const { fields, body } of asked) {
    const peer = await served.peer();
    const stream = peer.open(fields, body.length === 0 ? END_STREAM : 0);
    if (body.length > 0) peer.data(stream, body, END_STREAM);
    expected.push(essence(await peer.answer(stream)));
  }
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 60 }), async (steps) => {
      const peer = await served.peer({ givesWindow: false });
      const schedule = new Schedule(peer);
      for (const one of steps) await schedule.take(one);
      schedule.finish();
      for (const { stream, kind, isReset } of schedule.open) {
        if (!isReset)
          expect(essence(await peer.answer(stream)), `${stream}: ${peer.summary()}`).toEqual(expected[kind]);
      }
      await peer.ping();
      expect(peer.faults).toEqual([]);
      expect(peer.goAway).toBeUndefined();
      peer.destroy();
    }),
    { numRuns: 120 },
  );
});
