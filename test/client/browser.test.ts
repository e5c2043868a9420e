import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { buildSdk } from '../../scripts/build-web.ts';
import type * as Sdk from '../../src/client/index.ts';
import { next, startTestGateway } from './gateway-kit.ts';

declare global {
  var sdk: typeof Sdk;
  var session: Sdk.Session;
  var room: Sdk.Room;
  var heard: string[];
}

let browser: Browser;
let webRoot: string;

beforeAll(async () => {
  webRoot = await mkdtemp(join(tmpdir(), 'signalbox-web-'));
  await buildSdk(join(webRoot, 'sdk'));
  browser = await chromium.launch({
    executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-background-networking'],
  });
}, 30_000);

afterAll(async () => {
  await browser?.close();
  await rm(webRoot, { recursive: true, force: true });
});

describe('the bundled SDK in Chromium', () => {
  it('takes a WebSocket where the page came over HTTP/1.1', async () => {
    const gateway = await startTestGateway({}, webRoot);
    const page = await openPage(gateway.url);
    expect(await connect(page, await gateway.token({ identity: 'ada' }))).toEqual({
      status: 'connected',
      transport: 'websocket',
    });
  });

  it('takes Connect-Web where the page came over HTTP/2', async () => {
    const gateway = await startTestGateway({ lan: true, host: '127.0.0.1' }, webRoot);
    const page = await openPage(gateway.url);
    expect(await connect(page, await gateway.token({ identity: 'ada' }))).toEqual({
      status: 'connected',
      transport: 'connect-web',
    });
    await page.evaluate(() => globalThis.room.send('chat', 'over h2'));
  });

  it.each(['websocket', 'connect-web'] as const)(
    'talks to a Node client over %s, both ways',
    async (transport) => {
      const gateway = await startTestGateway({}, webRoot);
      const bo = await (await gateway.connect('bo', { transport: 'grpc' })).join('demo', { name: 'Bo' });
      const page = await openPage(gateway.url);
      await connect(page, await gateway.token({ identity: 'ada' }), transport);
      const message = next(bo, 'message');
      const sent = await page.evaluate(() => globalThis.room.send('chat', 'grüß dich 👋'));
      expect(await message).toMatchObject({ content: 'grüß dich 👋', identity: 'ada', offset: sent.offset });
      await bo.send('chat', 'hello page');
      await page.waitForFunction(() => globalThis.heard.includes('hello page'));
    },
  );

  it.each(['websocket', 'connect-web'] as const)(
    'comes back over %s after the network was away',
    async (transport) => {
      const gateway = await startTestGateway({}, webRoot);
      const bo = await (await gateway.connect('bo', { transport: 'grpc' })).join('demo');
      const page = await openPage(gateway.url);
      await connect(page, await gateway.token({ identity: 'ada' }), transport);
      const before = await page.evaluate(() => globalThis.session.id);
      await page.evaluate(() => globalThis.session.suspend());
      for (let n = 0; n < 3; n += 1) await bo.send('chat', `missed ${n}`);
      await page.evaluate(() => globalThis.session.resume());
      await page.waitForFunction(() => globalThis.heard.length === 3);
      expect(await page.evaluate(() => globalThis.heard)).toEqual(['missed 0', 'missed 1', 'missed 2']);
      expect(await page.evaluate(() => globalThis.session.id)).toBe(before);
    },
  );

  it.each(['websocket', 'connect-web'] as const)(
    'says over %s that it leaves when its page is closed',
    async (transport) => {
      const gateway = await startTestGateway({}, webRoot);
      const bo = await (await gateway.connect('bo', { transport: 'grpc' })).join('demo');
      const page = await openPage(gateway.url);
      await connect(page, await gateway.token({ identity: 'ada' }), transport);
      const left = next(bo, 'left');
      const began = performance.now();
      await page.close({ runBeforeUnload: true });
      expect(await left).toMatchObject({ reason: 'left' });
      // The grace of five seconds, not the window of thirty.
      expect(performance.now() - began).toBeLessThan(8_000);
    },
    15_000,
  );
});

async function openPage(url: string): Promise<Page> {
  const context = await browser.newContext({ ignoreHTTPSErrors: true });
  onTestFinished(() => context.close());
  const page = await context.newPage();
  await page.goto(`${url}/healthz`);
  return page;
}

/** Joins the room `demo` from the page. */
async function connect(page: Page, token: string, transport: 'auto' | 'websocket' | 'connect-web' = 'auto') {
  // As text: vitest rewrites imports in functions.
  await page.evaluate("import('/sdk/signalbox.js').then((sdk) => { globalThis.sdk = sdk; })");
  return page.evaluate(
    async (options) => {
      globalThis.session = await globalThis.sdk.connect(location.origin, options);
      globalThis.room = await globalThis.session.join('demo', { name: 'Ada' });
      globalThis.heard = [];
      globalThis.room.on('message', ({ content, own }) => {
        if (!own) globalThis.heard.push(String(content));
      });
      return globalThis.session.state;
    },
    { token, transport },
  );
}
