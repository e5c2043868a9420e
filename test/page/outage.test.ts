import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildWeb } from '../../scripts/build-web.ts';
import { chromiumPath } from '../browser/chromium.ts';
import { Caller, eventually, launchBrowser, startGateway } from '../browser/kit.ts';
import { GatewayProcess } from './gateway-process.ts';
import { allSee, profile, recordNotes, sees } from './people.ts';
import { listed } from './room-watch.ts';

const WHOLE = process.env['MODE'] === 'whole';
/** How long the gateway is away: a minute is promised, and CI has eight seconds. */
const OUTAGE_MS = WHOLE ? 60_000 : 8_000;
/** A client looks for its gateway every 30 s at the least, and gives a try up to 15 s. */
const BACK_MS = 60_000;
const CALM_MS = 2_000;
/** No picture stands still for longer. */
const STALL_MS = 1_000;

describe.skipIf(chromiumPath() === undefined)('a call whose gateway is away', () => {
  let browser: Browser;
  beforeAll(async () => {
    await buildWeb();
    browser = await launchBrowser();
  });
  afterAll(() => browser?.close());

  it(
    `goes on for ${OUTAGE_MS / 1_000} s without it, and as if nothing had been`,
    async () => {
      const gateway = await GatewayProcess.start();
      const { url } = gateway;
      const ada = await Caller.join(await profile(browser), url, 'Ada', { room: 'outage' });
      const bo = await Caller.join(await profile(browser), url, 'Bo', { room: 'outage' });
      const both = [ada, bo];
      await allSee(both);
      const said = await Promise.all(both.map(({ page }) => recordNotes(page)));
      const stalls = await Promise.all(both.map(({ page }) => watchFrames(page)));
      // What the machine itself is late by, to tell the two apart.
      await new Promise((resolve) => setTimeout(resolve, CALM_MS));
      const calm = await Promise.all(stalls.map((longest) => longest()));
      await gateway.kill();
      const due = performance.now() + OUTAGE_MS;
      for (const { page } of both) {
        await page.waitForSelector('#status >> text=Reconnecting… the call goes on.');
        expect(await page.getAttribute('#call', 'data-phase')).toBe('reconnecting');
      }
      // The controls are live: what concerns only this side works at once, the rest when it can.
      await ada.page.click('#microphone');
      await ada.page.waitForSelector('#microphone[data-state=muted]');
      await ada.say('Can you hear me?');
      await ada.page.waitForSelector('#messages li[data-state=pending]');
      await new Promise((resolve) => setTimeout(resolve, Math.max(0, due - performance.now())));
      const away = await Promise.all(stalls.map((longest) => longest()));
      // What connects the two is between them: the camera goes off and on for the other though nobody can tell.
      await ada.page.click('#camera');
      await ada.page.waitForSelector('#camera[data-state=muted]');
      await ada.page.click('#camera');
      await ada.page.waitForSelector('#camera[data-state=on]');
      await allSee(both);
      const later = await Promise.all(both.map(({ page }) => watchFrames(page)));
      for (const { page } of both)
        expect(await page.getAttribute('#call', 'data-phase')).toBe('reconnecting');
      await gateway.start();
      for (const { page } of both) {
        await page.waitForSelector('#call[data-phase=in_call]', { timeout: BACK_MS });
        expect(await page.textContent('#status')).toBe('');
      }
      await eventually('the rosters agree', async () => {
        const seen = [...(await ada.others()), ...(await bo.others())].sort().join();
        return seen === 'Ada,Bo' && (await listed(url, 'outage')).join() === seen;
      });
      await eventually('Bo knows that Ada is muted', async () => {
        return (await bo.tile('Ada'))['microphone'] === 'muted';
      });
      await allSee(both);
      // Nobody was torn down, and nobody seemed to leave.
      expect(await Promise.all(both.map((caller) => caller.connectionsMade()))).toEqual([1, 1]);
      for (const { page } of both) expect(await connectionStates(page)).toEqual(['connected']);
      const goings = (await Promise.all(said.map((notes) => notes()))).flat();
      expect(goings.filter((note) => / (joined|left)$/.test(note))).toEqual([]);
      const back = await Promise.all(later.map((longest) => longest()));
      console.log(
        `longest stall: ${calm.join()} ms in ${CALM_MS} ms with a gateway, ${away.join()} ms in ${OUTAGE_MS} ms without a gateway, ${back.join()} ms at its return`,
      );
      expect(Math.max(...away, ...back)).toBeLessThanOrEqual(STALL_MS);
      // What was written meanwhile is sent again by a click, where the gateway had lost its memory.
      await ada.page.waitForSelector('#messages li:not([data-state=pending])');
      if ((await ada.page.$('#messages li[data-state=failed]')) !== null)
        await ada.page.click('#messages >> text=Send again');
      await bo.openChat();
      await bo.page.waitForSelector('#messages >> text=Can you hear me?');
      expect(await bo.page.$$eval('#messages li', (lines) => lines.length)).toBe(1);
    },
    OUTAGE_MS + 150_000,
  );

  it.runIf(WHOLE)(
    'is back at once by a click on Try now, whatever pause it is in',
    { timeout: 90_000 },
    async () => {
      const gateway = await GatewayProcess.start();
      const context = await profile(browser);
      // Pauses without luck: from 15 s to 31 s after the end no try is made.
      await context.addInitScript(() => {
        Math.random = () => 0.999;
      });
      const { page } = await Caller.join(context, gateway.url, 'Ada', { room: 'now' });
      await gateway.kill();
      await page.waitForSelector('#try-now');
      await new Promise((resolve) => setTimeout(resolve, 17_000));
      await gateway.start();
      await page.focus('#try-now');
      await page.keyboard.press('Enter');
      await page.waitForSelector('#call:not([data-phase=reconnecting])', { timeout: 5_000 });
      // The button is gone, and the keyboard is not lost with it.
      await page.waitForFunction(() => document.activeElement?.id === 'call-title');
    },
  );

  it('closed for good: says so, and tries again by a click', async () => {
    const { url } = await startGateway();
    const context = await profile(browser);
    let end = (): void => {};
    // The gateway's last word, ABORTED: stop, and do not come back by yourself.
    await context.routeWebSocket(/\/ws$/, (socket) => {
      socket.connectToServer();
      end = () => void socket.close({ code: 4010, reason: 'closed for good' });
    });
    const ada = await Caller.join(context, url, 'Ada', { room: 'good' });
    end();
    await ada.page.waitForSelector('#after[data-end=gateway_closed]');
    expect(await ada.page.textContent('#after-title')).toBe('The call service has closed');
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    expect(await ada.page.isVisible('#after')).toBe(true);
    await ada.page.click('#rejoin');
    await ada.page.waitForSelector('#call');
    expect(await ada.page.getAttribute('#camera', 'data-state')).toBe('on');
    expect(await listed(url, 'good')).toEqual(['Ada']);
  }, 60_000);

  it('offline: says so, goes on, and is silent when it is back', async () => {
    const { url } = await startGateway();
    const context = await profile(browser);
    const ada = await Caller.join(context, url, 'Ada', { room: 'offline' });
    const bo = await Caller.join(await profile(browser), url, 'Bo', { room: 'offline' });
    await allSee([ada, bo]);
    const said = await recordNotes(bo.page);
    const longest = await watchFrames(bo.page);
    await context.setOffline(true);
    await ada.page.waitForSelector('#offline');
    await new Promise((resolve) => setTimeout(resolve, 2_000));
    expect(await ada.page.isVisible('#call')).toBe(true);
    await context.setOffline(false);
    await ada.page.waitForSelector('#offline', { state: 'detached' });
    await ada.page.waitForSelector('#call[data-phase=in_call]');
    await sees(bo, ['Ada']);
    expect(await longest()).toBeLessThanOrEqual(STALL_MS);
    expect(await said()).toEqual([]);
    expect(await Promise.all([ada.connectionsMade(), bo.connectionsMade()])).toEqual([1, 1]);
  }, 60_000);
});

/** Looks at the only connection's `framesDecoded` all the time. Returns its longest stand-still so far, in milliseconds. */
async function watchFrames(page: Page): Promise<() => Promise<number>> {
  await page.evaluate(() => {
    const [connection] = (window as unknown as { connections: RTCPeerConnection[] }).connections;
    let frames = -1;
    let since = performance.now();
    const watch = { longest: 0 };
    Object.assign(window, { watch });
    const look = async (): Promise<void> => {
      let now = 0;
      for (const entry of ((await connection?.getStats()) ?? new Map()).values()) {
        if (entry.type === 'inbound-rtp' && entry.kind === 'video') now += entry.framesDecoded ?? 0;
      }
      const at = performance.now();
      watch.longest = Math.max(watch.longest, at - since);
      if (now > frames) since = at;
      frames = now;
    };
    setInterval(() => void look(), 50);
  });
  return () =>
    page.evaluate(() => Math.round((window as unknown as { watch: { longest: number } }).watch.longest));
}

function connectionStates(page: Page): Promise<string[]> {
  return page.evaluate(() =>
    (window as unknown as { connections: RTCPeerConnection[] }).connections.map(
      ({ connectionState }) => connectionState,
    ),
  );
}
