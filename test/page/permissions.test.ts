import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { buildWeb } from '../../scripts/build-web.ts';
import { BROWSER_ARGUMENTS, chromiumPath } from '../browser/chromium.ts';
import { Caller, launchBrowser, startBrowser, startGateway } from '../browser/kit.ts';
import { plainText, profile, sees } from './people.ts';
import { listed } from './room-watch.ts';

describe.skipIf(chromiumPath() === undefined)('where camera and microphone are not to be had', () => {
  let browser: Browser;
  beforeAll(async () => {
    await buildWeb();
    browser = await launchBrowser();
  });
  afterAll(() => browser?.close());

  it('asks for nothing on load, nor on a reload with the permission given', async () => {
    const { url } = await startGateway();
    const context = await profile(browser);
    await context.addInitScript(countQuestions);
    const ada = await Caller.open(context, url, 'Ada', { room: 'quiet' });
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(await questions(ada.page)).toBe(0);
    await ada.page.click('#preview-on');
    await ada.page.waitForSelector('#preview:not([hidden])');
    expect(await questions(ada.page)).toBe(1);
    await ada.page.reload();
    await ada.page.waitForSelector('#before');
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(await questions(ada.page)).toBe(0);
  }, 60_000);

  it('denied for the site, by Chromium itself: says how to allow it', async () => {
    const { url } = await startGateway();
    // Without the bar that allows everything.
    const asking = BROWSER_ARGUMENTS.filter((argument) => argument !== '--use-fake-ui-for-media-stream');
    const context = await (await startBrowser(asking)).newContext();
    const ada = await Caller.open(context, url, 'Ada', { room: 'denied' });
    await deny(context, ada.page);
    await ada.knock();
    await remedy(ada.page, /The browser does not allow camera and microphone on this page\. Click the icon/);
    await listensAnyway(ada, url, 'denied', browser);
  }, 60_000);

  it('no camera, by Chromium itself: joins with what there is, and says what is missing', async () => {
    const { url } = await startGateway();
    const cameraless = await startBrowser([
      ...BROWSER_ARGUMENTS.filter((argument) => !argument.startsWith('--use-fake-device')),
      '--use-fake-device-for-media-stream=device-count=0',
    ]);
    const ada = await Caller.open(await cameraless.newContext(), url, 'Ada', { room: 'cameraless' });
    await ada.knock();
    await ada.page.waitForSelector('#call');
    expect(await ada.page.getAttribute('#microphone', 'data-state')).toBe('on');
    await ada.page.click('#camera');
    await ada.page.waitForSelector('#notice');
    expect(await plainText(ada.page, '#notice')).toMatch(/^No device was found for the camera\. Plug one in/);
    expect(await listed(url, 'cameraless')).toEqual(['Ada']);
  }, 60_000);

  it.each([
    ['dismissed', 'NotAllowedError', 'Permission dismissed', /closed without an answer\. Ask again/],
    [
      'absent',
      'NotFoundError',
      'Requested device not found',
      /No device was found for camera and microphone/,
    ],
    ['busy', 'NotReadableError', 'Device in use', /Another program uses camera and microphone\. Close it/],
    ['system', 'NotAllowedError', 'Permission denied by system', /privacy settings of the system/],
  ])(
    '%s: says what to do, and one joins anyway',
    async (room, name, message, said) => {
      const { url } = await startGateway();
      const context = await profile(browser);
      await context.addInitScript(
        ([error, text]) => {
          navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException(text, error));
        },
        [name, message] as const,
      );
      const ada = await Caller.open(context, url, 'Ada', { room });
      await ada.knock();
      await remedy(ada.page, said);
      await listensAnyway(ada, url, room, browser);
    },
    60_000,
  );

  it('over plain http from another host: names the https address', async () => {
    const gateway = await startGateway();
    const remote = await startBrowser([
      ...BROWSER_ARGUMENTS,
      '--host-resolver-rules=MAP call.test 127.0.0.1',
    ]);
    const url = `http://call.test:${gateway.port}`;
    const ada = await Caller.open(await remote.newContext(), url, 'Ada', { room: 'plain' });
    expect(await ada.page.evaluate(() => isSecureContext)).toBe(false);
    await ada.knock();
    await remedy(ada.page, /only to pages that came over https or from localhost/);
    expect(await plainText(ada.page, '#join-error')).toContain(
      `https://call.test:${gateway.port}/?room=plain`,
    );
    await listensAnyway(ada, gateway.url, 'plain', browser);
  }, 60_000);

  it('in a frame that does not hand it on: names the attribute that is missing', async () => {
    const { url } = await startGateway();
    const context = await profile(browser);
    // The gateway forbids to be framed: an operator who wants it serves the page with other headers.
    await context.route(`${url}/?*`, async (route) => {
      const response = await route.fetch();
      const { 'x-frame-options': _, 'content-security-policy': policy = '', ...headers } = response.headers();
      const open = policy.replace("frame-ancestors 'none'", 'frame-ancestors *');
      await route.fulfill({ response, headers: { ...headers, 'content-security-policy': open } });
    });
    const page = await context.newPage();
    await page.goto(await outerPage(`<iframe src="${url}/?room=framed&name=Ada"></iframe>`));
    const frame = page.frames().find((found) => found.url().startsWith(url));
    if (frame === undefined) throw new Error('no frame');
    await frame.click('#join-with');
    await frame.waitForSelector('#join-error:not([hidden])');
    expect(await frame.textContent('#join-error')).toContain('allow="camera; microphone; display-capture"');
    await frame.click('#join-without');
    await frame.waitForSelector('#call');
    const bo = await Caller.join(await profile(browser), url, 'Bo', { room: 'framed', without: true });
    await sees(bo, ['Ada']);
  }, 60_000);
});

async function remedy(page: Page, said: RegExp): Promise<void> {
  await page.waitForSelector('#join-error:not([hidden])');
  const text = await plainText(page, '#join-error');
  expect(text).toMatch(said);
  expect(text).toContain('You can join without');
}

/** Joins as a listener: is seen, and sees. */
async function listensAnyway(ada: Caller, url: string, room: string, browser: Browser): Promise<void> {
  await ada.knock(true);
  await ada.page.waitForSelector('#call');
  const bo = await Caller.join(await profile(browser), url, 'Bo', { room });
  await sees(bo, ['Ada']);
  expect((await bo.tile('Ada'))['microphone']).toBe('none');
  await ada.page.waitForFunction(() => {
    const video = document.querySelector<HTMLVideoElement>('.tile[data-name="Bo"] video');
    return (video?.getVideoPlaybackQuality().totalVideoFrames ?? 0) > 0;
  });
  expect(await listed(url, room)).toEqual(['Ada', 'Bo']);
  // What Chromium says of every page that comes over plain HTTP.
  const problems = ada.problems.filter((text) => !text.startsWith('The Cross-Origin-Opener-Policy header'));
  expect([...problems, ...bo.problems]).toEqual([]);
}

/** As a visitor who chose Block for this site. */
async function deny(context: BrowserContext, page: Page): Promise<void> {
  const session = await context.newCDPSession(page);
  const { targetInfo } = await session.send('Target.getTargetInfo');
  const { browserContextId } = targetInfo;
  if (browserContextId === undefined) throw new Error('no context');
  const { origin } = new URL(page.url());
  for (const name of ['camera', 'microphone']) {
    await session.send('Browser.setPermission', {
      permission: { name },
      setting: 'denied',
      origin,
      browserContextId,
    });
  }
}

/** A page of another origin. */
async function outerPage(html: string): Promise<string> {
  const server = createServer((_request, response) => {
    response.setHeader('content-type', 'text/html');
    response.end(`<!doctype html><title>Outer</title>${html}`);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

function questions(page: Page): Promise<number> {
  return page.evaluate(() => (window as unknown as { questions: number }).questions);
}

/** Runs in the page, before its scripts. */
function countQuestions(): void {
  Object.assign(window, { questions: 0 });
  const open = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
  navigator.mediaDevices.getUserMedia = (constraints) => {
    (window as unknown as { questions: number }).questions += 1;
    return open(constraints);
  };
}
