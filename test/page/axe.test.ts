import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import type { AxeResults, RunOptions } from 'axe-core';
import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { chromiumPath } from '../browser/chromium.ts';
import { STATES } from './screenshots/states.ts';
import { Theatre } from './screenshots/theatre.ts';

/** `npm run test:page` looks at every state, four times; of `npm test` one of each kind of layout, twice, is the share. */
const WHOLE = process.env['MODE'] === 'whole';
const SHARE = ['before-preview', 'room-full', 'screens', 'failed', 'chat', 'people', 'settings'];
const states = STATES.filter(({ name }) => WHOLE || SHARE.includes(name));
const LOOKS = [
  { width: 360, height: 740, colorScheme: 'light' },
  { width: 1280, height: 800, colorScheme: 'dark' },
  { width: 1280, height: 800, colorScheme: 'light' },
  { width: 360, height: 740, colorScheme: 'dark' },
] as const;
const looks = WHOLE ? LOOKS : LOOKS.slice(0, 2);

describe.skipIf(chromiumPath() === undefined)('axe', () => {
  let theatre: Theatre;
  let source: string;

  beforeAll(async () => {
    source = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
    theatre = await Theatre.open();
  });
  afterEach(() => theatre.clean());
  afterAll(() => theatre?.close());

  it.each(states)('finds nothing: $name', { timeout: 90_000 }, async (state) => {
    const page = await state.show(theatre);
    const shown = state.frame === undefined ? page : page.frameLocator(state.frame);
    for (const { colorScheme, ...size } of looks) {
      await page.setViewportSize(size);
      await page.emulateMedia({ colorScheme });
      await state.again?.(page, theatre);
      await shown.locator(state.proof).first().waitFor({ state: 'visible' });
      // Colours on their way to others are neither.
      await page.waitForFunction(
        () => document.getAnimations().every((animation) => !(animation instanceof CSSTransition)),
        undefined,
        { polling: 50 },
      );
      expect(await problems(page, source), `${size.width} px, ${colorScheme}`).toEqual([]);
    }
  });
});

/** Problems of whatever weight, each as its rule and where. */
async function problems(page: Page, source: string): Promise<readonly string[]> {
  for (const frame of page.frames()) await frame.evaluate(source);
  const { violations } = await page.evaluate(
    (options: RunOptions) => {
      const { axe } = window as unknown as { axe: { run(options: RunOptions): Promise<AxeResults> } };
      return axe.run(options);
    },
    { resultTypes: ['violations'] } satisfies RunOptions,
  );
  return violations.flatMap(({ id, nodes }) =>
    nodes.map(({ target, failureSummary }) => `${id}: ${target.join(' ')}: ${failureSummary}`),
  );
}
