import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { chromiumPath } from '../browser/chromium.ts';
import { Theatre } from './screenshots/theatre.ts';

/** More than the page has to stop at. */
const MOST_STOPS = 60;

describe.skipIf(chromiumPath() === undefined)('by keyboard', { timeout: 90_000 }, () => {
  let theatre: Theatre;

  beforeAll(async () => {
    theatre = await Theatre.open();
  });
  afterEach(() => theatre.clean());
  afterAll(() => theatre?.close());

  it('one joins, uses every control, leaves and is back', async () => {
    const room = theatre.room();
    const page = await theatre.visit({ room: '', name: '', moderate: true });
    await page.keyboard.type('Ada');
    await pressOn(page, '#room', 'Control+a');
    await page.keyboard.type(room);
    await pressOn(page, '#wish-camera', 'Space');
    await page.waitForSelector('#wish-camera[data-state=off]');
    await pressOn(page, '#join-with', 'Enter');
    await page.waitForSelector('#call');
    await focusOn(page, 'call-title');
    await theatre.come(room, 'Bo');
    await page.waitForSelector('.tile[data-name=Bo][data-state=connected]');

    await pressOn(page, '#microphone', 'Enter');
    await page.waitForSelector('#microphone[data-state=muted]');
    await pressOn(page, '#camera', 'Space');
    await page.waitForSelector('#camera[data-state=on]');
    await pressOn(page, '#screen', 'Enter');
    await page.waitForSelector('.tile.own.screen');
    await page.keyboard.press('Enter');
    await page.waitForSelector('.tile.own.screen', { state: 'detached' });
    await pressOn(page, '#hand', 'Enter');
    await page.waitForSelector('#hand[data-state=active]');
    await pressOn(page, '#move-own', 'ArrowUp');
    await page.waitForFunction(() => {
      const own = document.querySelector('.tile.own')?.getBoundingClientRect().top ?? 0;
      return own < innerHeight / 3;
    });

    await pressOn(page, '#react', 'Enter');
    await staysIn(page, '#reactions-menu');
    await pressOn(page, '.reaction[data-reaction=love]', 'Enter');
    await page.waitForSelector('.float-up');
    await page.keyboard.press('Escape');
    await page.waitForSelector('#reactions-menu', { state: 'detached' });
    await focusOn(page, 'react');

    await pressOn(page, '#chat-toggle', 'Enter');
    await focusOn(page, 'chat-text');
    // Letters are what is written, not shortcuts.
    await page.keyboard.type('much chat, vivid');
    await page.keyboard.press('Enter');
    await page.waitForSelector('.message.own[data-state=sent]');
    await page.waitForSelector('#microphone[data-state=muted]');
    await page.keyboard.press('Escape');
    await page.waitForSelector('#chat', { state: 'detached' });
    await focusOn(page, 'chat-toggle');

    await pressOn(page, '#more', 'Enter');
    await staysIn(page, '#more-menu');
    await pressOn(page, '#more-details', 'Enter');
    await page.waitForSelector('.peer-facts[data-name=Bo]');
    expect(await page.evaluate(() => document.activeElement?.closest('#details') !== null)).toBe(true);
    await page.keyboard.press('Escape');
    await page.waitForSelector('#details', { state: 'detached' });

    await pressOn(page, '#more', 'Enter');
    await pressOn(page, '#more-settings', 'Enter');
    await pressOn(page, '#settings-dialog .language-choice', 'ArrowDown');
    await page.waitForFunction(() => document.documentElement.lang === 'zh-Hans');
    await page.keyboard.press('ArrowUp');
    await page.waitForFunction(() => document.documentElement.lang === 'en');
    await page.keyboard.press('Escape');
    await page.waitForSelector('#settings-dialog', { state: 'detached' });

    await pressOn(page, '#leave', 'Enter');
    await page.waitForSelector('#after');
    await focusOn(page, 'after-title');
    await pressOn(page, '#rejoin', 'Enter');
    await page.waitForSelector('.tile[data-name=Bo][data-state=connected]');
  });

  it('a host lets in, refuses, asks to mute, locks and removes', async () => {
    const room = theatre.room('lobby');
    const page = await theatre.enter({ room, moderate: true, without: true });
    await theatre.come(room, 'Bo', { moderate: true });
    await theatre.come(room, 'Chidi', { knock: 'hello' });
    await theatre.come(room, 'Dana', { knock: '' });
    await page.waitForSelector('.people-button .badge');
    await pressOn(page, '.people-button', 'Enter');
    await pressOn(page, '#waiting li[data-name=Chidi] .admit', 'Enter');
    await page.waitForSelector('.tile[data-name=Chidi]');
    await pressOn(page, '#waiting li[data-name=Dana] .deny', 'Enter');
    await page.waitForSelector('#waiting', { state: 'detached' });
    await pressOn(page, '#lock', 'Enter');
    await page.waitForSelector('.call-head .lock');
    await pressOn(page, '#roster li:has-text("Bo") button', 'Enter');
    await pressOn(page, '#tile-mute', 'Enter');
    await pressOn(page, '#roster li:has-text("Bo") button', 'Enter');
    await pressOn(page, '#tile-remove', 'Enter');
    await page.waitForSelector('.tile[data-name=Bo]', { state: 'detached' });
    await pressOn(page, '#end-for-all', 'Enter');
    await page.keyboard.press('Enter');
    await page.waitForSelector('#after[data-end=ended]');
  });

  it('M, V, S, H, C, Esc and ? do what their list says', async () => {
    const room = theatre.room();
    const page = await theatre.enter({ room });
    await theatre.come(room, 'Bo');
    await page.waitForSelector('.tile[data-name=Bo][data-state=connected]');
    const effects = [
      ['m', '#microphone[data-state=muted]', '#microphone[data-state=on]'],
      ['v', '#camera[data-state=muted]', '#camera[data-state=on]'],
      ['s', '#screen[data-state=active]', '#screen[data-state=idle]'],
      ['h', '#hand[data-state=active]', '#hand[data-state=idle]'],
    ] as const;
    for (const [key, once, twice] of effects) {
      await page.keyboard.press(key);
      await page.waitForSelector(once);
      await page.keyboard.press(key);
      await page.waitForSelector(twice);
    }
    await page.keyboard.press('c');
    await page.waitForSelector('#chat');
    await page.keyboard.press('Escape');
    await page.waitForSelector('#chat', { state: 'detached' });
    await page.keyboard.press('?');
    await page.waitForSelector('#shortcuts-dialog[open]');
    const listed = await page.locator('#shortcuts-dialog kbd').allTextContents();
    expect(listed).toEqual(['M', 'V', 'S', 'H', 'C', 'Esc', '?']);
    // What is open over the call has the keyboard.
    await page.keyboard.press('m');
    await page.keyboard.press('Escape');
    await page.waitForSelector('#shortcuts-dialog', { state: 'detached' });
    await page.waitForSelector('#microphone[data-state=on]');
  });
});

/** Tabs to an element, which proves that one can, and presses a key there. */
async function pressOn(page: Page, selector: string, key: string): Promise<void> {
  const target = page.locator(selector).first();
  await target.waitFor({ state: 'visible' });
  for (let stop = 0; stop < MOST_STOPS; stop++) {
    if (await target.evaluate((element) => element === document.activeElement)) {
      await page.keyboard.press(key);
      return;
    }
    await page.keyboard.press('Tab');
  }
  throw new Error(`no number of tabs leads to ${selector}`);
}

/** However often one tabs: focus does not get behind what is open. (Between its end and its start it is nowhere.) */
async function staysIn(page: Page, selector: string): Promise<void> {
  await page.waitForSelector(`${selector}[open]`);
  for (let stop = 0; stop < 25; stop++) {
    const inside = await page.evaluate((open) => {
      const { activeElement, body } = document;
      return activeElement === body || activeElement?.closest(open) !== null;
    }, selector);
    expect(inside).toBe(true);
    await page.keyboard.press('Tab');
  }
}

/** Focus comes there; what opens and closes moves it after it was drawn. */
async function focusOn(page: Page, id: string): Promise<void> {
  await page.waitForFunction((wanted) => document.activeElement?.id === wanted, id, { timeout: 5_000 });
}
