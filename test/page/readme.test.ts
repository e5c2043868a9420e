import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { BrowserContext, Page } from 'playwright-core';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { buildWeb } from '../../scripts/build-web.ts';
import { BROWSER_ARGUMENTS, chromiumPath } from '../browser/chromium.ts';
import { eventually, startBrowser, startGateway } from '../browser/kit.ts';

/** What the README says of the web server and of the gateway. */
const PAGE = 'http://localhost:3000';
const GATEWAY = 'http://localhost:8080';

describe.skipIf(chromiumPath() === undefined)('the file in the README', () => {
  beforeAll(() => buildWeb());

  it('makes a video call from a plain static server, as it stands there', async () => {
    const { html, origin } = await fromReadme();
    expect(html.trimEnd().split('\n').length).toBeLessThanOrEqual(22);
    expect(html).toContain(`'${GATEWAY}/sdk/signalbox.js'`);
    const gateway = await startGateway(0, { origins: [origin] });
    const files = await serveFile(html);
    // Its addresses are those of the README; the ports here are whatever is free.
    const rules = [
      `MAP ${new URL(PAGE).host} 127.0.0.1:${files}`,
      `MAP ${new URL(GATEWAY).host} 127.0.0.1:${gateway.port}`,
    ];
    const browser = await startBrowser([...BROWSER_ARGUMENTS, `--host-resolver-rules=${rules.join()}`]);
    // Two tabs of one browser, as somebody who tries it out.
    const context = await browser.newContext();
    const problems: string[] = [];
    const [one, other] = [await open(context, problems), await open(context, problems)];
    for (const page of [one, other]) {
      await eventually('two pictures go on', async () => {
        const frames = await framesOf(page);
        return frames.length === 2 && frames.every((count) => count > 10);
      });
      // The own picture is silent, that of the other is not.
      expect(await page.$$eval('video', (videos) => videos.map(({ muted }) => muted).sort())).toEqual([
        false,
        true,
      ]);
      expect(
        await page.$eval('video:not(#own)', (video) =>
          ((video as HTMLVideoElement).srcObject as MediaStream)
            .getTracks()
            .map(({ kind }) => kind)
            .sort(),
        ),
      ).toEqual(['audio', 'video']);
    }
    await other.close();
    await eventually('the other is gone', async () => (await framesOf(one)).length === 1);
    expect(problems).toEqual([]);
  }, 60_000);

  it('gets nothing from a gateway that does not list its origin', async () => {
    const { url } = await startGateway(0, { origins: ['http://localhost:3000'] });
    const ask = (origin: string) => fetch(`${url}/dev/token?room=demo`, { headers: { origin } });
    const allowed = await ask('http://localhost:3000');
    expect(allowed.headers.get('access-control-allow-origin')).toBe('http://localhost:3000');
    expect(allowed.headers.get('vary')).toContain('Origin');
    for (const origin of ['http://localhost:3001', 'https://localhost:3000', 'null'])
      expect((await ask(origin)).headers.get('access-control-allow-origin')).toBe(null);
  });
});

/** The first HTML file of the README, and the origin that it tells the gateway of. */
async function fromReadme(): Promise<{ readonly html: string; readonly origin: string }> {
  const text = await readFile(join(import.meta.dirname, '../../README.md'), 'utf8');
  const html = /```html\n(<!doctype html>.*?)```/s.exec(text)?.[1];
  const origin = /SIGNALBOX_ORIGINS=(\S+) npm start/.exec(text)?.[1];
  if (html === undefined || origin === undefined) throw new Error('the README has no such file');
  return { html, origin };
}

/** Serves one file and nothing else, without any header of its own. Returns the port. */
async function serveFile(html: string): Promise<number> {
  const server = createServer(({ url }, response) => {
    response.writeHead(url === '/' ? 200 : 404, { 'content-type': 'text/html' });
    response.end(url === '/' ? html : '');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return (server.address() as AddressInfo).port;
}

async function open(context: BrowserContext, problems: string[]): Promise<Page> {
  const page = await context.newPage();
  page.on('pageerror', ({ message }) => problems.push(message));
  await page.goto(`${PAGE}/`);
  return page;
}

function framesOf(page: Page): Promise<number[]> {
  return page.$$eval('video', (videos) =>
    videos.map((video) => video.getVideoPlaybackQuality().totalVideoFrames),
  );
}
