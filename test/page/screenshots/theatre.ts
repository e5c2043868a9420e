import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { chromium } from 'playwright-core';
import { buildWeb } from '../../../scripts/build-web.ts';
import { type RawConfig, resolveConfig } from '../../../src/config.ts';
import { serve } from '../../../src/serve.ts';
import { BROWSER_ARGUMENTS, chromiumPath } from '../../browser/chromium.ts';
import type { Coming, Others, Stagecraft } from './in-page.ts';
import { others, portrait, slide, stagecraft } from './in-page.ts';

/** Rooms in which people wait, which are full with one, not open yet, or have each but once. */
const ROOMS = [
  { pattern: 'lobby-*', settings: { lobby: true } },
  { pattern: 'small-*', settings: { maxParticipants: 1 } },
  { pattern: 'later-*', settings: { startsAt: '2099-01-01T09:00:00Z' } },
  { pattern: 'single-*', settings: { duplicates: 'DUPLICATES_REPLACE' } },
];

/** What the visitor comes with. */
export interface Visit {
  readonly room: string;
  readonly name?: string;
  readonly moderate?: boolean;
  /** Before the scripts of the page. */
  readonly before?: () => void;
  /** Address of a gateway other than the usual one. */
  readonly url?: string;
}

/** Gateways and one browser, for as long as it takes; everything opened for a state is closed after it. */
export class Theatre {
  /** Language of the page: what `?lang=` says. */
  language: string;
  readonly url: string;
  readonly #browser: Browser;
  readonly #webRoot: string;
  readonly #closings: (() => Promise<unknown>)[];
  #cleanings: (() => Promise<unknown>)[] = [];
  #others: Page | undefined;
  #rooms = 0;

  private constructor(browser: Browser, webRoot: string, url: string, closings: (() => Promise<unknown>)[]) {
    this.#browser = browser;
    this.#webRoot = webRoot;
    this.url = url;
    this.#closings = closings;
    this.language = 'en';
  }

  /** Builds the page, in a folder of its own: others may be building theirs. */
  static async open(): Promise<Theatre> {
    const executablePath = chromiumPath();
    if (executablePath === undefined) throw new Error('no Chromium');
    const webRoot = await mkdtemp(join(tmpdir(), 'signalbox-page-'));
    await buildWeb(webRoot);
    const gateway = await startGateway(webRoot, { rooms: ROOMS });
    const args = [...BROWSER_ARGUMENTS, '--autoplay-policy=no-user-gesture-required', '--hide-scrollbars'];
    const browser = await chromium.launch({ executablePath, args });
    return new Theatre(browser, webRoot, gateway.url, [
      () => browser.close(),
      gateway.close,
      () => rm(webRoot, { recursive: true }),
    ]);
  }

  /** A name that no room had yet. */
  room(kind = 'harbor'): string {
    this.#rooms += 1;
    return `${kind}-${this.#rooms}`;
  }

  /** A gateway of its own for one state. */
  async gateway(config: RawConfig = {}): Promise<{ readonly url: string; close(): Promise<void> }> {
    const gateway = await startGateway(this.#webRoot, config);
    this.#cleanings.push(gateway.close);
    return gateway;
  }

  async context(): Promise<BrowserContext> {
    const context = await this.#browser.newContext({ viewport: { width: 1280, height: 800 } });
    // Eight that encode and decode eight pictures are slow on two cores.
    context.setDefaultTimeout(60_000);
    this.#cleanings.push(() => context.close());
    return context;
  }

  /** Opens the page, in a context of its own unless one is given. */
  async visit(
    { room, name = 'Ada', moderate = false, before, url = this.url }: Visit,
    context?: BrowserContext,
  ) {
    const page = await (context ?? (await this.context())).newPage();
    await page.addInitScript({ content: `(${stagecraft})(${portrait}, 0)` });
    if (before !== undefined) await page.addInitScript(before);
    const query = new URLSearchParams({
      room,
      name,
      lang: this.language,
      ...(moderate && { moderate: '1' }),
    });
    await page.goto(`${url}/?${query}`);
    await page.waitForSelector('#before');
    return page;
  }

  /** The visitor in the call. */
  async enter(visit: Visit & { readonly without?: boolean }, context?: BrowserContext): Promise<Page> {
    const page = await this.visit(visit, context);
    await page.click(visit.without === true ? '#join-without' : '#join-with');
    await page.waitForSelector('#call');
    return page;
  }

  /** Somebody else comes, and connects to Ada. */
  async come(room: string, name: string, more: Partial<Coming> = {}): Promise<void> {
    const seed = [...name].reduce((sum, character) => sum + (character.codePointAt(0) ?? 0), 0);
    const coming = { url: this.url, room, name, seed, sees: 'Ada', camera: true, microphone: 'on', ...more };
    this.#others ??= await this.#openOthers(coming.url);
    await this.others('come', coming as Coming);
  }

  /** Has one of the others do something. */
  async others<Act extends keyof Others>(act: Act, ...given: Parameters<Others[Act]>): Promise<void> {
    await this.#others?.evaluate(
      async ([name, list]) => {
        const { craft } = window as unknown as { craft: Record<string, (...given: unknown[]) => unknown> };
        await craft[name as string]?.(...(list as unknown[]));
      },
      [act, given],
    );
  }

  /** Makes the visitor's n-th connection say something of itself. */
  async fate(page: Page, ...given: Parameters<Stagecraft['fate']>): Promise<void> {
    await page.evaluate(([index, state]) => {
      const { craft } = window as unknown as { craft: Stagecraft };
      craft.fate(index as number, state as 'disconnected' | 'failed' | undefined);
    }, given);
  }

  /** After a state. */
  async clean(): Promise<void> {
    const cleanings = this.#cleanings.reverse();
    this.#cleanings = [];
    this.#others = undefined;
    for (const clean of cleanings) await clean().catch(() => {});
  }

  async close(): Promise<void> {
    await this.clean();
    for (const close of this.#closings) await close();
  }

  async #openOthers(url: string): Promise<Page> {
    const page = await (await this.context()).newPage();
    // Any address of the gateway: what counts is its origin.
    await page.goto(`${url}/sdk/signalbox.js`);
    await page.evaluate(`import('/sdk/signalbox.js').then((sdk) => (${others})(sdk, ${portrait}, ${slide}))`);
    return page;
  }
}

async function startGateway(webRoot: string, config: RawConfig) {
  const { gateway, close } = await serve({
    config: resolveConfig({ development: true, port: 0 }, config),
    log: pino({ level: 'silent' }),
    version: 'test',
    webRoot,
  });
  let closing: Promise<void> | undefined;
  return {
    url: `http://localhost:${gateway.port}`,
    close: (): Promise<void> => {
      closing ??= close();
      return closing;
    },
  };
}
