import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildWeb } from '../../scripts/build-web.ts';
import { chromiumPath } from '../browser/chromium.ts';
import { Caller, eventually, launchBrowser, startBrowser, startGateway } from '../browser/kit.ts';
import { allSee, profile, recordNotes, sees } from './people.ts';
import { listed, watchRoster } from './room-watch.ts';

/** Rosters are right within this, in milliseconds. */
const SOON_MS = 2_000;

describe.skipIf(chromiumPath() === undefined)('the life of a page in a call', () => {
  let browser: Browser;
  beforeAll(async () => {
    await buildWeb();
    browser = await launchBrowser();
  });
  afterAll(() => browser?.close());

  /** Ada and Bo in a call that runs, and what is seen of Ada from now on: at Bo's page, and at the gateway. */
  async function call(room: string) {
    const { url } = await startGateway();
    const ada = await Caller.join(await profile(browser), url, 'Ada', { room });
    const bo = await Caller.join(await profile(browser), url, 'Bo', { room });
    await allSee([ada, bo]);
    const said = await recordNotes(bo.page);
    const { changes } = await watchRoster(url, room);
    return { url, room, ada, bo, said, changes };
  }

  it('closed: both rosters are without it in two seconds, after one leave', async () => {
    const { url, room, ada, bo, said, changes } = await call('closed');
    // By the clock of Bo's page: how long the driver takes to look is not the question.
    const lost = await bo.loses();
    const began = Date.now();
    await ada.page.close();
    const [seen] = await Promise.all([
      lost(),
      eventually('the gateway knows', async () => (await listed(url, room)).join() === 'Bo', SOON_MS),
    ]);
    expect(seen - began).toBeLessThanOrEqual(SOON_MS);
    expect(await bo.others()).toEqual([]);
    await bo.page.waitForSelector('#call[data-phase=alone]');
    await settled();
    expect(await said()).toEqual(['Ada left']);
    expect(changes).toEqual(['-Ada']);
    expect(bo.problems).toEqual([]);
  }, 60_000);

  it('reloaded: nobody sees a leave, and it is in the call again', async () => {
    const { url, room, ada, bo, said, changes } = await call('reloaded');
    await ada.page.click('#microphone');
    await eventually('muted', async () => (await bo.tile('Ada'))['microphone'] === 'muted');
    await ada.page.reload();
    await allSee([ada, bo]);
    // What nobody heard before is not heard now.
    expect(await ada.page.getAttribute('#microphone', 'data-state')).toBe('none');
    await settled();
    expect(await said()).toEqual([]);
    expect(changes).toEqual([]);
    expect(await listed(url, room)).toEqual(['Ada', 'Bo']);
    expect([...ada.problems, ...bo.problems]).toEqual([]);
  }, 60_000);

  it('navigated away and back: nobody sees a leave, and it is in the call again', async () => {
    const { url, room, ada, bo, said, changes } = await call('away');
    await ada.page.goto(`${url}/healthz`);
    await ada.page.goBack();
    await allSee([ada, bo]);
    await settled();
    expect(await said()).toEqual([]);
    expect(changes).toEqual([]);
    expect(await listed(url, room)).toEqual(['Ada', 'Bo']);
    expect([...ada.problems, ...bo.problems]).toEqual([]);
  }, 60_000);

  it('frozen and thawed by the browser: nobody sees a leave, and the same call goes on', async () => {
    const { url, room, ada, bo, said, changes } = await call('frozen');
    const lifecycle = await ada.page.context().newCDPSession(ada.page);
    await lifecycle.send('Page.setWebLifecycleState', { state: 'frozen' });
    await new Promise((resolve) => setTimeout(resolve, 3_000));
    expect(await bo.others()).toEqual(['Ada']);
    expect(await listed(url, room)).toEqual(['Ada', 'Bo']);
    await lifecycle.send('Page.setWebLifecycleState', { state: 'active' });
    await ada.page.waitForSelector('#call[data-phase=in_call]', { timeout: SOON_MS });
    await allSee([ada, bo]);
    expect([await said(), changes]).toEqual([[], []]);
    expect(await Promise.all([ada.connectionsMade(), bo.connectionsMade()])).toEqual([1, 1]);
    expect([...ada.problems, ...bo.problems]).toEqual([]);
  }, 60_000);

  it('put into the bfcache: comes back as it was, in the roster all the time', async () => {
    const { url } = await startGateway();
    const caching = await startBrowser(undefined, ['--disable-back-forward-cache']);
    // One with pictures of others is not put there by Chromium: it holds connections.
    const ada = await Caller.join(await profile(caching), url, 'Ada', { room: 'cache', without: true });
    const { changes } = await watchRoster(url, 'cache');
    await ada.page.evaluate(() => {
      addEventListener('pageshow', ({ persisted }) => Object.assign(window, { persisted }));
    });
    await ada.page.goto(`${url}/?room=elsewhere`);
    await settled();
    expect(await listed(url, 'cache')).toEqual(['Ada']);
    // Playwright waits for a load that does not come.
    ada.page.goBack({ timeout: 2_000 }).catch(() => {});
    await ada.page.waitForFunction(() => (window as unknown as { persisted?: boolean }).persisted === true);
    await ada.page.waitForSelector('#call[data-phase=alone]', { timeout: SOON_MS });
    const bo = await Caller.join(await profile(browser), url, 'Bo', { room: 'cache' });
    await Promise.all([sees(ada, ['Bo'], SOON_MS), sees(bo, ['Ada'], SOON_MS)]);
    await allSee([ada, bo], [bo]);
    expect(changes).toEqual(['+Bo']);
    expect([...ada.problems, ...bo.problems]).toEqual([]);
  }, 60_000);

  it('duplicated: is somebody of its own, and leaves its twin alone', async () => {
    const { url, room, ada, bo, said, changes } = await call('twins');
    const twin = new Caller('Ada again', await duplicate(ada.page));
    expect(await twin.page.isVisible('#before')).toBe(true);
    await twin.page.fill('#name', twin.name);
    await twin.knock();
    await twin.page.waitForSelector('#call');
    await Promise.all([sees(bo, ['Ada', 'Ada again'], SOON_MS), sees(ada, ['Ada again', 'Bo'], SOON_MS)]);
    await allSee([ada, bo, twin]);
    await settled();
    expect(await listed(url, room)).toEqual(['Ada', 'Ada again', 'Bo']);
    expect([await said(), changes]).toEqual([['Ada again joined'], ['+Ada again']]);
    // Two loudspeakers and two microphones at one desk.
    for (const { page } of [ada, twin]) await page.waitForSelector('#echo');
    expect(await bo.page.isVisible('#echo')).toBe(false);
    expect([...ada.problems, ...bo.problems, ...twin.problems]).toEqual([]);
  }, 60_000);

  it('replaced by a twin: says so, and takes over with a click, once', async () => {
    const { url } = await startGateway();
    const context = await profile(browser);
    // Without them two pages of one tab cannot tell which of them it is.
    await context.addInitScript(() => Object.defineProperty(navigator, 'locks', { value: undefined }));
    const bo = await Caller.join(await profile(browser), url, 'Bo', { room: 'replaced', without: true });
    const ada = await Caller.join(context, url, 'Ada', { room: 'replaced', without: true });
    await sees(bo, ['Ada']);
    const said = await recordNotes(bo.page);
    const twin = new Caller('Ada', await duplicate(ada.page));
    await twin.page.fill('#name', 'Ada');
    await twin.knock(true);
    const [out, inside] = await whoIsOut(ada, twin);
    expect(await out.page.textContent('#after-title')).toBe('You joined from another tab');
    await settled();
    expect(await inside.page.isVisible('#call')).toBe(true);
    await out.page.click('#rejoin');
    await out.page.waitForSelector('#call');
    await inside.page.waitForSelector('#after[data-end=replaced]');
    await settled();
    expect(await out.page.isVisible('#call')).toBe(true);
    await sees(bo, ['Ada'], SOON_MS);
    expect(await listed(url, 'replaced')).toEqual(['Ada', 'Bo']);
    expect(await said()).toEqual([]);
  }, 60_000);
});

/** Long enough for whatever is still to come. */
function settled(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, SOON_MS));
}

/** As the browser's own command: another tab, with a copy of sessionStorage. */
async function duplicate(page: Page): Promise<Page> {
  const [copy] = await Promise.all([
    page.context().waitForEvent('page'),
    page.evaluate(() => void window.open(location.href)),
  ]);
  await copy.waitForLoadState();
  return copy;
}

/** Which of the two was told that the other has the call; that one first. */
async function whoIsOut(one: Caller, other: Caller): Promise<readonly [Caller, Caller]> {
  const found = await Promise.race(
    [one, other].map(async (caller) => {
      await caller.page.waitForSelector('#after[data-end=replaced]');
      return caller;
    }),
  );
  return found === one ? [one, other] : [other, one];
}
