import { describe, expect, it } from 'vitest';
import { TokenBucket } from '../../src/core/token-bucket.ts';

describe('a token bucket', () => {
  it('lets a burst pass, and then as much as comes back', () => {
    const bucket = new TokenBucket({ burst: 3, perSecond: 2 }, 1000);
    expect([1, 2, 3].map(() => bucket.take(1, 1000))).toEqual([0, 0, 0]);
    expect(bucket.take(1, 1000)).toBe(500);
    expect(bucket.take(1, 1499)).toBe(1);
    expect(bucket.take(1, 1500)).toBe(0);
    expect(bucket.take(1, 1500)).toBe(500);
  });

  it('is never fuller than full', () => {
    const bucket = new TokenBucket({ burst: 2, perSecond: 100 }, 0);
    expect([1, 2, 3].map(() => bucket.take(1, 60_000))).toEqual([0, 0, 10]);
  });

  it('lets what is dearer than all of it pass once, and has it paid for', () => {
    const bucket = new TokenBucket({ burst: 10, perSecond: 10 }, 0);
    expect(bucket.take(30, 0)).toBe(0);
    expect(bucket.take(30, 0)).toBe(2100);
    expect(bucket.take(30, 2100)).toBe(0);
  });

  it('owes no more than comes back in the time that it is told', () => {
    const bucket = new TokenBucket({ burst: 10, perSecond: 10 }, 0);
    bucket.spend(1_000_000, 5_000);
    bucket.spend(1_000_000, 5_000);
    expect(bucket.waitMs(0)).toBe(5_100);
  });

  it('is not stopped by a clock that is set back', () => {
    const bucket = new TokenBucket({ burst: 1, perSecond: 1 }, 3_600_000);
    expect(bucket.take(1, 3_600_000)).toBe(0);
    expect(bucket.take(1, 0)).toBe(1000);
    expect(bucket.take(1, 1000)).toBe(0);
  });
});
