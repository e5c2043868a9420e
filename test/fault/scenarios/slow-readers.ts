import { setTimeout as delay } from 'node:timers/promises';
import type { Violation } from '../../helpers/history.ts';
import { FleetChild } from '../fleet-child.ts';
import type { GatewayChild, GatewayReport } from '../gateway-child.ts';
import type { TransportName } from '../link.ts';
import { spread } from '../report.ts';
import { Shouters } from '../shouters.ts';
import { wallClock } from '../wall-clock.ts';
import { type Bound, runFleet } from './run-fleet.ts';
import type { Scenario } from './scenario.ts';
import { signalTimes } from './storm.ts';

const roomSize = 100;
const shoutBytes = 15 * 1024;
/** In each room, one shout. */
const shoutEveryMs = 25;
/** Where a socket and not a window is to be full, the kernel takes 4 MB of it before: there are fewer of those. */
const transports: readonly TransportName[] = Array.from({ length: 20 }, (_, index) =>
  index === 19 ? 'websocket' : index % 2 === 0 ? 'grpc' : 'halves',
);
/** The first seconds of a process are not like the others. */
const warmUpMs = 3000;
const aloneMs = 5000;
/** From the overflow of a lane to the end of its socket, in milliseconds. */
const mostCutMs = 10_000;
const mostBytes = 256 * 1024;
/** With fewer streams, the ups and downs of the process itself are larger than what they cost. */
const leastStreams = 500;

/**
 * As many streams that never read as there are healthy sessions, on gRPC, WebSocket and halves: their process is stopped
 * (SIGSTOP) while their rooms are full of messages. They are cut; nobody else notices; when they go on, they resume.
 */
export const slowReaders: Scenario = (options) =>
  runFleet(options, {
    name: 'slow-readers',
    limits: {
      // Not quicker than the rule that this is about.
      ...{ pingIntervalMs: 60_000, pongTimeoutMs: 30_000 },
      // The more there are, the longer it takes to fill what the kernel holds for each of them.
      resumeWindowMs: 20_000 + 20 * options.sessions,
      // All of them come back at once, and each gets what it has missed.
      historyMessages: 5,
      // What is measured is what a stream costs, not what its room keeps.
      roomBytes: 256 * 1024,
    },
    async play({ gateway, fleet, onFailure }) {
      const count = options.sessions;
      const rooms = Math.ceil(count / roomSize);
      const shouters = await Shouters.start(gateway.url, rooms, 'slow-', shoutBytes);
      onFailure(() => shouters.stop());
      // What shouting costs, it costs without them, too.
      shouters.begin(shoutEveryMs);
      await delay(warmUpMs);
      const from = wallClock();
      await delay(aloneMs);
      shouters.stop();
      const until = wallClock();
      const readers = await FleetChild.start({
        ...{ url: gateway.url, sessions: count, roomSize, prefix: 'slow-', roomPrefix: 'slow-' },
        ...{ transports, seed: options.seed, signalsPerSecond: 20, messagesPerSecond: 2 },
      });
      onFailure(() => readers.kill());
      const before = await gateway.report();
      const stoppedAt = wallClock();
      readers.stop();
      shouters.begin(shoutEveryMs);
      const watched = await watchCuts(gateway, before, count);
      const cutAt = wallClock();
      shouters.stop();
      readers.goOn();
      await comeBack(gateway, before.attached);
      const alone = signalTimes(fleet.histories, (at) => at >= from && at < until);
      const beside = signalTimes(fleet.histories, (at) => at >= stoppedAt && at < cutAt);
      const bytes =
        Math.max(...watched.map(({ residentBytes }) => residentBytes - before.residentBytes)) / count;
      const cuts = cutTimes(watched, before, count);
      return {
        figures: {
          shouts: shouters.count,
          'streams that never read': count,
          'KiB of the gateway for each of them': Math.round(bytes / 1024),
          'cut after their overflow': spread(cuts),
          'a signal took alone, p99 in µs': Math.round(p99(alone) * 1000),
          'a signal took beside them, p99 in µs': Math.round(p99(beside) * 1000),
        },
        violations: [
          ...(count >= leastStreams && bytes > mostBytes
            ? [violation('health', `a stream that never reads costs ${bytes} bytes`)]
            : []),
          ...(cuts.length < count
            ? [violation('liveness', `${count - cuts.length} streams that never read were not cut`)]
            : []),
        ],
        bounds: [
          { what: 'the longest time from overflow to cut', isMs: Math.max(...cuts), mostMs: mostCutMs },
          { what: 'p99 of a signal beside those who never read', isMs: p99(beside), mostMs: 2 * p99(alone) },
        ] satisfies Bound[],
        others: [readers, shouters],
      };
    },
  });

interface Look extends GatewayReport {
  readonly at: number;
}

/**
 * Streams and sockets that are closed since. A WebSocket is a socket; an HTTP/2 connection that is read stays open without
 * the stream that was not.
 */
function closedSince(before: GatewayReport, { streams, gauges }: GatewayReport): number {
  return before.streams - streams + (before.gauges.sockets ?? 0) - (gauges.sockets ?? 0);
}

/** Looks at the gateway until the streams of all of them are closed. */
async function watchCuts(
  gateway: GatewayChild,
  before: GatewayReport,
  count: number,
): Promise<readonly Look[]> {
  const looks: Look[] = [];
  const end = wallClock() + 90_000;
  for (;;) {
    const look = { ...(await gateway.look()), at: wallClock() };
    looks.push(look);
    if (closedSince(before, look) >= count || look.at > end) return looks;
    await delay(100);
  }
}

/** From each one's overflow to the end of its socket: the k-th of the ones to the k-th of the others, in milliseconds. */
function cutTimes(looks: readonly Look[], before: GatewayReport, count: number): number[] {
  const overflowed = looks.map(({ blocked, attached, at }) => ({
    at,
    so: blocked + before.attached - attached,
  }));
  const cut = looks.map((look) => ({ at: look.at, so: closedSince(before, look) }));
  const times: number[] = [];
  for (let index = 1; index <= count; index += 1) {
    const first = overflowed.find(({ so }) => so >= index);
    const last = cut.find(({ so }) => so >= index);
    if (first !== undefined && last !== undefined) times.push(last.at - first.at);
  }
  return times;
}

async function comeBack(gateway: GatewayChild, attached: number): Promise<void> {
  const end = wallClock() + 60_000;
  while ((await gateway.look()).attached < attached) {
    if (wallClock() > end) throw new Error('those who read again are not back');
    await delay(250);
  }
}

function p99(times: readonly number[]): number {
  const sorted = [...times].sort((a, b) => a - b);
  return sorted[Math.ceil(0.99 * sorted.length) - 1] ?? 0;
}

function violation(rule: Violation['rule'], detail: string): Violation {
  return { rule, client: 'all', detail };
}
