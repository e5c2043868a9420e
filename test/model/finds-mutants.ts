import { describe, expect, it } from 'vitest';
import { check, mutantRuns, newSeed } from './check.ts';
import { type Mutant, withMutant } from './mutant.ts';

/** Defines a test for each rule: taken out of the source, the model must find a violation. */
export function findsMutants(mutants: readonly Mutant[]): void {
  describe('without the rule', () => {
    it.each(mutants)('$rule', { timeout: 120_000 }, async (mutant) => {
      const seed = newSeed();
      const finding = await withMutant(mutant, (core) => check(mutant.by, core, seed, mutantRuns[mutant.by]));
      const found =
        finding === undefined
          ? 'found nothing'
          : `run ${finding.run} is shrunk to ${finding.length} commands`;
      console.log(`without "${mutant.rule}", seed ${seed}: ${found}`);
      expect(
        finding,
        `${mutantRuns[mutant.by]} runs with seed ${seed} keep every promise without it`,
      ).toBeDefined();
    });
  });
}
