import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { chromiumPath } from '../browser/chromium.ts';
import { Theatre } from './screenshots/theatre.ts';

describe.skipIf(chromiumPath() === undefined)('what is typed before joining', () => {
  let theatre: Theatre;
  beforeAll(async () => {
    theatre = await Theatre.open();
  });
  afterEach(() => theatre.clean());
  afterAll(() => theatre?.close());

  it('a pasted name loses what turns the text around it, and joins', async () => {
    const page = await theatre.visit({ room: theatre.room() });
    await page.fill('#name', '\u202e Ada\tLovelace\u202c ');
    await page.click('#join-without');
    await page.waitForSelector('#call');
    expect(await page.getAttribute('.tile.own', 'data-name')).toBe('Ada Lovelace');
    await page.click('#leave');
    await page.click('#back');
    expect(await page.inputValue('#name')).toBe('Ada Lovelace');
  });

  it('a name of nothing that can be seen is asked for again', async () => {
    const page = await theatre.visit({ room: theatre.room() });
    await page.fill('#name', ' \u202e\u0007 ');
    await page.click('#join-without');
    expect(await page.textContent('#join-error')).toBe('Type a name that the others can read.');
    await page.fill('#name', 'Ada');
    await page.click('#join-without');
    await page.waitForSelector('#call');
  });

  it('a room that no gateway takes is told of beside its field', async () => {
    const page = await theatre.visit({ room: 'everything*' });
    await page.click('#join-without');
    await page.waitForSelector('#join-error:not([hidden])');
    expect(await page.textContent('#join-error')).toBe('The name or the room is not one that can be used.');
    expect(await page.isVisible('#before')).toBe(true);
  });

  it('who waits to be let in sees the own picture, and can turn it off', async () => {
    const room = theatre.room('lobby');
    await theatre.come(room, 'Host', { moderate: true, sees: 'Ada', camera: false });
    const page = await theatre.visit({ room });
    await page.click('#join-with');
    await page.waitForSelector('#between[data-state=lobby] #preview:not([hidden])');
    await page.click('#wish-camera');
    await page.waitForSelector('#between #preview', { state: 'hidden' });
    await page.click('#wish-camera');
    await page.waitForSelector('#between #preview:not([hidden])');
    await page.click('#wish-microphone');
    await theatre.others('admit', 'Host', 'Ada');
    await page.waitForSelector('#call');
    expect(await page.getAttribute('#camera', 'data-state')).toBe('on');
    expect(await page.getAttribute('#microphone', 'data-state')).not.toBe('on');
  });
});
