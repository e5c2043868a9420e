import { setTimeout as delay } from 'node:timers/promises';
import { defaultLimits } from '../../../src/core/limits.ts';
import type { Violation } from '../../helpers/history.ts';
import { FleetChild } from '../fleet-child.ts';
import { PresenceWatch } from '../presence-watch.ts';
import { resumeTimes, spread } from '../report.ts';
import { wallClock } from '../wall-clock.ts';
import { type FleetRun, runFleet, type Stage } from './run-fleet.ts';
import type { Scenario } from './scenario.ts';

/** Processes that are stopped, each with some clients in the rooms of the fleet. */
const processes = 4;
const clientsEach = 10;
/** One in so many stops lasts longer than the window. */
const longEvery = 5;
/** Liveness is looked at once a second, for the Ping and for its answer. */
const checkMs = 1000;
/** Windows end on time; rosters tell at the next tick. Room for a busy machine. */
const slackMs = 1000;
/** What is not seen after so many times its bound is not waited for any longer. */
const patience = 4;

/** Peers that fall silent without closing anything: their process is stopped (SIGSTOP), and goes on later. */
export const sigstop: Scenario = (options) => stopProcesses(options, { name: 'sigstop' });

/** The same with the gateway's default intervals and windows: takes minutes. */
export const sigstopDefaults: Scenario = (options) =>
  stopProcesses(options, {
    name: 'sigstop-defaults',
    limits: {
      pingIntervalMs: defaultLimits.pingIntervalMs,
      pongTimeoutMs: defaultLimits.pongTimeoutMs,
      resumeWindowMs: defaultLimits.resumeWindowMs,
    },
  });

function stopProcesses(
  options: Parameters<Scenario>[0],
  { name, limits = {} }: Pick<FleetRun, 'name' | 'limits'>,
): ReturnType<Scenario> {
  return runFleet(options, {
    name,
    limits: { resumeWindowMs: 3000, ...limits },
    async play(stage) {
      const { fleet, gateway } = stage;
      const watch = new PresenceWatch(fleet.clients);
      const children = await Promise.all(
        Array.from({ length: processes }, (_, index) =>
          FleetChild.start({
            ...{ url: gateway.url, sessions: clientsEach, roomSize: 1, prefix: `stopped-${index}-` },
            ...{ seed: options.seed + index, signalsPerSecond: 10, messagesPerSecond: 1 },
          }),
        ),
      );
      for (const child of children) stage.onFailure(() => child.kill());
      const bounds = {
        awayMs: (limits.pingIntervalMs ?? 1000) + (limits.pongTimeoutMs ?? 1000) + 2 * checkMs + slackMs,
        windowMs: limits.resumeWindowMs ?? 3000,
      };
      const run = new Stops(stage, watch, bounds);
      let round = 0;
      await Promise.all(
        children.map(async (child) => {
          while (round < options.rounds) {
            round += 1;
            await run.stop(child, round % longEvery === 0);
          }
        }),
      );
      const histories = (await Promise.all(children.map((child) => child.histories()))).flat();
      const resumes = resumeTimes(histories);
      const away = spread(run.awayMs);
      const gone = spread(run.goneMs);
      return {
        figures: {
          stops: round,
          'AWAY after': away,
          'gone after AWAY': gone,
          'resumed after its connection was found lost': spread(resumes),
        },
        violations: run.violations,
        bounds: [
          { what: 'AWAY after a stop', isMs: away.max, mostMs: bounds.awayMs },
          { what: 'gone after AWAY', isMs: gone.max, mostMs: bounds.windowMs + slackMs },
        ],
        others: children,
      };
    },
  });
}

interface Bounds {
  /** From the stop until everybody is seen AWAY, in milliseconds. */
  readonly awayMs: number;
  readonly windowMs: number;
}

class Stops {
  readonly awayMs: number[] = [];
  readonly goneMs: number[] = [];
  readonly violations: Violation[] = [];
  readonly #stage: Stage;
  readonly #watch: PresenceWatch;
  readonly #bounds: Bounds;

  constructor(stage: Stage, watch: PresenceWatch, bounds: Bounds) {
    this.#stage = stage;
    this.#watch = watch;
    this.#bounds = bounds;
  }

  /** Stops a process until its clients are AWAY, or gone; lets it go on, and waits until they are back. */
  async stop(child: FleetChild, untilGone: boolean): Promise<void> {
    const { awayMs, windowMs } = this.#bounds;
    const ids = await child.ids();
    for (const id of ids) this.#watch.away.delete(id);
    for (const id of ids) this.#watch.back.delete(id);
    child.stop();
    const stoppedAt = wallClock();
    await this.#seen(this.#watch.away, ids, patience * awayMs, 'AWAY');
    for (const id of ids)
      this.awayMs.push((this.#watch.away.get(id) ?? Number.POSITIVE_INFINITY) - stoppedAt);
    if (untilGone) {
      await this.#seen(this.#watch.gone, ids, patience * windowMs, 'gone');
      for (const id of ids) {
        const away = this.#watch.away.get(id) ?? 0;
        this.goneMs.push((this.#watch.gone.get(id) ?? Number.POSITIVE_INFINITY) - away);
      }
    } else await delay(this.#stage.fleet.random() * windowMs * 0.3);
    child.goOn();
    if (!untilGone) await this.#seen(this.#watch.back, ids, patience * windowMs, 'back');
    await delay(1000);
  }

  async #seen(
    times: ReadonlyMap<string, number>,
    ids: readonly string[],
    withinMs: number,
    what: string,
  ): Promise<void> {
    const all = () => ids.every((id) => times.has(id));
    await this.#stage.fleet.until(all, withinMs, what).catch(() => {
      const missing = ids.filter((id) => !times.has(id));
      const detail = `${missing.length} of ${ids.length} stopped clients were not seen ${what} in ${withinMs} ms`;
      this.violations.push({ rule: 'liveness', client: missing[0] ?? '', detail });
    });
  }
}
