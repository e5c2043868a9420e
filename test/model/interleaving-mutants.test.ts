import { describe, expect, it } from 'vitest';
import { check, mutantRuns, newSeed } from './check.ts';
import { withMutant } from './mutant.ts';
import { interleavingMutants } from './mutants.ts';

describe('without the rule', () => {
  it.each(interleavingMutants)('$rule', { timeout: 120_000 }, async (mutant) => {
    const seed = newSeed();
    const finding = await withMutant(mutant, (core) => check(mutant.by, core, seed, mutantRuns[mutant.by]));
    const found =
      finding === undefined ? 'found nothing' : `run ${finding.run} is shrunk to ${finding.length} commands`;
    console.log(`without "${mutant.rule}", seed ${seed}: ${found}`);
    expect(
      finding,
      `${mutantRuns[mutant.by]} runs with seed ${seed} keep every promise without it`,
    ).toBeDefined();
  });
});
