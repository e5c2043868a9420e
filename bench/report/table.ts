import type { DetailedResult } from './results.ts';
import type { Spread } from './statistics.ts';

const headings = ['scenario', 'subject', 'server CPU', 'ratio to classic', 'p50 ms', 'p99 ms', 'in', 'out'];

/** A Markdown table: medians, and in parentheses the smallest and largest round. */
export function table(results: readonly DetailedResult[]): string {
  const rows = new Map<string, Map<string, DetailedResult>>();
  for (const result of results) {
    const key = `${result.scenario}\n${result.subject}`;
    const row = rows.get(key) ?? new Map<string, DetailedResult>();
    rows.set(key, row.set(result.metric, result));
  }
  const cells = [headings, ...[...rows.values()].map(rowOf)];
  const widths = headings.map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)));
  const lines = cells.map(
    (row) => `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`,
  );
  lines.splice(1, 0, `|${widths.map((width) => '-'.repeat(width + 2)).join('|')}|`);
  return `${lines.join('\n')}\n`;
}

function rowOf(metrics: ReadonlyMap<string, DetailedResult>): string[] {
  const cpu = metrics.get('server_cpu');
  const middle = (name: string) => number(metrics.get(name)?.median);
  return [
    cpu?.scenario ?? '',
    cpu?.subject ?? '',
    cpu === undefined ? '' : `${range(cpu)} ${cpu.unit}`,
    cpu?.ratios === undefined ? '–' : range(cpu.ratios),
    middle('latency_p50'),
    middle('latency_p99'),
    middle('to_server'),
    middle('from_server'),
  ];
}

function range({ median, min, max }: Spread): string {
  return `${number(median)} (${number(min)}–${number(max)})`;
}

function number(value: number | undefined): string {
  if (value === undefined) return '–';
  return value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2);
}
