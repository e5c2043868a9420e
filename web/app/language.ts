import { signal } from '@preact/signals';
import { en } from '../words/en.ts';
import { pseudo } from '../words/pseudo.ts';
import type { Words } from '../words/words.ts';
import { zh } from '../words/zh.ts';

/** A language of the page. 'rtl' is English as if it were written from the right, to check the layout with. */
export type LanguageName = 'en' | 'zh' | 'rtl';

export interface Language {
  readonly name: LanguageName;
  /** For `lang` (BCP 47). */
  readonly tag: string;
  readonly direction: 'ltr' | 'rtl';
  readonly words: Words;
  /** As those who speak it call it. */
  readonly label: string;
}

const LANGUAGES: Readonly<Record<LanguageName, Language>> = {
  en: { name: 'en', tag: 'en', direction: 'ltr', words: en, label: 'English' },
  zh: { name: 'zh', tag: 'zh-Hans', direction: 'ltr', words: zh, label: '中文' },
  rtl: { name: 'rtl', tag: 'en-x-rtl', direction: 'rtl', words: pseudo(en), label: 'Pseudo (right to left)' },
};
const STORED = 'signalbox.language';

/** Those that one may choose. */
export const offered: readonly Language[] = [LANGUAGES.en, LANGUAGES.zh];

export const language = signal<Language>(LANGUAGES.en);

/** Chooses by the address, else by what was chosen before, else by what the browser prefers; English where none fits. */
export function initLanguage(asked: string): void {
  const wishes = [asked, stored(), ...navigator.languages];
  const found = wishes.flatMap((tag) => known(tag) ?? [])[0];
  language.value = found ?? LANGUAGES.en;
}

export function chooseLanguage(name: string): void {
  const chosen = known(name);
  if (chosen === undefined) return;
  language.value = chosen;
  try {
    localStorage.setItem(STORED, name);
  } catch {
    // A browser that keeps nothing asks again.
  }
}

function known(tag: string): Language | undefined {
  const name = tag.toLowerCase().split('-')[0] ?? '';
  return name in LANGUAGES ? LANGUAGES[name as LanguageName] : undefined;
}

function stored(): string {
  try {
    return localStorage.getItem(STORED) ?? '';
  } catch {
    return '';
  }
}
