import { describe, expect, it } from 'vitest';
import { OffsetLog } from '../../src/core/offset-log.ts';

function logOf(count: number): OffsetLog<{ size: number; value: number }> {
  const log = new OffsetLog<{ size: number; value: number }>();
  for (let value = 1; value <= count; value += 1) log.append({ size: 10, value });
  return log;
}

describe('OffsetLog', () => {
  it('numbers entries from 1 and finds them by number', () => {
    const log = logOf(3);
    expect([log.lo, log.hi, log.length, log.bytes]).toEqual([0, 3, 3, 30]);
    expect([1, 2, 3].map((number) => log.at(number)?.value)).toEqual([1, 2, 3]);
    expect(log.at(0)).toBeUndefined();
    expect(log.at(4)).toBeUndefined();
  });

  it('keeps its numbers when its front is trimmed, and goes on behind them when it is empty', () => {
    const log = logOf(3);
    log.trim(2);
    expect([log.lo, log.hi, log.bytes]).toEqual([2, 3, 10]);
    expect([log.at(2), log.at(3)?.value]).toEqual([undefined, 3]);
    log.trim(3);
    expect([log.lo, log.hi, log.bytes]).toEqual([3, 3, 0]);
    expect(log.append({ size: 1, value: 4 })).toBe(4);
    expect(log.at(4)?.value).toBe(4);
  });

  it('hands over what it drops, oldest first, each once', () => {
    const log = logOf(4);
    const dropped: [number, number][] = [];
    log.trim(2, ({ value }, number) => dropped.push([value, number]));
    log.trim(2, ({ value }, number) => dropped.push([value, number]));
    log.trim(3, ({ value }, number) => dropped.push([value, number]));
    expect(dropped).toEqual([
      [1, 1],
      [2, 2],
      [3, 3],
    ]);
  });

  it('never trims beyond its end: numbers that were not given are given later', () => {
    const log = logOf(2);
    log.trim(1000);
    expect(log.append({ size: 1, value: 3 })).toBe(3);
    expect(log.at(3)?.value).toBe(3);
  });

  it('stays right over many appends and trims, while it lets go of its front', () => {
    const log = logOf(0);
    for (let value = 1; value <= 10_000; value += 1) {
      log.append({ size: 1, value });
      if (value % 7 === 0) log.trim(value - 5);
    }
    expect(log.hi).toBe(10_000);
    for (let number = log.lo + 1; number <= log.hi; number += 1) expect(log.at(number)?.value).toBe(number);
    expect(log.bytes).toBe(log.length);
  });
});
