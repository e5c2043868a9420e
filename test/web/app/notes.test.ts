import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Notes } from '../../../web/app/notes.ts';
import { en } from '../../../web/words/en.ts';

const texts = (notes: Notes) => notes.list.value.map(({ say }) => say(en));

describe('notes', () => {
  beforeEach(() => vi.useFakeTimers());
  afterEach(() => vi.useRealTimers());

  it('are shown for five seconds, three at a time', () => {
    const notes = new Notes();
    for (const name of ['Ada', 'Bo', 'Cy', 'Di']) notes.add((words) => words.notes.joined(name));
    expect(texts(notes)).toEqual(['Bo joined', 'Cy joined', 'Di joined']);
    vi.advanceTimersByTime(5_000);
    expect(texts(notes)).toEqual([]);
  });

  it('of a chat go when the chat is opened, others stay', () => {
    const notes = new Notes();
    notes.add(() => 'said', 'chat');
    notes.add(() => 'joined');
    notes.opened(undefined);
    expect(texts(notes)).toEqual(['said', 'joined']);
    notes.opened('chat');
    expect(texts(notes)).toEqual(['joined']);
  });

  it('of problems stay until they are cleared', () => {
    const notes = new Notes();
    notes.fail(() => 'no camera');
    vi.advanceTimersByTime(60_000);
    expect(notes.problem.value?.say(en)).toBe('no camera');
    notes.clear();
    expect(notes.problem.value).toBeUndefined();
  });
});
