import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildWeb } from '../../scripts/build-web.ts';
import { BROWSER_ARGUMENTS, chromiumPath } from '../browser/chromium.ts';
import { Caller, eventually, launchBrowser, startBrowser, startGateway } from '../browser/kit.ts';
import { profile, sees } from './people.ts';

const WHOLE = process.env['MODE'] === 'whole';
/** Calls that are measured: twenty are promised, and CI has five. */
const CALLS = WHOLE ? 20 : 5;
/** From the click on Join to the first frame of the other, on loopback; median. */
const FIRST_FRAME_MS = 1_500;

describe.skipIf(chromiumPath() === undefined)('the call page is quick', () => {
  let browser: Browser;
  beforeAll(async () => {
    await buildWeb();
    browser = await launchBrowser();
  });
  afterAll(() => browser?.close());

  it(`shows the other within ${FIRST_FRAME_MS} ms of the click on Join, in the median of ${CALLS}`, async () => {
    const { url } = await startGateway();
    await Caller.join(await profile(browser), url, 'Ada', { room: 'quick' });
    const took: number[] = [];
    for (let call = 0; call < CALLS; call += 1) {
      // A visitor who has never been here: nothing is cached, and no device was opened before.
      const context = await browser.newContext();
      const bo = await Caller.open(context, url, 'Bo', { room: 'quick' });
      const firstFrame = await stampFirstFrame(bo.page);
      await bo.knock();
      took.push(await firstFrame());
      await bo.page.click('#leave');
      await context.close();
    }
    const sorted = [...took].sort((a, b) => a - b);
    const middle = sorted[Math.floor(sorted.length / 2)] ?? Number.POSITIVE_INFINITY;
    console.log(`click on Join to first frame: median ${middle} ms of ${sorted.join(', ')}`);
    expect(took).toHaveLength(CALLS);
    expect(middle).toBeLessThanOrEqual(FIRST_FRAME_MS);
  }, 300_000);

  it('lets eight people see each other', async () => {
    const { url } = await startGateway();
    // What eight machines do, one does here: small pictures in small windows, and in CI no sound.
    const slow = BROWSER_ARGUMENTS.filter((argument) => !argument.startsWith('--use-fake-device'));
    const eight = await startBrowser([...slow, '--use-fake-device-for-media-stream=fps=5']);
    const callers: Caller[] = [];
    for (const name of ['Ada', 'Bo', 'Cy', 'Di', 'Ed', 'Flo', 'Gus', 'Hal']) {
      const caller = await Caller.open(await smallPictures(eight), url, name, { room: 'eight' });
      if (!WHOLE) await caller.page.click('#wish-microphone');
      await caller.knock();
      await caller.page.waitForSelector('#call', { timeout: 60_000 });
      callers.push(caller);
    }
    for (const caller of callers) {
      const others = callers.filter((other) => other !== caller).map(({ name }) => name);
      await sees(caller, others, 60_000);
      await eventually(
        `${caller.name} is shown a picture of each`,
        async () => {
          const shown = await caller.framesShown();
          return others.every((name) => (shown[name] ?? 0) > 1);
        },
        60_000,
      );
    }
    expect(await callers[0]?.page.textContent('#count')).toBe('8 participants');
    expect(callers.flatMap(({ problems }) => problems)).toEqual([]);
  }, 240_000);
});

/** Milliseconds from the click on Join to the first frame that any tile of another presents, by the page's own clock. */
async function stampFirstFrame(page: Page): Promise<() => Promise<number>> {
  await page.evaluate(() => {
    const stamps = { clicked: 0, shown: 0 };
    Object.assign(window, { stamps });
    document.querySelector('#join-with')?.addEventListener(
      'click',
      () => {
        stamps.clicked = performance.now();
      },
      { capture: true },
    );
    const watched = new WeakSet<HTMLVideoElement>();
    new MutationObserver(() => {
      for (const video of document.querySelectorAll<HTMLVideoElement>('.tile:not(.own) video')) {
        if (watched.has(video)) continue;
        watched.add(video);
        video.requestVideoFrameCallback((now) => {
          stamps.shown ||= now;
        });
      }
    }).observe(document.body, { childList: true, subtree: true });
  });
  return async () => {
    const handle = await page.waitForFunction(() => {
      const { clicked, shown } = (window as unknown as { stamps: { clicked: number; shown: number } }).stamps;
      return shown > 0 && Math.round(shown - clicked);
    });
    return (await handle.jsonValue()) as number;
  };
}

/** A profile whose cameras have 160 by 120 pixels. */
async function smallPictures(browser: Browser): Promise<BrowserContext> {
  const context = await profile(browser, { viewport: { width: 480, height: 360 } });
  context.setDefaultNavigationTimeout(60_000);
  await context.addInitScript(() => {
    const { mediaDevices } = navigator;
    const open = mediaDevices.getUserMedia.bind(mediaDevices);
    mediaDevices.getUserMedia = (constraints = {}) =>
      open({
        ...constraints,
        ...(constraints.video && { video: { width: 160, height: 120, frameRate: 5 } }),
      });
  });
  return context;
}
