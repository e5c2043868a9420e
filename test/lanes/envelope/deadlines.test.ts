import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Deadlines } from '../../../src/lanes/envelope/deadlines.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

describe('deadlines of calls', () => {
  test('each call is told once, when its own time has passed, and not if it was over before', () => {
    const late: string[] = [];
    const deadlines = new Deadlines<string>(1000, (call) => late.push(call));
    deadlines.add('a');
    vi.advanceTimersByTime(400);
    deadlines.add('b');
    deadlines.add('c');
    vi.advanceTimersByTime(599);
    expect(late).toEqual([]);
    deadlines.delete('b');
    vi.advanceTimersByTime(1);
    expect(late).toEqual(['a']);
    vi.advanceTimersByTime(399);
    expect(late).toEqual(['a']);
    vi.advanceTimersByTime(1);
    expect(late).toEqual(['a', 'c']);
    vi.advanceTimersByTime(5000);
    expect(late).toEqual(['a', 'c']);
  });

  test('a call that comes when all others are over has all of its time', () => {
    const late: string[] = [];
    const deadlines = new Deadlines<string>(1000, (call) => late.push(call));
    deadlines.add('a');
    deadlines.delete('a');
    vi.advanceTimersByTime(900);
    deadlines.add('b');
    vi.advanceTimersByTime(999);
    expect(late).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(late).toEqual(['b']);
    expect(vi.getTimerCount()).toBe(0);
  });

  test('a call may be added while another is told', () => {
    const late: string[] = [];
    const deadlines = new Deadlines<string>(1000, (call) => {
      late.push(call);
      if (call === 'a') deadlines.add('b');
    });
    deadlines.add('a');
    vi.advanceTimersByTime(1000);
    expect(late).toEqual(['a']);
    vi.advanceTimersByTime(1000);
    expect(late).toEqual(['a', 'b']);
  });
});
