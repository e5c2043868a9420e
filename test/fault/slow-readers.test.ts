import { expect, it } from 'vitest';
import { describeViolations } from '../helpers/history-checker.ts';
import { describeRun } from './report.ts';
import { slowReaders } from './scenarios/slow-readers.ts';

// With a thousand and a thousand: `npm run test:fault -- --scenario slow-readers --sessions 1000`. With so few, what the machine
// does meanwhile can be more than what is compared: then it is compared once more.
it('sixty streams that never read cost sixty healthy ones nothing, are cut, and lose nothing when they read again', {
  timeout: 4 * 60_000,
  retry: 1,
}, async () => {
  const seed = Date.now() % 1_000_000;
  const report = await slowReaders({ rounds: 1, sessions: 60, signalsPerSecond: 100, seed });
  process.stdout.write(`${describeRun(report)}\n`);
  expect(describeViolations(report.violations)).toBe('');
  expect(report.figures['resumes']).toBeGreaterThanOrEqual(60);
});
