import { describe, expect, it } from 'vitest';
import { RandomBytes } from '../../src/runtime/random-bytes.ts';

describe('random bytes', () => {
  it('have the length that was asked for, whatever block they come from', () => {
    const randomness = new RandomBytes();
    for (const count of [1, 3, 12, 32, 4000, 96, 4096, 4097, 10_000]) {
      expect(Buffer.from(randomness.base64url(count), 'base64url')).toHaveLength(count);
    }
  });

  it('are never given out twice, and use all of what they are drawn from', () => {
    const randomness = new RandomBytes();
    const given = Array.from({ length: 5000 }, () => randomness.base64url(12));
    expect(new Set(given).size).toBe(given.length);
    const seen = new Set(given.flatMap((text) => [...Buffer.from(text, 'base64url')]));
    expect(seen.size).toBe(256);
    // Nothing of a block stays as it was cleared.
    expect(given.filter((text) => /A{10}/.test(text))).toEqual([]);
  });
});
