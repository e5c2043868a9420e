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

type Described = Pick<Scenario, 'name' | 'about' | 'load'>;

/** Open loops: as many messages go in as come out, unless the machine, or the generator, cannot keep up. */
const openLoads: readonly Scenario['load']['kind'][] = ['open', 'share-of-peak'];
const steady = { least: 0.8, most: 1.25 } as const;

/** A Markdown table: medians, and in parentheses the smallest and largest round. */
export function table(results: readonly DetailedResult[], scenarios: readonly Described[]): string {
  const rows = new Map<string, DetailedResult[]>();
  for (const result of results) {
    const key = `${result.scenario}\n${result.subject}`;
    const row = rows.get(key) ?? [];
    row.push(result);
    rows.set(key, row);
  }
  const described = new Map(scenarios.map((scenario) => [scenario.name, scenario]));
  const body = [...rows.values()].map((row) => rowOf(row, described.get(row[0]?.scenario ?? '')));
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

function rowOf(row: readonly DetailedResult[], scenario: Described | undefined): string[] {
  const main = row.find(({ metric }) => metric === scenario?.about) ?? row[0];
  if (main === undefined) return [];
  const of = (name: MetricName) => row.find(({ metric }) => metric === name);
  const others = row.filter((result) => result !== main && !untold.has(result.metric));
  return [
    main.scenario,
    main.subject,
    `${range(main)} ${main.unit}`,
    main.ratios === undefined ? '–' : range(main.ratios),
    ...columnNames.map((name) => number(of(name)?.median)),
    [
      ...others.map(({ median, unit }) => `${number(median)} ${unit}`),
      ...warnings(scenario, of('to_server')),
    ].join(', '),
  ];
}

function warnings(scenario: Described | undefined, toServer: DetailedResult | undefined): string[] {
  if (scenario === undefined || toServer === undefined || !openLoads.includes(scenario.load.kind)) return [];
  const { least, most } = steady;
  return toServer.median < least || toServer.median > most ? ['NOT STEADY: the machine cannot keep up'] : [];
}
