import { setTimeout as delay } from 'node:timers/promises';
import type { Violation } from '../../helpers/history.ts';
import type { FaultOptions } from '../fault-proxy.ts';
import { FaultProxy } from '../fault-proxy.ts';
import { Fleet } from '../fleet.ts';
import { PresenceWatch } from '../presence-watch.ts';
import { type Outage, resumeTimes, spread } from '../report.ts';
import { wallClock } from '../wall-clock.ts';
import { runFleet } from './run-fleet.ts';
import type { Scenario } from './scenario.ts';

const victims = 20;
const awayBoundMs = 1000 + 1000 + 2000 + 1000;

const holes: readonly (NonNullable<FaultOptions['hole']> | 'half-open')[] = [
  'both',
  'up',
  'down',
  'half-open',
];

/**
 * Peers behind a link that swallows everything, in both directions or in one, or whose end is gone without a word; new
 * connections get no answer either. Once all are seen AWAY the link is back: what it held goes on its way.
 */
export const blackHole: Scenario = (options) =>
  runFleet(options, {
    name: 'black-hole',
    async play({ gateway, fleet, onFailure }) {
      const link = await FaultProxy.start(gateway.url, options.seed + 1);
      const behind = await Fleet.start({
        ...{ url: link.url, sessions: victims, roomSize: 2, prefix: 'behind-', seed: options.seed + 1 },
        ...{ signalsPerSecond: 20, messagesPerSecond: 2 },
      });
      onFailure(() => behind.stop());
      onFailure(() => link.close());
      const watch = new PresenceWatch(fleet.clients);
      const outages: Outage[] = [];
      const awayMs: number[] = [];
      const violations: Violation[] = [];
      behind.startLoad();
      for (let round = 0; round < options.rounds; round += 1) {
        const hole = holes[round % holes.length]!;
        const ids = behind.clients.map(({ room }) => room.self);
        watch.reset();
        const outage = { from: wallClock(), until: Number.POSITIVE_INFINITY };
        outages.push(outage);
        link.door = 'hole';
        if (hole === 'half-open') for (const connection of link.connections) connection.halfOpen();
        else link.set({ hole });
        await fleet
          .until(() => ids.every((id) => watch.away.has(id)), 4 * awayBoundMs, 'AWAY')
          .catch(() => {
            const missing = ids.filter((id) => !watch.away.has(id));
            const detail = `hole ${hole}: ${missing.length} of ${ids.length} were never seen AWAY`;
            violations.push({ rule: 'liveness', client: missing[0] ?? '', detail });
          });
        for (const id of ids) awayMs.push((watch.away.get(id) ?? Number.POSITIVE_INFINITY) - outage.from);
        await delay(fleet.random() * 1000);
        outage.until = wallClock();
        link.set({ hole: 'none' });
        link.door = 'open';
        await behind.attached();
        await delay(500);
      }
      const away = spread(awayMs);
      const resumed = spread(resumeTimes(behind.histories, outages));
      return {
        figures: { 'AWAY after': away, 'resumed after the link was back': resumed },
        violations,
        bounds: [
          { what: 'AWAY', isMs: away.max, mostMs: awayBoundMs },
          { what: 'p99 of resuming', isMs: resumed.p99, mostMs: 500 },
        ],
        others: [
          {
            rest: async () => {
              behind.stopLoad();
              await behind.settle();
            },
            histories: async () => behind.histories,
            end: async () => {
              await behind.stop(true);
              await link.close();
            },
          },
        ],
      };
    },
  });
