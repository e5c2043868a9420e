import { describe, expect, it } from 'vitest';
import { pace } from '../../src/load/pacer.ts';
import { seededRandom } from '../../src/load/random.ts';
import { Schedule } from '../../src/load/schedule.ts';

function moments(seed: number, rate: number, until: number): number[] {
  const schedule = new Schedule({ rate, random: seededRandom(seed), from: 0, until });
  const dues: number[] = [];
  for (let { due } = schedule; due !== undefined; { due } = schedule) {
    dues.push(due);
    schedule.advance();
  }
  return dues;
}

describe('a schedule', () => {
  it('has the same moments from the same seed, and others from another', () => {
    expect(moments(7, 100, 1_000)).toEqual(moments(7, 100, 1_000));
    expect(moments(8, 100, 1_000)).not.toEqual(moments(7, 100, 1_000));
  });

  it('has the rate that is asked for, at random moments: as many gaps above their mean as Poisson has', () => {
    const dues = moments(1, 1_000, 20_000);
    expect(Math.abs(dues.length - 20_000)).toBeLessThan(4 * Math.sqrt(20_000));
    const gaps = dues.slice(1).map((due, index) => due - (dues[index] ?? 0));
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(0);
    const above = gaps.filter((gap) => gap > 1).length / gaps.length;
    expect(above).toBeCloseTo(Math.exp(-1), 1);
  });

  it('is not slowed down by what takes long: what was due meanwhile is due as it was', async () => {
    const clock = { time: 0 };
    const schedule = new Schedule({ rate: 100, random: seededRandom(3), from: 0, until: 200 });
    const acted: number[] = [];
    const act = (due: number) => {
      acted.push(due);
      // The process was away for half of the run.
      if (acted.length === 1) clock.time += 100;
    };
    const advance = () => {
      clock.time += 1;
      return clock.time;
    };
    await pace(schedule, act, new AbortController().signal, advance);
    expect(acted).toEqual(moments(3, 100, 200));
  });

  it('ends when it is stopped', async () => {
    const stop = new AbortController();
    const schedule = new Schedule({ rate: 100, random: seededRandom(3), from: 0, until: 1e9 });
    let acted = 0;
    const act = () => {
      acted += 1;
      stop.abort();
    };
    await pace(schedule, act, stop.signal, () => 50_000);
    expect(acted).toBeGreaterThan(0);
  });
});
