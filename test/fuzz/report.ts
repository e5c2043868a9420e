import type { TargetReport } from './run-target.ts';

/** Kinds of answers named in the table; what is rarer stands together. */
const KINDS = 6;

/** The reports as a table, with every violation below it: what, the seed, and how to run it again. */
export function formatReports(reports: readonly TargetReport[]): string {
  const rows = reports.map((report) => [
    report.target,
    String(report.executions),
    String(report.replayed),
    String(report.accepted),
    String(report.executions - report.accepted),
    String(report.blocks),
    String(report.violations.length),
    kindsOf(report),
  ]);
  const head = ['target', 'executions', 'replayed', 'accepted', 'refused', 'blocks', 'violations', 'answers'];
  const widths = head.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)),
  );
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, column) =>
        column === 0 || column === 7 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
      )
      .join('  ')
      .trimEnd();
  return [line(head), ...rows.map(line), ...reports.flatMap(violationsOf)].join('\n');
}

/** One violation a line, for a test that fails. */
export function violationsOf({ target, seed, violations }: TargetReport): string[] {
  return violations.map(({ what, file }) => {
    const again = file === undefined ? `--target ${target} --seed ${seed}` : `--replay ${file}`;
    return `${target} (seed ${seed}): ${what}\n  again: npm run test:fuzz -- ${again}`;
  });
}

function kindsOf({ kinds }: TargetReport): string {
  const sorted = Object.entries(kinds).sort(([, a], [, b]) => b - a);
  const rest = sorted.slice(KINDS).reduce((sum, [, count]) => sum + count, 0);
  const named = sorted.slice(0, KINDS).map(([kind, count]) => `${kind} ${count}`);
  return [...named, ...(rest > 0 ? [`${sorted.length - KINDS} others ${rest}`] : [])].join(', ');
}
