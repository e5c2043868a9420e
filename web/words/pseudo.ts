import type { Words } from './words.ts';

/** The words as a language from the right would show them: each in a right-to-left override (UAX 9). */
export function pseudo(words: Words): Words {
  return turned(words) as Words;
}

function turned(value: unknown): unknown {
  if (typeof value === 'string') return `\u202e${value}\u202c`;
  if (typeof value === 'function') return (...given: readonly unknown[]) => turned(value(...given));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, turned(inner)]));
}
