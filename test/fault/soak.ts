/** `npm run soak -- --minutes 10 --joins 50`: churn, and what it leaves in the gateway. */
import { parseArgs } from 'node:util';
import { describeViolations } from '../helpers/history-checker.ts';
import { soak } from './soak-run.ts';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    joins: { type: 'string', default: '50' },
    seed: { type: 'string' },
  },
});
const minutes = Number(values.minutes);
const report = await soak({
  minutes,
  joinsPerSecond: Number(values.joins),
  seed: Number(values.seed ?? Date.now() % 1_000_000),
  tell: (line) => void process.stdout.write(`${line}\n`),
});
const { slopeMb, joins, violations } = report;
process.stdout.write(
  `soak: ${joins} joins in ${minutes} minutes; heap ${slopeMb.toFixed(2)} MB over the last half; ${violations.length} violations\n`,
);
if (violations.length > 0) process.stdout.write(`${describeViolations(violations)}\n`);
// As in `main.ts`.
process.exit(violations.length === 0 ? 0 : 1);
