import { describe, expect, it } from 'vitest';
import { check, ciRuns, describeFinding, newSeed } from './check.ts';
import { loadCore } from './core.ts';

describe('an engine that carries out later, and in any order, what is under way at the same time', () => {
  it('keeps every promise', { timeout: 120_000 }, async () => {
    const seed = newSeed();
    const finding = await check('interleavings', await loadCore(), seed, ciRuns.interleavings);
    console.log(`${ciRuns.interleavings} interleavings with seed ${seed}`);
    expect(finding === undefined ? '' : describeFinding(finding)).toBe('');
  });
});
