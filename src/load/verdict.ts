import { adviceFor } from './advice.ts';
import type { LoadOptions } from './options.ts';
import type { RunResult } from './run.ts';
import type { Tally } from './tally.ts';

/** What a run comes to. */
export interface Verdict {
  /** All joined, and nothing was refused or lost. */
  readonly passed: boolean;
  /** What the figures do not say by themselves, and what to do. */
  readonly notes: readonly string[];
}

/** Shares of all signals that are looked at, and from where on the generator's own part of their latency matters. */
const usual = { share: 0.5, leastMs: 1, part: 0.5 } as const;
const slowest = { share: 0.99, leastMs: 2, part: 0.25 } as const;
const RATE_SHARE = 0.95;
/** A gateway carries so many deliveries a second in a room by default. */
const ROOM_RATE = 200_000;

export function judge(options: LoadOptions, result: RunResult): Verdict {
  const { tally, missing, pending, endedEarly } = result;
  const isLossy = options.content === 'lossy';
  const lost = isLossy ? 0 : missing;
  const failures = [tally.notOpened.total, tally.ended.total, tally.refused.total, tally.unknown, pending];
  const wrong = [lost, tally.twice, tally.late, tally.altered];
  const byUser = endedEarly === undefined || endedEarly === 'stopped by the user';
  return {
    passed: [...failures, ...wrong].every((count) => count === 0) && byUser,
    notes: [
      ...generatorNotes(options, result),
      ...pendingNotes(result),
      ...reasonNotes(result),
      ...roomNotes(options),
    ],
  };
}

function generatorNotes({ rate }: LoadOptions, { tally, measuredMs }: RunResult): string[] {
  const notes: string[] = [];
  if (isOwn(tally, usual)) {
    notes.push(
      "this generator was the bottleneck: these figures are the generator's, not the gateway's. Lower the rate, or start several generators",
    );
  } else if (isOwn(tally, slowest)) {
    const ms = ownPart(tally, slowest.share).toFixed(1);
    notes.push(
      `up to ${ms} ms of p99 are this generator's own: it, or its machine, was busy with something else`,
    );
  }
  // A short run at a low rate has few signals, at random moments.
  const wanted = (rate * measuredMs) / 1000;
  if (tally.measured.sent < RATE_SHARE * wanted - 3 * Math.sqrt(wanted)) {
    notes.push('the rate was not reached: sessions were missing, or the generator was the bottleneck');
  }
  return notes;
}

function isOwn(tally: Tally, { share, leastMs, part }: typeof usual | typeof slowest): boolean {
  const own = ownPart(tally, share);
  return own >= leastMs && own >= part * tally.latency.quantile(share);
}

function ownPart({ lateness, backlog }: Tally, share: number): number {
  return lateness.quantile(share) + backlog.quantile(share);
}

function pendingNotes({ pending, tally }: RunResult): string[] {
  if (pending === 0 || tally.interrupted.total > 0) return [];
  return [
    `${pending} were not answered in time: the gateway is slower than this rate, or slows sessions down that send too much (limits.signalRate, messageRate and roomRate of its configuration)`,
  ];
}

function reasonNotes({ tally }: RunResult): string[] {
  const counts = [tally.notOpened, tally.ended, tally.refused, tally.interrupted];
  const reasons = new Set(counts.flatMap(({ entries }) => entries.map(({ reason }) => reason)));
  return [...reasons].flatMap((reason) => {
    const advice = adviceFor(reason);
    return advice === '' ? [] : [`${reason}: ${advice}`];
  });
}

function roomNotes({ content, rate, rooms, participants }: LoadOptions): string[] {
  const deliveries = (rate / rooms) * participants;
  if ((content !== 'messages' && content !== 'lossy') || deliveries <= ROOM_RATE) return [];
  return [
    `each room was asked for ${deliveries} deliveries a second; a gateway gives ${ROOM_RATE} unless its limits.roomRate says otherwise`,
  ];
}
