import { expect } from 'vitest';
import { describeViolations } from '../helpers/history-checker.ts';
import { describeRun, type Spread } from './report.ts';
import type { Scenario } from './scenarios/scenario.ts';

const load = { rounds: 20, sessions: 200, signalsPerSecond: 300, seed: Date.now() % 1_000_000 };

export const minutes = 60_000;

/** Plays a scenario; throws what the checker found. Returns its figures. */
export async function play(scenario: Scenario, options: Partial<typeof load> = {}) {
  const report = await scenario({ ...load, ...options });
  process.stdout.write(`${describeRun(report)}\n`);
  expect(describeViolations(report.violations)).toBe('');
  return (name: string) => report.figures[name] as Spread;
}
