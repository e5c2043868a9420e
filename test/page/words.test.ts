import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { transformSync } from 'esbuild';
import { describe, expect, it } from 'vitest';
import { en } from '../../web/words/en.ts';
import { zh } from '../../web/words/zh.ts';

const VIEWS = join(import.meta.dirname, '../../web/views');
/** Alike in both languages: a name. */
const ALIKE = ['.product'];
/** Nothing but what is put in: who said it, and what. */
const FILLED = ['.notes.said'];

/** Every entry by its path: a sentence, or the sentence that comes of placeholders. */
function entries(words: object): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  const walk = (value: unknown, path: string): void => {
    if (typeof value === 'string') found.set(path, value);
    else if (typeof value === 'function') found.set(path, String(value('camera', '1', '2')));
    else for (const [key, inner] of Object.entries(value as object)) walk(inner, `${path}.${key}`);
  };
  walk(words, '');
  return found;
}

describe('the words of the page', () => {
  it('are the same ones in English and in Chinese', () => {
    expect([...entries(zh).keys()]).toEqual([...entries(en).keys()]);
  });

  it('are translated, but for names', () => {
    const chinese = entries(zh);
    const same = [...entries(en)].filter(([path, sentence]) => chinese.get(path) === sentence);
    expect(same.map(([path]) => path)).toEqual(ALIKE);
    for (const [path, sentence] of chinese) {
      if (![...ALIKE, ...FILLED].includes(path)) expect(sentence, path).toMatch(/\p{Script=Han}/u);
    }
  });

  it('are nowhere in the views themselves', async () => {
    const files = (await readdir(VIEWS)).filter((name) => name.endsWith('.tsx'));
    expect(files.length).toBeGreaterThan(20);
    const found: string[] = [];
    for (const file of files) {
      for (const text of hardCoded(await readFile(join(VIEWS, file), 'utf8'))) found.push(`${file}: ${text}`);
    }
    expect(found).toEqual([]);
  });

  it('would be found in a view', () => {
    expect(hardCoded('<p class="x">Join now</p>')).toEqual(['Join now']);
    expect(hardCoded('<button\n  aria-label="Close"\n/>')).toEqual(['Close']);
    expect(hardCoded('<b>{words.join}: soon</b>')).toEqual([': soon']);
    expect(hardCoded('const a = useRef<HTMLElement>(null); if (a < b) return list.map((x) => x.y);')).toEqual(
      [],
    );
  });
});

/** Texts and attributes that are read, where they are letters instead of an expression. */
function hardCoded(source: string): readonly string[] {
  // Without types and comments, angle brackets are those of elements, but for a comparison.
  const { code } = transformSync(source, {
    loader: 'tsx',
    jsx: 'preserve',
    legalComments: 'none',
    charset: 'utf8',
  });
  const texts = [...code.matchAll(/[>}]([^<>{}]*)[<{]/g)]
    .map(([, text = '']) => text.trim())
    .filter((text) => /\p{L}{2}/u.test(text) && !/[=;()`?&|]|^,|^(else|catch|finally)\b/.test(text));
  const attributes = [...code.matchAll(/\b(?:aria-label|title|alt|placeholder|label)="([^"]*\p{L}[^"]*)"/gu)];
  return [...texts, ...attributes.map(([, text = '']) => text)];
}
