import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { Fleet } from '../fault/fleet.ts';
import { GatewayChild } from '../fault/gateway-child.ts';
import { spread } from '../fault/report.ts';
import { signalTimes } from '../fault/scenarios/storm.ts';
import { wallClock } from '../fault/wall-clock.ts';
import type { ClientHistory } from '../helpers/history.ts';
import { type AttackReport, runAttack } from './attacker-child.ts';
import { type FloodName, floods } from './attacks.ts';

export interface FloodOptions {
  readonly flood: FloodName;
  readonly durationMs: number;
  /** How long neighbours are listened to before it. Default 2,000. */
  readonly quietMs?: number;
}

/** What a flood did. Times in milliseconds. */
export interface FloodReport {
  readonly flood: FloodName;
  /** From the first byte of an attacking connection to its end, the longest of all. */
  readonly cutAfterMs: number;
  readonly cuts: number;
  /** Connections that were turned away before they could say anything. */
  readonly refused: number;
  /** A signal between two neighbours took so long, 99 of 100: before, and while the flood went on. */
  readonly quietP99: number;
  readonly floodP99: number;
  readonly signals: number;
  /** Connections of neighbours that ended. */
  readonly disturbed: number;
  readonly histories: readonly ClientHistory[];
  /** Share of the time in which the machine had no CPU for the gateway, in percent. */
  readonly starved: number;
  /** What the gateway's process grew by at the most, in MiB. */
  readonly grewMiB: number;
}

/** Attackers have an address of their own. */
const attackersAddress = '127.0.0.2';

/** A gateway under one flood, and neighbours on all three transports that talk all the while. */
export async function runFlood({ flood, durationMs, quietMs = 2000 }: FloodOptions): Promise<FloodReport> {
  const gateway = await GatewayChild.start();
  const fleet = await Fleet.start({
    url: gateway.url,
    sessions: 30,
    signalsPerSecond: 100,
    messagesPerSecond: 5,
  });
  try {
    fleet.startLoad();
    await delay(500);
    const quiet = { from: wallClock(), until: 0 };
    await delay(quietMs);
    quiet.until = wallClock();
    const before = residentMiB(gateway.pid);
    let most = before;
    const watch = setInterval(() => {
      most = Math.max(most, residentMiB(gateway.pid));
    }, 20);
    const from = wallClock();
    const port = Number(new URL(gateway.url).port);
    const connections = flood.startsWith('slow') ? 200 : 4;
    const attack = await runAttack({ flood, port, from: attackersAddress, connections, durationMs });
    const until = wallClock();
    fleet.stopLoad();
    clearInterval(watch);
    await fleet.settle();
    const { starved } = await gateway.report();
    const flooded = spread(signalTimes(fleet.histories, (at) => at >= from && at <= until));
    return {
      flood,
      cutAfterMs: longest(attack),
      cuts: attack.cuts.length,
      refused: attack.refused,
      quietP99: spread(signalTimes(fleet.histories, (at) => at >= quiet.from && at <= quiet.until)).p99,
      floodP99: flooded.p99,
      signals: flooded.count,
      disturbed: fleet.histories.flatMap(({ events }) => events).filter(({ kind }) => kind === 'ended')
        .length,
      histories: fleet.histories,
      starved,
      grewMiB: Math.round(most - before),
    };
  } finally {
    await fleet.stop().catch(() => {});
    await gateway.kill();
  }
}

function longest({ cuts, uncut }: AttackReport): number {
  return Math.round(Math.max(0, ...cuts, ...uncut));
}

function residentMiB(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024;
}

export const floodNames = Object.keys(floods) as FloodName[];
