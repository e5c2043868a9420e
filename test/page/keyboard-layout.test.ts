import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { chromiumPath } from '../browser/chromium.ts';
import { callWith } from './screenshots/call-states.ts';
import { STATES } from './screenshots/states.ts';
import { Theatre } from './screenshots/theatre.ts';

/** The smallest, the largest, and both sides of where the layout changes. */
const WIDTHS = [320, 360, 559, 719, 720, 859, 860, 899, 900, 1280, 1799, 2560];
/** For what lies over or beside the rest. */
const FEWER = [320, 360, 719, 900, 2560];
const SMALLEST = 44;

describe.skipIf(chromiumPath() === undefined)('the layout', { timeout: 90_000 }, () => {
  let theatre: Theatre;

  beforeAll(async () => {
    theatre = await Theatre.open();
  });
  afterEach(() => theatre.clean());
  afterAll(() => theatre?.close());

  it(`has targets of ${SMALLEST} px, and fits from 320 to 2560 px, before a call, in it and after it`, async () => {
    const { page } = await callWith(theatre, 2, { moderate: true });
    await theatre.others('say', 'Bo', `Look: https://example.org/${'long'.repeat(60)}`);
    await theatre.others('raiseHand', 'Bo', true);
    await fits(page, 'call');
    await page.setViewportSize({ width: 360, height: 740 });
    for (const panel of ['#chat-toggle', '.people-button']) {
      await page.click(panel);
      await fits(page, panel, FEWER);
      await page.keyboard.press('Escape');
    }
    for (const item of ['#more-details', '#more-settings', '#more-invite']) {
      await page.click('#more');
      await fits(page, '#more', FEWER);
      await page.click(item);
      await fits(page, item, FEWER);
      await page.keyboard.press('Escape');
    }
    await page.click('#leave');
    await fits(page, 'after');
    await page.click('#back');
    await page.click('#preview-on');
    await page.click('.more-devices summary');
    await fits(page, 'before');
  });

  it('holds names that are long or run from right to left', async () => {
    const page = await STATES.find(({ name }) => name === 'names')?.show(theatre);
    if (page === undefined) throw new Error('there is no such state');
    for (const width of [320, 768, 1280]) {
      await page.setViewportSize({ width, height: 700 });
      // Tiles glide to where they belong.
      await expect.poll(() => outside(page), { timeout: 10_000 }).toEqual([]);
    }
    // A name does not turn the text around it.
    await page.click('.people-button');
    const isolated = await page.$$eval('#roster bdi', (names) =>
      names.map((name) => getComputedStyle(name).unicodeBidi),
    );
    expect(isolated).toEqual(['isolate', 'isolate', 'isolate', 'isolate']);
    expect(await overflow(page)).toBe(false);
  });

  it('moves nothing for who wants no motion', async () => {
    const room = theatre.room();
    const page = await theatre.visit({ room });
    await page.emulateMedia({ reducedMotion: 'reduce' });
    await page.route('**/dev/token*', async (route) => {
      await new Promise((resolve) => setTimeout(resolve, 500));
      await route.continue();
    });
    await page.click('#join-without');
    await page.waitForSelector('.waiting-mark');
    expect(await moving(page)).toEqual([]);
    await page.waitForSelector('#call');
    await theatre.come(room, 'Bo');
    await page.waitForSelector('.note');
    expect(await moving(page)).toEqual([]);
    await theatre.others('react', 'Bo', 'love', 2);
    await page.waitForSelector('.float-up');
    await page.click('#more');
    expect(await moving(page)).toEqual([]);
  });

  it('moves no tile when somebody speaks', async () => {
    const { page } = await callWith(theatre, 3);
    await settled(page);
    const before = await places(page);
    for (const name of ['Bo', 'Dana']) {
      await theatre.others('talk', name, true);
      await page.waitForSelector(`.tile.speaking[data-name=${name}]`);
      expect(await places(page)).toEqual(before);
      await theatre.others('talk', name, false);
      await page.waitForSelector(`.tile.speaking[data-name=${name}]`, { state: 'detached' });
      expect(await places(page)).toEqual(before);
    }
  });
});

/** At every width nothing is beside the window; on a phone everything is large enough to be hit. */
async function fits(page: Page, what: string, widths = WIDTHS): Promise<void> {
  const { width: before = 1280, height = 800 } = page.viewportSize() ?? {};
  for (const width of widths) {
    await page.setViewportSize({ width, height: 740 });
    expect(await overflow(page), `${what} at ${width} px`).toBe(false);
    if (width <= 360) expect(await small(page), `${what} at ${width} px`).toEqual([]);
  }
  await page.setViewportSize({ width: before, height });
}

function overflow(page: Page): Promise<boolean> {
  return page.evaluate(() => {
    const wide = [...document.querySelectorAll('dialog, .panel, .call-head, .controls')].some(
      (part) => part.scrollWidth > part.clientWidth + 1,
    );
    return wide || document.documentElement.scrollWidth > innerWidth;
  });
}

/** What can be clicked and is smaller than a finger needs; links in a text may be. */
function small(page: Page): Promise<readonly string[]> {
  return page.$$eval(
    'button, summary, select, input:not([type=hidden]), textarea',
    (controls, smallest) =>
      controls
        .filter((control) => control.checkVisibility({ visibilityProperty: true }))
        .flatMap((control) => {
          const { width, height } = control.getBoundingClientRect();
          const tight = Math.min(width, height) < smallest - 0.5;
          return tight ? [`${control.id || control.className}: ${width} × ${height}`] : [];
        }),
    SMALLEST,
  );
}

/** Animations that are still there after they should be over. */
async function moving(page: Page): Promise<readonly string[]> {
  await page.waitForTimeout(60);
  return page.evaluate(() =>
    document
      .getAnimations()
      .filter(({ playState }) => playState === 'running')
      .map((animation) => (animation as CSSAnimation).animationName ?? 'transition'),
  );
}

/** Tiles beside the room of tiles, and names beside their tiles. */
function outside(page: Page): Promise<readonly string[]> {
  return page.$$eval('.tile:not([hidden])', (tiles) => {
    const room = document.querySelector('#tiles')?.getBoundingClientRect();
    const within = (inner: DOMRect, outer: DOMRect | undefined) =>
      outer !== undefined && inner.left >= outer.left - 1 && inner.right <= outer.right + 1;
    return tiles
      .flatMap((tile) => {
        const box = tile.getBoundingClientRect();
        const names = [...tile.querySelectorAll('.name, .caption')];
        return [
          within(box, room) ? '' : `tile ${tile.dataset['name']}`,
          ...names.map((name) => (within(name.getBoundingClientRect(), box) ? '' : name.outerHTML)),
        ];
      })
      .filter((text) => text !== '');
  });
}

function settled(page: Page): Promise<unknown> {
  return page.waitForFunction(() =>
    document.getAnimations().every(({ playState }) => playState !== 'running'),
  );
}

function places(page: Page): Promise<readonly (readonly number[])[]> {
  return page.$$eval('.tile', (tiles) =>
    tiles.map((tile) => {
      const { x, y, width, height } = tile.getBoundingClientRect();
      return [x, y, width, height];
    }),
  );
}
