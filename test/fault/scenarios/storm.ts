import { setTimeout as delay } from 'node:timers/promises';
import type { ClientHistory } from '../../helpers/history.ts';
import { FleetChild } from '../fleet-child.ts';
import { type Outage, resumeTimes, spread } from '../report.ts';
import type { SessionClient } from '../session-client.ts';
import { wallClock } from '../wall-clock.ts';
import { runFleet } from './run-fleet.ts';
import type { Scenario } from './scenario.ts';

/** By then 99 of 100 are back, in milliseconds. */
const mostResumeMs = 15_000;
/** A signal of the call that goes on, in milliseconds. */
const mostSignalMs = 250;

/**
 * Reconnect storms: all sessions are dropped at once, and all come back as their pauses have it, while a call of two on
 * connections of its own goes on. Meant for `--sessions 5000`.
 */
export const storm: Scenario = (options) =>
  runFleet(options, {
    name: 'storm',
    limits: { pingIntervalMs: 20_000, pongTimeoutMs: 10_000, resumeWindowMs: 30_000 },
    // Three descriptors a client here; halves would take six, and 20,000 are all there are.
    fleet: { backoffMs: [200, 5000], transports: ['grpc', 'websocket'] },
    async play({ gateway, proxy, fleet, onFailure }) {
      const call = await FleetChild.start({
        ...{ url: gateway.url, sessions: 2, roomSize: 2, prefix: 'call-', roomPrefix: 'call-' },
        ...{ transports: ['grpc'], signalsPerSecond: 50, messagesPerSecond: 1 },
      });
      onFailure(() => call.kill());
      const outages: Outage[] = [];
      await delay(2000);
      for (let round = 0; round < options.rounds; round += 1) {
        const outage = { from: wallClock(), until: Number.POSITIVE_INFINITY };
        outages.push(outage);
        const attempts = fleet.clients.map(({ session }) => session?.attempt ?? 0);
        proxy.cut();
        outage.until = wallClock();
        // Not all have noticed yet.
        const isBack = ({ session, isThere }: SessionClient, index: number) =>
          isThere && (session?.attempt ?? 0) > (attempts[index] ?? 0);
        await fleet.until(() => fleet.clients.every(isBack), 60_000, 'everybody to be back');
        await delay(2000);
      }
      const resumed = spread(resumeTimes(fleet.histories, outages));
      const inStorm = signalTimes(await call.histories(), (at) =>
        outages.some(({ from }) => at >= from && at <= from + resumed.max),
      );
      const signals = spread(inStorm);
      return {
        figures: { 'resumed after': resumed, 'a signal of the call that went on took': signals },
        bounds: [
          { what: 'p99 of resuming', isMs: resumed.p99, mostMs: mostResumeMs },
          { what: 'p99 of a signal of the call that goes on', isMs: signals.p99, mostMs: mostSignalMs },
        ],
        others: [call],
      };
    },
  });

/** How long signals that were sent while `counts` took to come, in milliseconds. */
export function signalTimes(
  histories: readonly ClientHistory[],
  counts: (at: number) => boolean = () => true,
): number[] {
  const sent = new Map<string, number>();
  for (const { events } of histories) {
    for (const event of events) if (event.kind === 'sent' && counts(event.at)) sent.set(event.text, event.at);
  }
  const times: number[] = [];
  for (const { events } of histories) {
    for (const event of events) {
      const at = event.kind === 'signal' ? sent.get(event.text) : undefined;
      if (at !== undefined) times.push(event.at - at);
    }
  }
  return times;
}
