import { setTimeout as delay } from 'node:timers/promises';
import { type Outage, resumeTimes, resumeTimesBy, spread } from '../report.ts';
import { wallClock } from '../wall-clock.ts';
import { runFleet } from './run-fleet.ts';
import type { Scenario } from './scenario.ts';

/**
 * Connections cut at random, on a link that is late and slices. Each round resets a third of the connections one by one;
 * every fourth round the whole link is gone for a while.
 */
export const cut: Scenario = (options) =>
  runFleet(options, {
    name: 'cut',
    async play({ proxy, fleet }) {
      const outages: Outage[] = [];
      proxy.set({ latencyMs: 5, jitterMs: 15, sliceBytes: 200 });
      for (let round = 1; round <= options.rounds; round += 1) {
        if (round % 4 === 0) {
          const outage = { from: wallClock(), until: Number.POSITIVE_INFINITY };
          outages.push(outage);
          proxy.door = 'refuse';
          proxy.cut();
          await delay(100 + fleet.random() * 500);
          proxy.door = 'open';
          outage.until = wallClock();
        } else {
          for (let part = 0; part < 10; part += 1) {
            proxy.cut(0.04);
            await delay(fleet.random() * 60);
          }
        }
        await delay(500);
      }
      await fleet.attached();
      const resumed = spread(resumeTimes(fleet.histories, outages));
      return {
        figures: { 'resumed after': resumed, ...resumeTimesBy(fleet.histories, outages) },
        bounds: [{ what: 'p99 of resuming', isMs: resumed.p99, mostMs: 500 }],
      };
    },
  });
