import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { CandidateBatch } from '../../../src/client/mesh/candidate-batch.ts';

describe('local candidates', () => {
  const sent: string[] = [];
  let batch: CandidateBatch;

  beforeEach(() => {
    vi.useFakeTimers();
    sent.length = 0;
    batch = new CandidateBatch((candidates, end) => {
      sent.push(candidates.map(({ candidate }) => candidate).join() + (end ? '.' : ''));
    });
  });
  afterEach(() => {
    batch.close();
    expect(vi.getTimerCount()).toBe(0);
    vi.useRealTimers();
  });

  it('leave at once, and those of the next 20 ms together', () => {
    batch.release();
    for (const candidate of ['a', 'b', 'c']) batch.add({ candidate });
    expect(sent).toEqual(['a']);
    vi.advanceTimersByTime(19);
    expect(sent).toEqual(['a']);
    vi.advanceTimersByTime(1);
    expect(sent).toEqual(['a', 'b,c']);
    batch.add({ candidate: 'd' });
    batch.end();
    vi.advanceTimersByTime(20);
    expect(sent).toEqual(['a', 'b,c', 'd.']);
    vi.advanceTimersByTime(20);
    batch.add({ candidate: 'e' });
    expect(sent).toEqual(['a', 'b,c', 'd.', 'e']);
  });

  it('wait for their description', () => {
    batch.add({ candidate: 'a' });
    batch.add({ candidate: 'b' });
    batch.end();
    vi.advanceTimersByTime(1_000);
    expect(sent).toEqual([]);
    batch.release();
    expect(sent).toEqual(['a,b.']);
  });
});
