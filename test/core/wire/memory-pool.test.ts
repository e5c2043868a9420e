import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MemoryPool } from '../../../src/core/wire/memory-pool.ts';

const free = 4 * 1024 * 1024;

describe('a memory pool', () => {
  it('lends no byte to two, whatever is taken and given back', () => {
    const step = fc.record({ size: fc.integer({ min: 1, max: 300_000 }), back: fc.nat(20) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const pool = new MemoryPool();
        const lent: { readonly bytes: Uint8Array; readonly mark: number }[] = [];
        for (const [index, { size, back }] of steps.entries()) {
          const bytes = pool.take(size);
          expect(bytes).toHaveLength(size);
          bytes.fill(index + 1);
          lent.push({ bytes, mark: index + 1 });
          const [given] = back < lent.length ? lent.splice(back, 1) : [];
          if (given !== undefined) pool.giveBack(given.bytes);
        }
        for (const { bytes, mark } of lent) expect(bytes.every((byte) => byte === mark)).toBe(true);
      }),
      { numRuns: 200 },
    );
  });

  it('uses again what was given back, for sizes that are about the same', () => {
    const pool = new MemoryPool();
    const first = pool.take(5800);
    pool.giveBack(first);
    expect(pool.take(5900).buffer).toBe(first.buffer);
  });

  it('wastes a fifth at the most', () => {
    const pool = new MemoryPool();
    for (const size of [1025, 1281, 5800, 8193, 65_537, 262_145]) {
      expect(pool.take(size).buffer.byteLength * 0.8).toBeLessThanOrEqual(size);
    }
  });

  it('takes back only what it lent, and once', () => {
    const pool = new MemoryPool();
    const foreign = new Uint8Array(5120);
    pool.giveBack(foreign);
    const lent = pool.take(5120);
    pool.giveBack(lent);
    pool.giveBack(lent);
    const next = [pool.take(5120).buffer, pool.take(5120).buffer];
    expect(next).not.toContain(foreign.buffer);
    expect(new Set(next).size).toBe(2);
  });

  it('keeps no more than a few megabytes that nobody uses', () => {
    const pool = new MemoryPool();
    const lent = Array.from({ length: 100 }, () => pool.take(100_000));
    const buffers = new Set(lent.map(({ buffer }) => buffer));
    for (const bytes of lent) pool.giveBack(bytes);
    const again = Array.from({ length: 100 }, () => pool.take(100_000).buffer);
    const kept = again.filter((buffer) => buffers.has(buffer));
    const bytes = kept.reduce((sum, { byteLength }) => sum + byteLength, 0);
    expect(bytes).toBeGreaterThan(free / 2);
    expect(bytes).toBeLessThanOrEqual(free);
  });
});
