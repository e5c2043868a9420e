import { expect, test } from 'vitest';
import { checkHistory, describeViolations } from '../helpers/history-checker.ts';
import { floodNames, runFlood } from './flood-run.ts';

/** What neighbours wait for, 99 times of 100, in milliseconds. */
const mostP99 = 250;
/** What the gateway may grow by, in MiB. */
const mostMiB = 50;
/** How long an attacker is let, in milliseconds. */
const mostCutMs = 2_000;

test.each(floodNames)(
  'a flood (%s) is cut within two seconds, and neighbours go on talking',
  { timeout: 60_000 },
  async (flood) => {
    const report = await runFlood({ flood, durationMs: 3_000 });
    expect(describeViolations(checkHistory(report.histories))).toBe('');
    expect(report.disturbed).toBe(0);
    expect(report.cuts).toBeGreaterThan(0);
    expect(report.cutAfterMs).toBeLessThanOrEqual(mostCutMs);
    expect(report.signals).toBeGreaterThan(100);
    expect(report.floodP99).toBeLessThanOrEqual(mostP99);
    expect(report.grewMiB).toBeLessThanOrEqual(mostMiB);
  },
);
