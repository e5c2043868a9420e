import { describe, expect, it } from 'vitest';
import { check, ciRuns, describeFinding, newSeed } from './check.ts';
import { loadCore } from './core.ts';
import { mustHappen, type Tally } from './tally.ts';

describe('any order of connecting, sending, acknowledging, dropping, resuming, expiring, kicking and overflowing', () => {
  it('keeps every promise', { timeout: 120_000 }, async () => {
    const tally: Tally = new Map();
    const seed = newSeed();
    const finding = await check('sequences', await loadCore(), seed, ciRuns.sequences, tally);
    console.log(`${ciRuns.sequences} sequences with seed ${seed}`);
    expect(finding === undefined ? '' : describeFinding(finding)).toBe('');
    expect(mustHappen.filter((what) => !tally.has(what))).toEqual([]);
  });
});
