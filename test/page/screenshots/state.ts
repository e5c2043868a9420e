import type { Page } from 'playwright-core';
import type { Theatre } from './theatre.ts';

/** One state of the page, and how it is brought about. */
export interface State {
  /** Of its files; lower case with hyphens. */
  readonly name: string;
  /** What is to be seen, in a few words. */
  readonly title: string;
  /** What must be visible, or the state is not shown. */
  readonly proof: string;
  show(theatre: Theatre): Promise<Page>;
  /** Before each picture: what would be gone by then. */
  again?(page: Page, theatre: Theatre): Promise<unknown>;
  /** Proof in a frame of the page. */
  readonly frame?: string;
}
