import type { Browser } from 'playwright-core';
import type { End } from './end.ts';
import type { StackName } from './node-end.ts';
import { NodeEnd } from './node-end.ts';
import type { PageTransport } from './page-end.ts';
import { PageEnd } from './page-end.ts';

/** One kind of call: which transport the page has, which stack the native client, and who is there first. */
export interface CallKind {
  readonly transport: PageTransport;
  readonly stack: StackName;
  readonly first: 'page' | 'node';
}

export const callKinds: readonly CallKind[] = (['connect-web', 'websocket'] as const).flatMap((transport) =>
  (['wrtc', 'werift'] as const).flatMap((stack) =>
    (['page', 'node'] as const).map((first) => ({ transport, stack, first })),
  ),
);

export function nameOf({ transport, stack, first }: CallKind): string {
  return `Chromium over ${transport} and ${stack} over gRPC, the ${first} first`;
}

/** What a series of simultaneous renegotiations came to. */
export interface Renegotiations {
  readonly connected: number;
  /** Times that both offers met, and one was rolled back. */
  readonly collisions: number;
}

/** Where calls are made. */
export interface Ground {
  readonly browser: Browser;
  readonly url: string;
}

let rooms = 0;

/** Sets up a call, sends bytes both ways, hangs up. Returns milliseconds from the second join to the open channel. */
export async function call(ground: Ground, kind: CallKind): Promise<number> {
  return withCall(ground, kind, async ([first, second], setUpMs) => {
    const bytes = Array.from({ length: 200 }, (_, index) => (index * 37) % 256);
    const reversed = [...bytes].reverse().join();
    for (const end of [first, second]) {
      const answer = await within('bytes came back', 10_000, end.reversed(bytes));
      if (answer.join() !== reversed) throw new Error('the bytes that came back are others');
    }
    return setUpMs;
  });
}

/** Both ends renegotiate at the same moment, so many times. */
export function renegotiateAtOnce(ground: Ground, kind: CallKind, times: number): Promise<Renegotiations> {
  return withCall(ground, kind, async (ends) => {
    let connected = 0;
    for (let time = 1; time <= times; time += 1) {
      const at = Date.now() + 15;
      await Promise.all(ends.map((end) => end.renegotiate(at)));
      for (const end of ends) {
        await eventually(
          `round ${time}: connected and stable`,
          async () => {
            return (await end.settled()) === 'connected stable';
          },
          async () => (await Promise.all(ends.map((each) => each.settled()))).join(' and '),
        );
        await end.say(`after ${time}`);
      }
      for (const end of ends) {
        await eventually(`round ${time}: both hear each other`, async () => {
          return (await end.heard()).at(-1) === `after ${time}`;
        });
      }
      connected += 1;
    }
    const rollbacks = await Promise.all(ends.map((end) => end.rollbacks()));
    return { connected, collisions: rollbacks.reduce((sum, each) => sum + each, 0) };
  });
}

async function withCall<T>(
  { browser, url }: Ground,
  { transport, stack, first }: CallKind,
  work: (ends: readonly [End, End], setUpMs: number) => Promise<T>,
): Promise<T> {
  rooms += 1;
  const room = `interop-${rooms}`;
  const page = new PageEnd(browser, url, room, transport);
  const node = new NodeEnd(url, room, stack);
  const ends: readonly [End, End] = first === 'page' ? [page, node] : [node, page];
  try {
    await ends[0].join();
    const began = performance.now();
    await ends[1].join();
    for (const end of ends) await eventually('the channel is open', () => end.open());
    return await work(ends, performance.now() - began);
  } finally {
    for (const end of ends) await end.leave();
  }
}

async function eventually(
  what: string,
  holds: () => Promise<boolean>,
  instead: () => Promise<string> = async () => '',
  ms = 15_000,
): Promise<void> {
  const end = performance.now() + ms;
  while (!(await holds())) {
    if (performance.now() > end) throw new Error(`not in ${ms} ms: ${what}; ${await instead()}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

function within<T>(what: string, ms: number, promise: Promise<T>): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`not in ${ms} ms: ${what}`)), ms);
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}
