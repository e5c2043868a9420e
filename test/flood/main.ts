/** `npm run test:flood -- --seconds 10 --flood ping`: floods one after the other, and what they did. */
import { parseArgs } from 'node:util';
import type { FloodName } from './attacks.ts';
import { breachesOf } from './bounds.ts';
import { type FloodReport, floodNames, runFlood } from './flood-run.ts';

const { values } = parseArgs({
  options: { seconds: { type: 'string', default: '10' }, flood: { type: 'string' } },
});
const names = values.flood === undefined ? floodNames : (values.flood.split(',') as FloodName[]);
const columns = [
  'flood',
  'cut after',
  'cuts',
  'refused',
  'p99 before',
  'p99 during',
  'signals',
  'memory',
  'starved',
];
const row = (cells: readonly string[]) =>
  `${cells.map((cell, index) => (index === 0 ? cell.padEnd(16) : cell.padStart(11))).join('')}\n`;
process.stdout.write(row(columns));
let failed = false;
for (const flood of names) {
  const report: FloodReport = await runFlood({ flood, durationMs: Number(values.seconds) * 1000 });
  process.stdout.write(
    row([
      report.flood,
      `${report.cutAfterMs} ms`,
      `${report.cuts}`,
      `${report.refused}`,
      `${report.quietP99} ms`,
      `${report.floodP99} ms`,
      `${report.signals}`,
      `+${report.grewMiB} MiB`,
      `${report.starved} %`,
    ]),
  );
  for (const breach of breachesOf(report)) {
    failed = true;
    process.stdout.write(`  ${breach}\n`);
  }
}
process.exitCode = failed ? 1 : 0;
// Node may spin for ever in the natural end of a process that has reset HTTP/2 connections.
process.exit();
