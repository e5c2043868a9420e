import { setTimeout as delay } from 'node:timers/promises';
import { checkHealth } from '../../helpers/history-checker.ts';
import type { Restart } from '../gateway-child.ts';
import { type Outage, resumeTimes, resumeTimesBy, spread } from '../report.ts';
import { wallClock } from '../wall-clock.ts';
import { runFleet } from './run-fleet.ts';
import type { Scenario } from './scenario.ts';

/** In one of so many rounds connections are cut just before: those sessions wait as the state is written. */
const cutEvery = 3;

/**
 * Orderly restarts with a state file: SIGTERM, the end of the process, and another one on the same port. Nobody is told to
 * resume anything but what the process before had.
 */
export const restart: Scenario = (options) =>
  runFleet(options, {
    name: 'restart',
    gateway: { state: 'state' },
    async play({ gateway, proxy, fleet }) {
      const outages: Outage[] = [];
      const restarts: Restart[] = [];
      for (let round = 1; round <= options.rounds; round += 1) {
        await delay(500 + fleet.random() * 500);
        if (round % cutEvery === 0) {
          proxy.cut(0.2);
          await delay(fleet.random() * 20);
        }
        const outage = { from: wallClock(), until: Number.POSITIVE_INFINITY };
        outages.push(outage);
        restarts.push(await gateway.restart());
        outage.until = wallClock();
        await fleet.attached();
      }
      const resumed = spread(resumeTimes(fleet.histories, outages));
      return {
        figures: {
          restarts: restarts.length,
          'SIGTERM to the end of the process': spread(restarts.map(({ endedAfterMs }) => endedAfterMs)),
          'to the next one that listens': spread(restarts.map(({ startedAfterMs }) => startedAfterMs)),
          'resumed after': resumed,
          ...resumeTimesBy(fleet.histories, outages),
        },
        bounds: [{ what: 'p99 of resuming', isMs: resumed.p99, mostMs: 500 }],
        violations: restarts.flatMap(({ last }) => checkHealth('the gateway before', last.health)),
      };
    },
  });
