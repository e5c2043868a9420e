import { describe, expect, it } from 'vitest';
import { SenderMarks } from '../../src/core/sender-marks.ts';

describe('SenderMarks', () => {
  it('knows what came before, sender by sender', () => {
    const marks = new SenderMarks();
    expect(marks.claim('a', 3, 0)).toBe('new');
    expect(marks.claim('a', 3, 0)).toBe('duplicate');
    expect(marks.claim('a', 1, 0)).toBe('duplicate');
    expect(marks.claim('b', 1, 0)).toBe('new');
    expect(marks.claim('a', 4, 0)).toBe('new');
  });

  it('refuses again what it refused, until the sender has gone on', () => {
    const marks = new SenderMarks();
    marks.claim('a', 1, 0);
    marks.refuse('a');
    expect(marks.claim('a', 1, 0)).toBe('refused');
    expect(marks.claim('a', 2, 0)).toBe('new');
    expect(marks.claim('a', 2, 0)).toBe('duplicate');
    expect(marks.claim('a', 1, 0)).toBe('duplicate');
    marks.refuse('unknown');
    expect(marks.claim('unknown', 1, 0)).toBe('new');
  });

  it('forgets senders that were last heard before a time', () => {
    const marks = new SenderMarks();
    marks.claim('old', 1, 100);
    marks.claim('new', 1, 100);
    marks.claim('new', 2, 200);
    marks.forget(200, () => false);
    expect(marks.claim('old', 1, 300)).toBe('new');
    expect(marks.claim('new', 2, 300)).toBe('duplicate');
  });

  it('forgets sessions that are over, however lately they were heard', () => {
    const marks = new SenderMarks();
    marks.claim('over', 1, 100);
    marks.claim('alive', 1, 100);
    marks.forget(0, (sender) => sender === 'over');
    expect(marks.save().map(({ sender }) => sender)).toEqual(['alive']);
  });
});
