import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BrowserContext, Page } from 'playwright-core';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { buildWeb } from '../../scripts/build-web.ts';
import { createToken } from '../../src/server.ts';
import { BROWSER_ARGUMENTS, chromiumPath } from './chromium.ts';
import { Caller, eventually, startBrowser, startGateway } from './kit.ts';

describe.skipIf(chromiumPath() === undefined)('the call page', () => {
  beforeAll(() => buildWeb());

  it.each(['websocket', 'connect-web'] as const)(
    'works over %s, and asks nobody but its gateway',
    async (transport) => {
      const { url } = await startGateway();
      const browser = await startBrowser();
      const context = await browser.newContext();
      const asked = requestsOf(context);
      const ada = await Caller.join(context, url, 'Ada', { room: 'lanes', transport });
      const bo = await Caller.join(await browser.newContext(), url, 'Bo', { room: 'lanes' });
      await eventually('they are connected', async () => {
        return (await ada.others()).join() === 'Bo' && (await ada.tile('Bo'))['state'] === 'connected';
      });
      const isOwn = (address: string) =>
        /^(http|ws):\/\/localhost:/.test(address) || address.startsWith('blob:');
      expect(asked.filter((address) => !isOwn(address))).toEqual([]);
      const lane = asked.some((address) => address.includes('/signalbox.v1.SignalingService/ReceiveFrames'));
      expect(lane).toBe(transport === 'connect-web');
      expect(new URL(ada.page.url()).searchParams.get('room')).toBe('lanes');
      expect([...ada.problems, ...bo.problems]).toEqual([]);
    },
    60_000,
  );

  it('joins with a name and a room only, after a click, and asks for no device before', async () => {
    const { url } = await startGateway();
    const browser = await startBrowser();
    const page = await (await browser.newContext()).newPage();
    await page.addInitScript(() => {
      let asked = 0;
      const open = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
      navigator.mediaDevices.getUserMedia = (constraints) => {
        asked += 1;
        Object.assign(window, { asked });
        return open(constraints);
      };
    });
    await page.goto(`${url}/#caf%C3%A9`);
    expect(await page.inputValue('#room')).toBe('café');
    await page.click('#join-with');
    expect(await page.$eval('#name', (field) => (field as HTMLInputElement).validity.valueMissing)).toBe(
      true,
    );
    expect(await page.evaluate(() => (window as unknown as { asked?: number }).asked)).toBeUndefined();
    await page.fill('#name', '<b>Ada</b>');
    await page.click('#preview-on');
    await page.waitForSelector('#preview:not([hidden])');
    await page.click('#join-with');
    await page.waitForSelector('#call:not([hidden])');
    expect(await page.textContent('.tile.own .name')).toBe('<b>Ada</b> (you)');
    expect(await page.evaluate(() => (window as unknown as { asked?: number }).asked)).toBe(1);
    expect(new URL(page.url()).searchParams.get('room')).toBe('café');
  }, 60_000);

  it('says in words that devices are denied or missing, and lets one join without', async () => {
    const { url } = await startGateway();
    const without = BROWSER_ARGUMENTS.filter((argument) => !argument.startsWith('--use-fake'));
    const browser = await startBrowser([...without, '--deny-permission-prompts']);
    const page = await (await browser.newContext()).newPage();
    await page.goto(`${url}/?room=words&name=Ada`);
    await page.click('#join-with');
    await page.waitForSelector('#join-error:not([hidden])');
    expect(await page.textContent('#join-error')).toMatch(
      /^(The browser does not allow|No device was found for)/,
    );
    await page.click('#join-without');
    await page.waitForSelector('#call:not([hidden])');
    await page.click('#camera');
    await page.waitForSelector('#notice:not([hidden])');
    expect(await page.textContent('#notice')).toContain('the camera');
  }, 60_000);

  it('says that it needs https where the browser has no devices for it', async () => {
    const { url } = await startGateway();
    const browser = await startBrowser();
    const page = await (await browser.newContext()).newPage();
    // As in a page that came over plain HTTP from another host.
    await page.addInitScript(() => {
      Object.defineProperty(navigator, 'mediaDevices', { value: undefined });
      Object.defineProperty(window, 'isSecureContext', { value: false });
    });
    await page.goto(`${url}/?room=plain&name=Ada`);
    await page.click('#join-with');
    await page.waitForSelector('#join-error:not([hidden])');
    expect(await page.textContent('#join-error')).toContain('https');
    await page.click('#join-without');
    await page.waitForSelector('#call:not([hidden])');
    expect(await page.isVisible('#screen')).toBe(false);
  }, 60_000);

  it('asks for a token where the gateway gives none, and takes it from the address too', async () => {
    const key = { kid: 'k1', alg: 'HS256', secret: randomBytes(32).toString('base64url') } as const;
    const { url } = await startGateway(0, { development: false, keyFile: await keyFile(key) });
    const browser = await startBrowser();
    const page = await (await browser.newContext()).newPage();
    await page.goto(`${url}/?room=token&name=Ada`);
    await page.click('#join-without');
    await page.waitForSelector('#token-part:not([hidden])');
    await page.fill('#token', 'nonsense');
    await page.click('#join-without');
    await eventually('the token is refused', async () => {
      return (await page.textContent('#join-error'))?.includes('not valid') === true;
    });
    const token = await createToken(
      key,
      { identity: 'ada', room: 'token', create: true },
      { expiresIn: '5m' },
    );
    await page.fill('#token', token);
    await page.click('#join-without');
    await page.waitForSelector('#call:not([hidden])');
    const other = await (await browser.newContext()).newPage();
    const second = await createToken(
      key,
      { identity: 'bo', room: 'token', create: true },
      { expiresIn: '5m' },
    );
    await other.goto(`${url}/?room=token&name=Bo#token=${second}`);
    await other.click('#join-without');
    await other.waitForSelector('#call:not([hidden])');
    expect(other.url()).not.toContain(second);
    await eventually('both are there', async () => (await page.$$('.tile')).length === 2);
  }, 60_000);

  it('fits a phone and a desk, with names for everything that can be used', async () => {
    const { url } = await startGateway();
    const browser = await startBrowser();
    for (const viewport of [
      { width: 320, height: 568 },
      { width: 390, height: 844 },
      { width: 1280, height: 800 },
    ]) {
      const context = await browser.newContext({ viewport });
      const { page } = await Caller.join(context, url, `Somebody at ${viewport.width}`, { room: 'fit' });
      expect(await overflow(page)).toBe(false);
      expect(await unnamed(page)).toEqual([]);
      for (const id of ['microphone', 'camera', 'screen', 'leave']) {
        const box = await page.locator(`#${id}`).boundingBox();
        expect(box?.height).toBeGreaterThanOrEqual(44);
        expect((box?.y ?? 0) + (box?.height ?? 0)).toBeLessThanOrEqual(viewport.height);
      }
    }
  }, 60_000);
});

function requestsOf(context: BrowserContext): string[] {
  const asked: string[] = [];
  context.on('request', (request) => asked.push(request.url()));
  context.on('page', (page) => page.on('websocket', (socket) => asked.push(socket.url())));
  return asked;
}

function overflow(page: Page): Promise<boolean> {
  return page.evaluate(() => document.documentElement.scrollWidth > window.innerWidth);
}

/** Visible controls without an accessible name. */
function unnamed(page: Page): Promise<string[]> {
  return page.$$eval('button, input, textarea, video', (controls) =>
    controls
      .filter((control) => control.checkVisibility())
      .filter((control) => {
        const labels = 'labels' in control ? (control as HTMLInputElement).labels : null;
        const label = labels?.[0]?.textContent ?? '';
        return `${control.ariaLabel ?? ''}${label}${control.textContent ?? ''}`.trim() === '';
      })
      .map((control) => control.outerHTML),
  );
}

async function keyFile(key: { readonly kid: string; readonly secret: string }): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'signalbox-keys-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const path = join(folder, 'keys.json');
  await writeFile(path, JSON.stringify({ keys: [key] }));
  return path;
}
