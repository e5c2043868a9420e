import { describe, expect, it } from 'vitest';
import { LossyRate } from '../../../src/core/room/lossy-rate.ts';

/** How many of `attempts` go through, one each `everyMs`, from `from` on. */
function passed(
  rate: LossyRate,
  perSecond: number,
  attempts: number,
  everyMs: number,
  from = 1_000_000,
): number {
  let count = 0;
  for (let i = 0; i < attempts; i += 1) if (rate.take(perSecond, from + i * everyMs)) count += 1;
  return count;
}

describe('LossyRate', () => {
  it('lets everything through that stays below the rate', () => {
    expect(passed(new LossyRate(), 100, 500, 10)).toBe(500);
  });

  it('holds the rate over a second, whatever comes', () => {
    expect(passed(new LossyRate(), 100, 1000, 1)).toBe(109);
    expect(passed(new LossyRate(), 1, 5000, 1)).toBe(5);
  });

  it('saves up no more than a tenth of a second’s worth while nothing comes', () => {
    const rate = new LossyRate();
    passed(rate, 100, 10, 0);
    expect(passed(rate, 100, 1000, 0, 9_000_000)).toBe(10);
  });

  it('is not confused by a clock that is set back', () => {
    const rate = new LossyRate();
    passed(rate, 10, 10, 0, 2000);
    expect(rate.take(10, 1000)).toBe(false);
    expect(rate.take(10, 1100)).toBe(true);
  });

  it('follows a rate that changes', () => {
    const rate = new LossyRate();
    expect(passed(rate, 1000, 1000, 0)).toBe(100);
    expect(passed(rate, 10, 1000, 1, 2_000_000)).toBe(10);
  });
});
