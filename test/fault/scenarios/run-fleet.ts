import type { CoreLimits } from '../../../src/core/limits.ts';
import type { ClientHistory, Violation } from '../../helpers/history.ts';
import { checkDrained, checkHealth, checkHistory } from '../../helpers/history-checker.ts';
import { checkWindows } from '../../helpers/history-lanes.ts';
import { FaultProxy } from '../fault-proxy.ts';
import { Fleet, type FleetOptions } from '../fleet.ts';
import { GatewayChild } from '../gateway-child.ts';
import { ProcessHealth } from '../process-health.ts';
import { type RunReport, trafficOf } from '../report.ts';
import type { ScenarioOptions } from './scenario.ts';

/** What a scenario works with. */
export interface Stage {
  readonly gateway: GatewayChild;
  readonly proxy: FaultProxy;
  readonly fleet: Fleet;
  /** Called where the run fails: for processes and sockets that the play started. */
  readonly onFailure: OnFailure;
}

/** What a play brings beside what the fleet went through. */
export interface Played {
  readonly figures: RunReport['figures'];
  readonly violations?: readonly Violation[];
  /** Times that are promised: judged where the machine had a CPU for us. */
  readonly bounds?: readonly Bound[];
  /** Clients beside the fleet: told to come to rest, asked for what they saw, ended. */
  readonly others?: readonly Others[];
}

export interface Bound {
  readonly what: string;
  readonly isMs: number;
  readonly mostMs: number;
}

/** A machine that had no CPU for us for so large a share of the time says nothing about times, in percent. */
const mostStarved = 10;

export interface Others {
  rest(): Promise<void>;
  histories(): Promise<readonly ClientHistory[]>;
  end(): Promise<void>;
}

/** Ends what a run started, in the reverse order, where it failed. */
export type OnFailure = (end: () => unknown) => void;

export interface FleetRun {
  readonly name: string;
  readonly limits?: Partial<CoreLimits>;
  readonly gateway?: Parameters<typeof GatewayChild.start>[1];
  readonly fleet?: Partial<FleetOptions>;
  /** Things go wrong here. */
  readonly play: (stage: Stage) => Promise<Played>;
}

/** Windows and intervals of seconds, so that what takes minutes in life takes seconds here. */
export const shortLimits: Partial<CoreLimits> = {
  pingIntervalMs: 1000,
  pongTimeoutMs: 1000,
  resumeWindowMs: 8000,
};

/** Starts a gateway, a proxy and a fleet under load; plays; lets all come to rest, checks the history and the drain. */
export async function runFleet(options: ScenarioOptions, run: FleetRun): Promise<RunReport> {
  const ends: (() => unknown)[] = [];
  try {
    return await runOnce(options, run, (end) => void ends.push(end));
  } catch (error) {
    for (const end of ends.reverse()) await end();
    throw error;
  }
}

async function runOnce(options: ScenarioOptions, run: FleetRun, onFailure: OnFailure): Promise<RunReport> {
  const health = new ProcessHealth();
  onFailure(() => health.stop());
  const gateway = await GatewayChild.start({ ...shortLimits, ...run.limits }, run.gateway);
  onFailure(() => gateway.kill());
  const proxy = await FaultProxy.start(gateway.url, options.seed);
  onFailure(() => proxy.close());
  const fleet = await Fleet.start({
    url: proxy.url,
    sessions: options.sessions,
    signalsPerSecond: options.signalsPerSecond,
    messagesPerSecond: options.signalsPerSecond / 10,
    seed: options.seed,
    ...run.fleet,
    onFailure,
  });
  const before = await gateway.report();
  const began = performance.now();
  health.reset();
  fleet.startLoad();
  const {
    figures,
    others = [],
    bounds = [],
    ...played
  } = await run.play({ gateway, proxy, fleet, onFailure });
  fleet.stopLoad();
  const seconds = (performance.now() - began) / 1000;
  for (const other of others) await other.rest();
  const starved = Math.max(health.starved, (await gateway.report()).starved);
  await fleet.settle();
  const histories = [...fleet.histories];
  for (const other of others) histories.push(...(await other.histories()));
  const windowMs = { ...shortLimits, ...run.limits }.resumeWindowMs ?? 30_000;
  const violations: Violation[] = [...(played.violations ?? []), ...checkHistory(histories)];
  // Of the others a process or a link stood still: what they heard last they heard late.
  violations.push(...fleet.histories.flatMap((history) => checkWindows(history, windowMs)));
  for (const { name, older } of fleet.clients) {
    const detail = `${older} connections that it has replaced are still open`;
    if (older > 0) violations.push({ rule: 'attachment', client: name, detail });
  }
  if (starved < mostStarved) violations.push(...checkBounds(bounds));
  const after = await gateway.report();
  const traffic = trafficOf(histories);
  await fleet.stop(true);
  for (const other of others) await other.end();
  await proxy.close();
  violations.push(...(await drain(gateway, windowMs)));
  // Reading the history takes a while; nobody waits for it.
  violations.push(...checkHealth('the clients', { ...health.read(), longestStallMs: 0 }));
  health.stop();
  return {
    ...{ scenario: run.name, rounds: options.rounds, seed: options.seed, violations },
    figures: {
      sessions: fleet.clients.length,
      'signals/s': Math.round(fleet.signals / seconds),
      ...traffic,
      'gateway CPU %': Math.round((after.cpuMs - before.cpuMs) / seconds / 10),
      'longest stall of the gateway, ms': after.health.longestStallMs,
      'starved of CPU by others, %': starved,
      ...figures,
    },
  };
}

function checkBounds(bounds: readonly Bound[]): Violation[] {
  return bounds
    .filter(({ isMs, mostMs }) => isMs > mostMs)
    .map(({ what, isMs, mostMs }) => {
      return {
        rule: 'liveness',
        client: 'all',
        detail: `${what}: ${Math.round(isMs)} ms, at most ${mostMs}`,
      };
    });
}

/** Waits until windows and rooms have ended; what is left then is a violation. */
export async function drain(gateway: GatewayChild, windowMs: number): Promise<Violation[]> {
  const end = performance.now() + windowMs + 6000;
  let report = await gateway.report();
  while (performance.now() < end && checkDrained(report.gauges).length > 0) {
    await new Promise((resolve) => setTimeout(resolve, 250));
    report = await gateway.report();
  }
  const closed = await gateway.stop();
  return [...checkDrained(report.gauges), ...checkHealth('the gateway', closed.health)];
}
