import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Histogram } from '../../src/load/histogram.ts';

/** The value at this share of the sorted list, counted as the histogram counts. */
function exact(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(1, Math.ceil(sorted.length * share)) - 1] ?? 0;
}

describe('a histogram of times', () => {
  it('tells every percentile within 0.8 % and a microsecond, and never less than it was', () => {
    const times = fc.array(fc.double({ min: 0, max: 4_000_000, noNaN: true }), {
      minLength: 1,
      maxLength: 200,
    });
    fc.assert(
      fc.property(times, fc.constantFrom(0, 0.5, 0.9, 0.99, 0.999, 1), (values, share) => {
        const histogram = new Histogram();
        for (const value of values) histogram.record(value);
        const wanted = exact(values, share);
        const told = histogram.quantile(share);
        expect(told).toBeGreaterThanOrEqual(wanted - 0.0006);
        expect(told).toBeLessThanOrEqual(wanted * 1.008 + 0.0011);
      }),
      { numRuns: 500 },
    );
  });

  it('tells the longest as it was, whatever its bucket', () => {
    const histogram = new Histogram();
    for (const value of [1, 12.3456, 3]) histogram.record(value);
    expect(histogram.max).toBe(12.3456);
    expect(histogram.quantile(1)).toBe(12.3456);
    expect(histogram.count).toBe(3);
  });

  it('tells 0 where nothing was recorded', () => {
    expect(new Histogram().quantile(0.99)).toBe(0);
    expect(new Histogram().max).toBe(0);
  });

  it('takes times below 0 for 0, and those beyond its range for the longest', () => {
    const histogram = new Histogram();
    histogram.record(-5);
    expect(histogram.quantile(1)).toBe(0);
    histogram.record(1e9);
    expect(histogram.quantile(1)).toBeCloseTo(2 ** 32 / 1000, 0);
  });
});
