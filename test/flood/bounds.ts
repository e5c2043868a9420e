import { checkHistory, describeViolations } from '../helpers/history-checker.ts';
import type { FloodReport } from './flood-run.ts';

/** What neighbours wait for, 99 times of 100, in milliseconds. */
const mostP99 = 250;
/** What the gateway may grow by, in MiB: 50 MB. */
const mostMiB = 47;
/** How long an attacker is let, in milliseconds. */
const mostCutMs = 2_000;
/** The machine had no CPU for the gateway: what neighbours waited for is no judgement of it, in percent of the time. */
const mostStarved = 30;

/** What a run was to show and did not; [] when all is well. */
export function breachesOf(report: FloodReport): string[] {
  const { cuts, cutAfterMs, floodP99, grewMiB, signals, disturbed, starved } = report;
  const violations = describeViolations(checkHistory(report.histories));
  return [
    ...(violations === '' ? [] : [violations]),
    ...(cuts > 0 ? [] : ['no attacker was cut']),
    ...(cutAfterMs <= mostCutMs ? [] : [`an attacker was let for ${cutAfterMs} ms`]),
    ...(signals > 100 ? [] : [`neighbours sent ${signals} signals only`]),
    ...(disturbed === 0 ? [] : [`${disturbed} connections of neighbours ended`]),
    ...(starved >= mostStarved || floodP99 <= mostP99 ? [] : [`neighbours waited for ${floodP99} ms`]),
    ...(grewMiB <= mostMiB ? [] : [`the gateway grew by ${grewMiB} MiB`]),
  ];
}
