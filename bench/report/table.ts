import type { MetricName } from '../metrics.ts';
import type { Scenario } from '../scenarios/scenario.ts';
import { number, range } from './format.ts';
import type { DetailedResult } from './results.ts';

/** Metrics with a column of their own, as far as a scenario has them. */
const columns = {
  latency_p50: 'p50 ms',
  latency_p99: 'p99 ms',
  to_server: 'in',
  from_server: 'out',
  joined: 'joined',
  rate: 'units/s',
} as const satisfies Partial<Record<MetricName, string>>;
const columnNames = Object.keys(columns) as (keyof typeof columns)[];
const headings = [
  'scenario',
  'subject',
  'measured',
  'ratio to classic',
  ...Object.values(columns),
  'besides',
] as const;

/** Told in a column, or of no interest at a glance; all of it is in the JSON. */
const untold = new Set<MetricName>([...columnNames, 'resident', 'server_cpu_relayed']);

/** A Markdown table: medians, and in parentheses the smallest and largest round. */
export function table(
  results: readonly DetailedResult[],
  scenarios: readonly Pick<Scenario, 'name' | 'about'>[],
): string {
  const rows = new Map<string, DetailedResult[]>();
  for (const result of results) {
    const key = `${result.scenario}\n${result.subject}`;
    const row = rows.get(key) ?? [];
    row.push(result);
    rows.set(key, row);
  }
  const about = new Map(scenarios.map((scenario) => [scenario.name, scenario.about]));
  const body = [...rows.values()].map((row) => rowOf(row, about.get(row[0]?.scenario ?? '')));
  return markdown([headings, ...body]);
}

/** A table of these cells, the first row its head. */
export function markdown(cells: readonly (readonly string[])[]): string {
  const [head = []] = cells;
  const widths = head.map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)));
  const lines = cells.map(
    (row) => `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`,
  );
  lines.splice(1, 0, `|${widths.map((width) => '-'.repeat(width + 2)).join('|')}|`);
  return `${lines.join('\n')}\n`;
}

function rowOf(row: readonly DetailedResult[], about: MetricName | undefined): string[] {
  const main = row.find(({ metric }) => metric === about) ?? row[0];
  if (main === undefined) return [];
  const of = (name: MetricName) => row.find(({ metric }) => metric === name);
  const others = row.filter((result) => result !== main && !untold.has(result.metric));
  return [
    main.scenario,
    main.subject,
    `${range(main)} ${main.unit}`,
    main.ratios === undefined ? '–' : range(main.ratios),
    ...columnNames.map((name) => number(of(name)?.median)),
    others.map(({ median, unit }) => `${number(median)} ${unit}`).join(', '),
  ];
}
