/** `npm run test:fault -- --scenario cut --rounds 20`: one fault run, with its figures. */
import { parseArgs } from 'node:util';
import { describeRun } from './report.ts';
import { scenarios } from './scenarios/scenarios.ts';

const { values } = parseArgs({
  options: {
    scenario: { type: 'string' },
    rounds: { type: 'string', default: '20' },
    sessions: { type: 'string' },
    rate: { type: 'string' },
    seed: { type: 'string' },
  },
});
const names = values.scenario === undefined ? Object.keys(scenarios) : values.scenario.split(',');
let violations = 0;
for (const name of names) {
  const scenario = scenarios[name];
  if (scenario === undefined) throw new Error(`no scenario ${name}; there are ${Object.keys(scenarios)}`);
  const report = await scenario({
    rounds: Number(values.rounds),
    sessions: Number(values.sessions ?? 200),
    signalsPerSecond: Number(values.rate ?? 300),
    seed: Number(values.seed ?? Date.now() % 1_000_000),
  });
  violations += report.violations.length;
  process.stdout.write(`${describeRun(report)}\n`);
}
// Node 26 may spin for ever in the natural end of a process that has reset HTTP/2 connections (Environment::CleanupHandles).
process.exit(violations === 0 ? 0 : 1);
