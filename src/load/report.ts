import type { Histogram } from './histogram.ts';
import type { LoadOptions } from './options.ts';
import type { ReasonCounts } from './reason-counts.ts';
import type { RunResult } from './run.ts';
import type { Verdict } from './verdict.ts';

const shares = { p50: 0.5, p90: 0.9, p99: 0.99, p999: 0.999 } as const;
const LABEL_WIDTH = 12;

/** What a run came to, for a terminal. */
export function reportText(options: LoadOptions, result: RunResult, { passed, notes }: Verdict): string {
  const { tally, missing, pending, measuredMs, endedEarly, sessions } = result;
  const isLossy = options.content === 'lossy';
  const lines = [
    row('gateway', `${options.url} over ${nameOf(options.transport)}`),
    row(
      'load',
      `${options.name}: ${options.rooms} ${plural(options.rooms, 'room')} of ${options.participants}, ${options.content} of ${options.size} bytes, ${options.rate}/s, ${seconds(measuredMs)} measured, seed ${options.seed}`,
    ),
    row('sessions', `${tally.opened} of ${sessions} joined${byReason(', failed', tally.notOpened)}`),
    row('join', percentiles(tally.joins)),
    row(
      'sent',
      `${tally.sent} (${reached(tally.measured.sent, measuredMs)}, wanted ${options.rate}/s), acknowledged ${tally.accepted}`,
    ),
    row('received', `${tally.received} (${reached(tally.measured.received, measuredMs)})`),
    row('refused', `${tally.refused.total}${byReason(':', tally.refused)}`),
    row('lost', isLossy ? `- (LOSSY: ${missing} were dropped)` : String(missing)),
    row('unknown', `${tally.unknown} of a session that was lost, ${pending} not answered`),
    row('wrong', `${tally.twice} twice, ${tally.late} out of order, ${tally.altered} altered`),
    row('latency', percentiles(tally.latency)),
    row('interrupted', interruptions(result)),
    row('generator', generator(result)),
    ...(endedEarly === undefined ? [] : [row('ended early', endedEarly)]),
    ...notes.map((note) => row('note', note)),
    row('result', passed ? 'all joined, nothing was refused or lost' : 'there were errors'),
  ];
  return `${lines.join('\n')}\n`;
}

/** The same, for programs. Times in milliseconds. */
export function reportJson(options: LoadOptions, result: RunResult, { passed, notes }: Verdict): string {
  const { tally, missing, pending, measuredMs, endedEarly, sessions } = result;
  const { url, name, rooms, participants, rate, transport, content, size, seed } = options;
  const json = {
    passed,
    options: { url, scenario: name, rooms, participants, rate, transport, content, size, seed },
    sessions: {
      wanted: sessions,
      joined: tally.opened,
      failed: counts(tally.notOpened),
      ended: counts(tally.ended),
    },
    join: figures(tally.joins),
    sent: tally.sent,
    acknowledged: tally.accepted,
    refused: counts(tally.refused),
    unknown: tally.unknown,
    unanswered: pending,
    received: tally.received,
    missing,
    twice: tally.twice,
    outOfOrder: tally.late,
    altered: tally.altered,
    measured: { ms: measuredMs, ...tally.measured },
    latency: figures(tally.latency),
    interrupted: counts(tally.interrupted),
    resumed: tally.resumed,
    begunAnew: tally.replaced,
    generator: {
      lateness: figures(tally.lateness),
      backlog: figures(tally.backlog),
      residentBytes: process.memoryUsage.rss(),
    },
    endedEarly: endedEarly ?? null,
    notes,
  };
  return `${JSON.stringify(json, null, 2)}\n`;
}

function row(label: string, text: string): string {
  return `${label.padEnd(LABEL_WIDTH)}${text}`;
}

function nameOf(transport: string): string {
  return transport === 'connect-web' ? 'connect' : transport;
}

function plural(count: number, word: string): string {
  return count === 1 ? word : `${word}s`;
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}

function reached(count: number, ms: number): string {
  return `${ms === 0 ? 0 : ((count * 1000) / ms).toFixed(1)}/s`;
}

function milliseconds(ms: number): string {
  return ms.toFixed(ms < 100 ? 2 : 0);
}

function percentiles(histogram: Histogram): string {
  if (histogram.count === 0) return 'none';
  const { p50, p90, p99, p999, max } = figures(histogram);
  return (
    `p50 ${milliseconds(p50)}  p90 ${milliseconds(p90)}  p99 ${milliseconds(p99)}  ` +
    `p99.9 ${milliseconds(p999)}  max ${milliseconds(max)} ms  (${histogram.count})`
  );
}

function figures(histogram: Histogram) {
  const { p50, p90, p99, p999 } = shares;
  return {
    count: histogram.count,
    p50: histogram.quantile(p50),
    p90: histogram.quantile(p90),
    p99: histogram.quantile(p99),
    p999: histogram.quantile(p999),
    max: histogram.max,
  };
}

function interruptions({ tally }: RunResult): string {
  const { interrupted, resumed, replaced, ended } = tally;
  return `${interrupted.total}${byReason(':', interrupted)}, resumed ${resumed}, begun anew ${replaced}, ended ${ended.total}${byReason(':', ended)}`;
}

function generator({ tally: { lateness, backlog } }: RunResult): string {
  const [late, read] = [lateness, backlog].map((own) => milliseconds(own.quantile(shares.p99)));
  return `sent p99 ${late} ms late, read p99 ${read} ms late, ${(process.memoryUsage.rss() / 2 ** 20).toFixed(0)} MB`;
}

function byReason(intro: string, { entries }: ReasonCounts): string {
  if (entries.length === 0) return '';
  const told = entries.map(({ reason, count, detail }) =>
    detail === '' ? `${reason} ${count}` : `${reason} ${count} (first: ${detail})`,
  );
  return `${intro} ${told.join(', ')}`;
}

function counts({ entries }: ReasonCounts): Record<string, number> {
  return Object.fromEntries(entries.map(({ reason, count }) => [reason, count]));
}
