import { expect, it } from 'vitest';
import { soak } from '../fault/soak-run.ts';
import { describeViolations } from '../helpers/history-checker.ts';

it('leaves nothing in the gateway after a minute in which fifty clients a second come and go', {
  timeout: 150_000,
}, async () => {
  const seed = Date.now() % 1_000_000;
  const { joins, violations } = await soak({ minutes: 1, joinsPerSecond: 50, seed, tell: () => {} });
  expect(describeViolations(violations), `seed ${seed}`).toBe('');
  expect(joins).toBeGreaterThan(2500);
});
