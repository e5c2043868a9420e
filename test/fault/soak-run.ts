import { setTimeout as delay } from 'node:timers/promises';
import { seededRandom } from '../../src/load/random.ts';
import type { Violation } from '../helpers/history.ts';
import { checkHistory } from '../helpers/history-checker.ts';
import { GatewayChild } from './gateway-child.ts';
import { faultToken } from './gateway-token.ts';
import { transports } from './link.ts';
import { drain } from './scenarios/run-fleet.ts';
import { SessionClient } from './session-client.ts';

export interface SoakOptions {
  readonly minutes: number;
  readonly joinsPerSecond: number;
  readonly seed: number;
  readonly tell: (line: string) => void;
}

export interface SoakReport {
  readonly joins: number;
  /** Growth of the gateway's heap over the last half, by a straight line through the samples, in MB. */
  readonly slopeMb: number;
  readonly violations: readonly Violation[];
}

/** Growth that is allowed over the last half, in MB; of runs whose first half is too short to fill what is bounded, none is judged. */
const mostSlopeMb = 1;
const leastMinutes = 4;
/** How long a client stays, in milliseconds; it says something once a second. */
const stayMs = 6000;
const rooms = 20;
const sampleMs = 5000;
/**
 * Short windows and logs: what is bounded is full after a minute or two, and what grows after that is a leak. Senders are
 * remembered for the hold, the window and a minute.
 */
const limits = {
  ...{ pingIntervalMs: 2000, pongTimeoutMs: 2000, resumeWindowMs: 3000, holdMs: 1000 },
  ...{ roomEntries: 256, historyMessages: 20 },
};

interface Sample {
  readonly at: number;
  readonly heapBytes: number;
}

/**
 * Clients come, join, signal, and go: most leave, some lose their connection first and resume, some are never seen again.
 * Histories of those who are gone are checked and forgotten, room by room, as memory is what this is about.
 */
export async function soak({ minutes, joinsPerSecond, seed, tell }: SoakOptions): Promise<SoakReport> {
  const random = seededRandom(seed);
  const gateway = await GatewayChild.start(limits);
  const clients = new Set<SessionClient>();
  const samples: Sample[] = [];
  const violations: Violation[] = [];
  const token = new Map<number, string>();
  let joins = 0;
  const began = performance.now();
  const end = began + minutes * 60_000;

  const come = async () => {
    joins += 1;
    const identity = joins % 1000;
    const known = token.get(identity) ?? (await faultToken({ identity: `soak-${identity}` }));
    token.set(identity, known);
    const client = new SessionClient({
      ...{ name: `soak-${joins}`, url: gateway.url, token: known, random },
      room: `soak-${joins % rooms}`,
      transport: transports[joins % transports.length]!,
    });
    clients.add(client);
    client.start();
    const seconds = Math.ceil(stayMs / 1000);
    for (let second = 0; second < seconds; second += 1) {
      await delay(1000);
      const others = [...client.room.others];
      if (others.length > 0)
        client.signal(others[Math.floor(random() * others.length)]!, `${joins} ${second}`, true);
      if (second === 1) client.say(`${joins} is here`);
      if (second === 2 && random() < 0.2) client.reconnect();
    }
    if (random() < 0.9 && client.room.isIn) {
      client.leave();
      for (let tries = 0; tries < 100 && client.room.isIn; tries += 1) await delay(20);
    }
    client.stop();
    // Of one client alone: what came in which order.
    violations.push(...checkHistory([client.history]).filter(({ rule }) => ownRules.has(rule)));
    clients.delete(client);
  };

  const checks = setInterval(() => {
    for (const client of clients) client.check();
  }, 250);
  const going: Promise<void>[] = [];
  let sampleAt = began;
  for (let next = began; next < end; next += 1000 / joinsPerSecond) {
    await delay(Math.max(0, next - performance.now()));
    going.push(come());
    if (going.length > 2000) await Promise.all(going.splice(0, 1000));
    if (performance.now() < sampleAt) continue;
    sampleAt = performance.now() + sampleMs;
    const { heapBytes, gauges } = await gateway.report();
    samples.push({ at: performance.now() - began, heapBytes });
    tell(
      `${Math.round((performance.now() - began) / 1000)} s: heap ${mb(heapBytes)} MB, ${JSON.stringify(gauges)}`,
    );
  }
  await Promise.all(going);
  clearInterval(checks);
  const slopeMb = slopeOf(samples.slice(samples.length >> 1));
  if (minutes >= leastMinutes && slopeMb > mostSlopeMb) {
    const detail = `the heap grew by ${slopeMb.toFixed(2)} MB over the last half`;
    violations.push({ rule: 'gauges', client: 'the gateway', detail });
  }
  violations.push(...(await drain(gateway, limits.resumeWindowMs)));
  return { joins, slopeMb, violations };
}

/** What can be said of one client without the others. */
const ownRules: ReadonlySet<Violation['rule']> = new Set([
  'inbox-order',
  'error-before-ack',
  'refused-twice',
  'attachment',
]);

/** Growth along a straight line through the samples, from the first to the last, in MB. */
function slopeOf(samples: readonly Sample[]): number {
  const [first, last] = [samples[0], samples.at(-1)];
  if (first === undefined || last === undefined || samples.length < 3) return 0;
  const mean = (of: (sample: Sample) => number) =>
    samples.reduce((sum, one) => sum + of(one), 0) / samples.length;
  const at = mean((sample) => sample.at);
  const heap = mean((sample) => sample.heapBytes);
  const up = samples.reduce((sum, one) => sum + (one.at - at) * (one.heapBytes - heap), 0);
  const across = samples.reduce((sum, one) => sum + (one.at - at) ** 2, 0);
  return ((up / across) * (last.at - first.at)) / 2 ** 20;
}

function mb(bytes: number): string {
  return (bytes / 2 ** 20).toFixed(1);
}
