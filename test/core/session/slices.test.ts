import { describe, expect, it } from 'vitest';
import { Pace } from '../../../src/core/session/pace.ts';
import { Slices } from '../../../src/core/session/slices.ts';
import { VirtualClock } from '../../helpers/virtual-clock.ts';

/** What takes so long, in milliseconds. */
function working(clock: VirtualClock, costMs: number) {
  const done: number[] = [];
  const work = (item: number) => {
    done.push(item);
    clock.moveTo(clock.now() + costMs);
  };
  return { done, slices: new Slices(clock, work) };
}

describe('work in slices', () => {
  it('goes on for two milliseconds a tick, in the order in which it was asked for', () => {
    const clock = new VirtualClock();
    const { done, slices } = working(clock, 1);
    for (let item = 0; item < 5; item += 1) slices.add(item);
    const counts: number[] = [];
    while (clock.hasSoon) {
      clock.tick();
      counts.push(done.length);
    }
    expect(counts).toEqual([2, 4, 5]);
    expect(done).toEqual(Array.from({ length: 5 }, (_, index) => index));
  });

  it('does at least one piece a tick, however long it takes', () => {
    const clock = new VirtualClock();
    const { done, slices } = working(clock, 100);
    slices.add(1);
    slices.add(2);
    clock.tick();
    expect(done).toEqual([1]);
    clock.tick();
    expect(done).toEqual([1, 2]);
  });

  it('does once what was asked for twice, and not what was taken back', () => {
    const clock = new VirtualClock();
    const { done, slices } = working(clock, 0);
    for (const item of [1, 2, 1, 3]) slices.add(item);
    slices.delete(2);
    clock.tick();
    expect(done).toEqual([1, 3]);
    expect(clock.hasSoon).toBe(false);
  });
});

describe('the pace of openings', () => {
  it('lets sixteen begin in a tick, and each of the others in its turn', async () => {
    const clock = new VirtualClock();
    const pace = new Pace(clock);
    const begun: number[] = [];
    for (let index = 0; index < 40; index += 1) {
      const turn = pace.take();
      if (turn === undefined) begun.push(index);
      else turn.then(() => begun.push(index));
    }
    const counts = [begun.length];
    while (clock.hasSoon) {
      clock.tick();
      await Promise.resolve();
      counts.push(begun.length);
    }
    expect(counts).toEqual([16, 32, 40, 40]);
    expect(begun).toEqual(Array.from({ length: 40 }, (_, index) => index));
    expect(pace.take()).toBe(undefined);
  });

  it('lets nobody overtake those who wait', async () => {
    const clock = new VirtualClock();
    const pace = new Pace(clock);
    for (let index = 0; index < 16; index += 1) pace.take();
    const begun: string[] = [];
    pace.take()?.then(() => begun.push('first'));
    pace.take()?.then(() => begun.push('second'));
    clock.tick();
    // In the same tick, behind them.
    expect(pace.take()).toBe(undefined);
    await Promise.resolve();
    expect(begun).toEqual(['first', 'second']);
  });
});
