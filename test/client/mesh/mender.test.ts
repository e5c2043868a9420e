import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Patient } from '../../../src/client/mesh/mender.ts';
import { Mender } from '../../../src/client/mesh/mender.ts';

describe('mending a connection', () => {
  const done: string[] = [];
  let patient: Patient;
  let [isWell, isMendable] = [false, true];
  let mender: Mender;

  beforeEach(() => {
    vi.useFakeTimers();
    done.length = 0;
    [isWell, isMendable] = [false, true];
    patient = {
      isWell: () => isWell,
      isMendable: () => isMendable,
      restartIce: () => done.push('restart'),
      renew: () => done.push('renew'),
      timedOut: () => done.push('timed out'),
    };
    mender = new Mender(patient);
  });
  afterEach(() => {
    mender.pause();
    expect(vi.getTimerCount()).toBe(0);
    vi.useRealTimers();
  });

  it('restarts ICE at once and again after 5 s, then makes a new connection', () => {
    mender.mend();
    mender.mend();
    vi.advanceTimersByTime(0);
    expect(done).toEqual(['restart']);
    vi.advanceTimersByTime(4_999);
    expect(done).toEqual(['restart']);
    vi.advanceTimersByTime(1);
    expect(done).toEqual(['restart', 'restart']);
    vi.advanceTimersByTime(10_000);
    expect(done).toEqual(['restart', 'restart', 'renew']);
    vi.advanceTimersByTime(60_000);
    expect(done).toHaveLength(3);
  });

  it('ends when the connection is back, and begins from the start the next time', () => {
    mender.mend();
    vi.advanceTimersByTime(0);
    isWell = true;
    mender.healed();
    vi.advanceTimersByTime(60_000);
    expect(done).toEqual(['restart']);
    isWell = false;
    mender.mend();
    vi.advanceTimersByTime(0);
    expect(done).toEqual(['restart', 'restart']);
  });

  it('makes a new connection at once where no restart can help', () => {
    isMendable = false;
    mender.mend();
    vi.advanceTimersByTime(0);
    expect(done).toEqual(['renew']);
  });

  it('calls it failed when nothing came of 30 s', () => {
    mender.watch();
    vi.advanceTimersByTime(29_999);
    expect(done).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(done).toEqual(['timed out']);
    isWell = true;
    mender.watch();
    vi.advanceTimersByTime(30_000);
    expect(done).toEqual(['timed out']);
  });
});
