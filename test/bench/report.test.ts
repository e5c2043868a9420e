import { expect, test } from 'vitest';
import { goals } from '../../bench/goals.ts';
import type { Measurement } from '../../bench/metrics.ts';
import { chart } from '../../bench/report/chart.ts';
import { profileTable } from '../../bench/report/profile.ts';
import { resultsOf, toJson } from '../../bench/report/results.ts';
import { median, spread } from '../../bench/report/statistics.ts';
import { table } from '../../bench/report/table.ts';
import { verdictsOf, verdictTable } from '../../bench/report/verdicts.ts';
import { scenarios } from '../../bench/scenarios/scenarios.ts';

const scenario = scenarios[0]!;

/** Rounds that cost so many µs a message. */
function rounds(...costs: number[]): Measurement[] {
  return costs.map((cost) => ({
    server_cpu: cost,
    rate: 100,
    latency_p50: 1,
    latency_p99: 2,
    to_server: 1,
    from_server: 1.1,
  }));
}

function measured(subjects: Record<string, Measurement[]>) {
  return { scenario, rounds: new Map(Object.entries(subjects)) };
}

test('the median of an even number of values is the mean of the middle two', () => {
  expect(median([9, 1, 5])).toBe(5);
  expect(median([9, 1, 5, 6])).toBe(5.5);
  expect(spread([9, 1, 5])).toEqual({ median: 5, min: 1, max: 9 });
});

test('ratios compare what was measured in the same round', () => {
  const all = measured({ classic: rounds(10, 100, 20), gateway: rounds(5, 60, 30) });
  const results = resultsOf(all, 'classic');
  const cpu = results.find(({ subject, metric }) => subject === 'gateway' && metric === 'server_cpu');
  expect(cpu).toMatchObject({ median: 30, min: 5, max: 60, ratio_to_classic: 0.6, unit: 'µs/message' });
  expect(cpu?.ratios).toEqual({ median: 0.6, min: 0.5, max: 1.5 });
});

test('without the classic server there are no ratios', () => {
  const results = resultsOf(measured({ gateway: rounds(5) }), 'classic');
  expect(new Set(results.map((result) => result.ratio_to_classic))).toEqual(new Set([null]));
  expect(table(results, [scenario])).toContain('5.00 (5.00–5.00) µs/message');
});

test('an open loop that the machine cannot keep up with is marked', () => {
  const open = scenarios.find(({ name }) => name === 'trickle-20k-500')!;
  const shown = (to_server: number) => {
    const gateway = rounds(5).map((round) => ({ ...round, to_server }));
    const results = resultsOf({ scenario: open, rounds: new Map([['gateway', gateway]]) }, 'classic');
    return table(results, [open]);
  };
  expect(shown(1.01)).not.toContain('NOT STEADY');
  expect(shown(2.8)).toContain('NOT STEADY');
});

test('the JSON has one row for each scenario, subject and metric', () => {
  const results = resultsOf(measured({ classic: rounds(5, 6) }), 'classic');
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

test('a goal is met at its bound, and missed by so much above it', () => {
  const all = [measured({ classic: rounds(10, 20), gateway: rounds(5, 14) })];
  const goal = { scenario: scenario.name, subject: 'gateway', metric: 'server_cpu' } as const;
  const verdicts = verdictsOf(
    [
      { ...goal, against: 'classic', bound: 0.6 },
      { ...goal, against: 'classic', bound: 0.5 },
      { ...goal, bound: 9.5 },
      { ...goal, against: 'absent', bound: 1 },
    ],
    all,
  );
  expect(verdicts.map(({ reached }) => reached)).toEqual([0.6, 0.6, 9.5, undefined]);
  const text = verdictTable(verdicts, all);
  expect(text).toContain('goal missed by 0.10 (20 %)');
  expect(text).toContain('≤ 9.5 µs/message');
  expect(text).toContain('not measured');
  expect(text).toContain('Goals met: 2 of 4.');
});

test('every goal can be measured: its subjects take part in its scenario', () => {
  for (const { scenario: name, subject, against = subject } of goals) {
    const { subjects } = scenarios.find((one) => one.name === name)!;
    expect(subjects, name).toContain(subject);
    expect(subjects, name).toContain(against);
  }
});

test('the chart draws what is cheaper to the left and what is dearer to the right', () => {
  const all = measured({ classic: rounds(10), cheap: rounds(5), dear: rounds(40) });
  const svg = chart(resultsOf(all, 'classic'), [{ ...scenario, title: 'fast & <small>' }]);
  const [cheap, dear] = [...svg.matchAll(/class="(less|more)" x="([\d.]+)" y="[\d.]+" width="([\d.]+)"/g)];
  expect(cheap?.[1]).toBe('less');
  expect(dear?.[1]).toBe('more');
  // Half and four times: one and two steps of the axis, from the same line.
  expect(Number(dear?.[3])).toBeCloseTo(2 * Number(cheap?.[3]), 0);
  expect(Number(cheap?.[2]) + Number(cheap?.[3])).toBeCloseTo(Number(dear?.[2]), 0);
  expect(svg).toContain('prefers-color-scheme: dark');
  expect(svg).toContain('fast &amp; &lt;small>');
});

test('a profile tells which functions took the time after the start that was not idle', () => {
  const node = (id: number, functionName: string, url = '') => ({
    id,
    callFrame: { functionName, url, lineNumber: 9 },
  });
  const text = profileTable(
    {
      nodes: [node(1, 'scan', 'file:///code/src/scan.ts'), node(2, '(idle)'), node(3, '(program)')],
      samples: [3, 2, 1, 2, 3, 1],
      timeDeltas: [900_000, 3_000_000, 2000, 9000, 1000, 1000],
    },
    '/code/',
  );
  expect(text).toMatch(/75\.0 % \| 3 +\| scan src\/scan\.ts:10/);
  expect(text).toMatch(/25\.0 % \| 1 +\| \(program\)/);
  expect(text).not.toContain('idle');
});
