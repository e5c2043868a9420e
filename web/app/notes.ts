import type { ReadonlySignal } from '@preact/signals';
import { signal } from '@preact/signals';
import type { Words } from '../words/words.ts';

/** What is said, in whatever language the page speaks at the moment. */
export type Say = (words: Words) => string;

/** Something that is shown for a while, and said aloud. */
export interface Note {
  readonly id: number;
  readonly say: Say;
  /** The panel that has more of it. */
  readonly opens: 'chat' | 'people' | undefined;
}

/** Something that did not work: stays until it is dismissed or works. */
export interface Problem {
  readonly say: Say;
  /** What can be done about it in one click. */
  readonly retry: (() => void) | undefined;
}

const SHOWN_MS = 5_000;
const MOST = 3;

/** What the page has to say by itself. */
export class Notes {
  readonly #list = signal<readonly Note[]>([]);
  readonly #problem = signal<Problem | undefined>(undefined);
  #last = 0;

  get list(): ReadonlySignal<readonly Note[]> {
    return this.#list;
  }

  get problem(): ReadonlySignal<Problem | undefined> {
    return this.#problem;
  }

  add(say: Say, opens?: Note['opens']): void {
    this.#last += 1;
    const note = { id: this.#last, say, opens };
    this.#list.value = [...this.#list.peek(), note].slice(-MOST);
    setTimeout(() => this.dismiss(note.id), SHOWN_MS);
  }

  /** What a panel shows by itself. */
  opened(panel: 'chat' | 'people' | 'details' | undefined): void {
    this.#list.value = this.#list.peek().filter((note) => note.opens === undefined || note.opens !== panel);
  }

  dismiss(id: number): void {
    this.#list.value = this.#list.peek().filter((note) => note.id !== id);
  }

  fail(say: Say, retry?: () => void): void {
    this.#problem.value = { say, retry };
  }

  clear(): void {
    this.#problem.value = undefined;
  }
}
