import type { ClientHistory, Violation, WelcomeOutcome } from '../helpers/history.ts';
import { describeViolations } from '../helpers/history-checker.ts';

/** A list of times, in milliseconds. */
export interface Spread {
  readonly count: number;
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

export function spread(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share: number) => Math.round(sorted[Math.ceil(share * sorted.length) - 1] ?? 0);
  return { count: sorted.length, p50: at(0.5), p99: at(0.99), max: at(1) };
}

/** What a run showed. */
export interface RunReport {
  readonly scenario: string;
  readonly rounds: number;
  readonly seed: number;
  readonly figures: Readonly<Record<string, number | Spread>>;
  readonly violations: readonly Violation[];
}

/** Signals that were sent, and those that came. */
export function trafficOf(histories: readonly ClientHistory[]): Record<string, number> {
  const count = (kind: string) =>
    histories.reduce((sum, { events }) => sum + events.filter((event) => event.kind === kind).length, 0);
  const welcomes = (outcome: WelcomeOutcome) =>
    histories.reduce(
      (sum, { events }) =>
        sum + events.filter((event) => event.kind === 'welcome' && event.outcome === outcome).length,
      0,
    );
  return {
    sent: count('sent'),
    'signals delivered': count('signal'),
    'messages delivered': count('message'),
    refused: count('error'),
    receipts: count('receipt'),
    resumes: welcomes('resumed'),
    'fresh sessions': welcomes('fresh'),
  };
}

/** A time in which the link was not there. */
export interface Outage {
  readonly from: number;
  until: number;
}

/**
 * From the loss of a connection, or from the end of the outage that it was lost in, to the Welcome that resumes the session,
 * in milliseconds.
 */
export function resumeTimes(histories: readonly ClientHistory[], outages: readonly Outage[] = []): number[] {
  const times: number[] = [];
  for (const { events } of histories) {
    let lostAt: number | undefined;
    for (const event of events) {
      if (event.kind === 'ended') lostAt ??= event.at;
      if (event.kind !== 'welcome') continue;
      if (lostAt !== undefined && event.outcome === 'resumed') {
        const since = lostAt;
        const outage = outages.find(({ from, until }) => since >= from - 50 && since <= until);
        times.push(Math.max(0, event.at - Math.max(since, outage?.until ?? 0)));
      }
      lostAt = undefined;
    }
  }
  return times;
}

export function describeRun({ scenario, rounds, seed, figures, violations }: RunReport): string {
  const lines = Object.entries(figures).map(([name, value]) => {
    if (typeof value === 'number') return `  ${name}: ${value}`;
    return `  ${name}: p50 ${value.p50} ms, p99 ${value.p99} ms, longest ${value.max} ms (${value.count})`;
  });
  const count = (...rules: string[]) => violations.filter(({ rule }) => rules.includes(rule)).length;
  const verdict = `  lost ${count('lost', 'untold')}, duplicated ${count('duplicate')}, reordered ${count('reordered')}, violations ${violations.length}`;
  const head = `${scenario}: ${rounds} rounds, seed ${seed}`;
  const found = violations.length === 0 ? [] : [describeViolations(violations)];
  return [head, ...lines, verdict, ...found].join('\n');
}

/** The same by transport. */
export function resumeTimesBy(
  histories: readonly ClientHistory[],
  outages: readonly Outage[] = [],
): Record<string, Spread> {
  const by = new Map<string, number[]>();
  for (const history of histories) {
    let transport = '';
    for (const event of history.events) if (event.kind === 'opened') transport = event.transport;
    by.set(transport, [...(by.get(transport) ?? []), ...resumeTimes([history], outages)]);
  }
  return Object.fromEntries(
    [...by].map(([transport, times]) => [`resumed after, ${transport}`, spread(times)]),
  );
}
