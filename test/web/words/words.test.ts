import { describe, expect, it } from 'vitest';
import { allReasons, SignalboxError } from '../../../src/client/index.ts';
import { explain, explainRefusal, isolate } from '../../../web/app/sentences.ts';
import type { Refusal } from '../../../web/model/refusal.ts';
import { en } from '../../../web/words/en.ts';
import { pseudo } from '../../../web/words/pseudo.ts';
import type { Words } from '../../../web/words/words.ts';
import { zh } from '../../../web/words/zh.ts';

const LANGUAGES = { en, zh };

/** Every sentence by its path; those with names in them are filled in. */
function sentences(words: Words): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  const walk = (value: unknown, path: string): void => {
    if (typeof value === 'string') found.set(path, value);
    else if (typeof value === 'function') walk(value('camera', 'a', 'b'), path);
    else for (const [key, inner] of Object.entries(value as object)) walk(inner, `${path}.${key}`);
  };
  walk(words, '');
  return found;
}

describe.each(Object.entries(LANGUAGES))('the words in %s', (_name, words) => {
  it('have a sentence of their own for every reason of the schema', () => {
    expect(Object.keys(words.reasons).sort()).toEqual([...allReasons].sort());
    for (const reason of allReasons) expect(words.reasons[reason]).toMatch(/[.。]$/);
  });

  it('leave no sentence empty', () => {
    for (const [path, sentence] of sentences(words)) expect(sentence.trim(), path).not.toBe('');
  });

  it('explain every refusal of a device, and say how it is allowed', () => {
    const refusals: readonly Refusal[] = [
      { why: 'denied', by: 'site', browser: 'firefox' },
      { why: 'denied', by: 'system', browser: 'safari' },
      { why: 'dismissed', browser: 'chrome' },
      { why: 'none' },
      { why: 'busy' },
      { why: 'insecure', https: 'https://call.example/' },
      { why: 'policy' },
      { why: 'unsupported' },
      { why: 'unknown', detail: 'x' },
    ];
    const said = refusals.map((refusal) => explainRefusal(refusal, 'camera', words));
    expect(new Set(said).size).toBe(refusals.length);
    for (const sentence of said) expect(sentence).toContain(words.refusal.wanted.camera);
    expect(said[0]).toContain(words.refusal.allow.firefox);
    expect(said[5]).toContain('https://call.example/');
  });

  it('explain an error of the SDK by its reason, and any other in general', () => {
    const full = new SignalboxError({ reason: 'room_full', detail: 'for developers' });
    expect(explain(full, words)).toBe(words.reasons.room_full);
    expect(explain(new Error('ECONNRESET'), words)).toBe(words.failed);
  });
});

it('Chinese has every sentence of English, and none of them in English', () => {
  const [english, chinese] = [sentences(en), sentences(zh)];
  expect([...chinese.keys()]).toEqual([...english.keys()]);
  for (const [path, sentence] of chinese) {
    if (path !== '.product') expect(sentence, path).not.toBe(english.get(path));
  }
});

it('the pseudo language turns every sentence, those with names in them too', () => {
  for (const [path, sentence] of sentences(pseudo(en))) expect(sentence, path).toMatch(/^\u202e.*\u202c$/su);
});

it('a name is isolated from the text around it', () => {
  expect(en.notes.joined(isolate('עדה'))).toBe('\u2068עדה\u2069 joined');
});
