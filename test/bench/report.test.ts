import { expect, test } from 'vitest';
import type { Measurement } from '../../bench/generator/job.ts';
import { resultsOf, toJson } from '../../bench/report/results.ts';
import { median, spread } from '../../bench/report/statistics.ts';
import { table } from '../../bench/report/table.ts';
import { scenarios } from '../../bench/scenarios.ts';

const scenario = scenarios[0]!;

/** Rounds of 100 messages that cost so many µs each. */
function rounds(...costs: number[]): Measurement[] {
  return costs.map((cost) => ({
    relayed: 100,
    units: 100,
    cpuMicros: cost * 100,
    seconds: 1,
    residentKib: 2048,
    p50Ms: 1,
    p99Ms: 2,
    toServer: 100,
    fromServer: 110,
  }));
}

test('the median of an even number of values is the mean of the middle two', () => {
  expect(median([9, 1, 5])).toBe(5);
  expect(median([9, 1, 5, 6])).toBe(5.5);
  expect(spread([9, 1, 5])).toEqual({ median: 5, min: 1, max: 9 });
});

test('ratios compare what was measured in the same round', () => {
  const measured = new Map([
    ['classic', rounds(10, 100, 20)],
    ['gateway', rounds(5, 60, 30)],
  ]);
  const results = resultsOf({ scenario, rounds: measured }, 'classic');
  const cpu = results.find(({ subject, metric }) => subject === 'gateway' && metric === 'server_cpu');
  expect(cpu).toMatchObject({ median: 30, min: 5, max: 60, ratio_to_classic: 0.6, unit: 'µs/message' });
  expect(cpu?.ratios).toEqual({ median: 0.6, min: 0.5, max: 1.5 });
});

test('without the classic server there are no ratios', () => {
  const results = resultsOf({ scenario, rounds: new Map([['gateway', rounds(5)]]) }, 'classic');
  expect(new Set(results.map((result) => result.ratio_to_classic))).toEqual(new Set([null]));
  expect(table(results)).toContain('5.00 (5.00–5.00) µs/message');
});

test('the JSON has one row for each scenario, subject and metric', () => {
  const results = resultsOf({ scenario, rounds: new Map([['classic', rounds(5, 6)]]) }, 'classic');
  const rows = JSON.parse(toJson(results));
  expect(rows).toHaveLength(results.length);
  for (const row of rows) {
    expect(Object.keys(row)).toEqual([
      'scenario',
      'subject',
      'metric',
      'unit',
      'median',
      'min',
      'max',
      'ratio_to_classic',
    ]);
  }
});
