import { beforeAll, describe, expect, it } from 'vitest';
import { runCampaign } from './campaign.ts';
import { formatReports, violationsOf } from './report.ts';
import type { TargetReport } from './run-target.ts';
import { targetNames } from './targets.ts';

// `npm run test:fuzz -- --seconds 60` for more.
const SECONDS = 10;
const seed = Date.now() % 2 ** 32;

describe(`${SECONDS} s of mutated input (seed ${seed})`, () => {
  let reports: readonly TargetReport[] = [];

  beforeAll(async () => {
    reports = await runCampaign({ targets: targetNames, seconds: SECONDS, seed, width: 2 });
    console.log(formatReports(reports));
  }, 300_000);

  it.each(targetNames)('%s: nothing uncaught, nothing `internal`, no empty success', (name) => {
    const report = reports.find(({ target }) => target === name);
    expect(report === undefined ? ['no report'] : violationsOf(report)).toEqual([]);
    // Nothing is proven by a run that did next to nothing, or by input that is all refused.
    expect(report?.executions).toBeGreaterThan(100);
    expect(report?.accepted).toBeGreaterThan(10);
  });
});
