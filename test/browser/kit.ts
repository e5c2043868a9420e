import { join } from 'node:path';
import { pino } from 'pino';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { chromium } from 'playwright-core';
import { onTestFinished } from 'vitest';
import { type RawConfig, resolveConfig } from '../../src/config.ts';
import { serve } from '../../src/serve.ts';
import { BROWSER_ARGUMENTS, chromiumPath } from './chromium.ts';

/** A browser that is closed when the test is finished. `without`: arguments of Playwright's own to be left out. */
export async function startBrowser(
  args: readonly string[] = BROWSER_ARGUMENTS,
  without: readonly string[] = [],
): Promise<Browser> {
  const browser = await launchBrowser(args, without);
  onTestFinished(() => browser.close());
  return browser;
}

/** A browser that the caller closes. */
export function launchBrowser(
  args: readonly string[] = BROWSER_ARGUMENTS,
  without: readonly string[] = [],
): Promise<Browser> {
  const executablePath = chromiumPath();
  if (executablePath === undefined) throw new Error('no Chromium');
  return chromium.launch({ executablePath, args: [...args], ignoreDefaultArgs: [...without] });
}

/** A gateway for tests. */
export interface BrowserGateway {
  readonly url: string;
  readonly port: number;
  /** Ends it before the test does. */
  close(): Promise<void>;
}

/** The gateway with its call page; port 0: a free one. */
export async function startGateway(port = 0, config: RawConfig = {}): Promise<BrowserGateway> {
  const { gateway, close } = await serve({
    config: resolveConfig({ development: true, port }, config),
    log: pino({ level: 'silent' }),
    version: 'test',
    webRoot: join(import.meta.dirname, '../../web/dist'),
  });
  let closing: Promise<void> | undefined;
  const end = () => {
    closing ??= close();
    return closing;
  };
  onTestFinished(end);
  // localhost is a secure context: camera and microphone are to be had.
  return { url: `http://localhost:${gateway.port}`, port: gateway.port, close: end };
}

/** One person at the call page. */
export class Caller {
  readonly name: string;
  readonly page: Page;
  readonly problems: string[] = [];

  constructor(name: string, page: Page) {
    this.name = name;
    this.page = page;
    page.on('pageerror', (error) => this.problems.push(`pageerror: ${error.message}`));
    page.on('console', (message) => {
      if (message.type() === 'error') this.problems.push(message.text());
    });
  }

  /** Opens the page in a tab of this context and joins. */
  static async join(
    context: BrowserContext,
    url: string,
    name: string,
    options: JoinOptions,
  ): Promise<Caller> {
    const caller = await Caller.open(context, url, name, options);
    await caller.knock(options.without);
    await caller.page.waitForSelector('#call:not([hidden])');
    return caller;
  }

  /** Opens the page in a tab of this context, where the form is filled in. */
  static async open(
    context: BrowserContext,
    url: string,
    name: string,
    { room, transport, moderate }: OpenOptions,
  ): Promise<Caller> {
    const page = await context.newPage();
    const caller = new Caller(name, page);
    await page.addInitScript(collectConnections);
    const query = new URLSearchParams({ room });
    if (transport !== undefined) query.set('transport', transport);
    if (moderate === true) query.set('moderate', '1');
    await page.goto(`${url}/?${query}`);
    await page.fill('#name', name);
    return caller;
  }

  /** Clicks on Join, wherever that leads. `without`: with neither camera nor microphone. */
  async knock(without = false): Promise<void> {
    await this.page.click(without ? '#join-without' : '#join-with');
  }

  /** Writes to everybody, in the chat. */
  async say(text: string): Promise<void> {
    await this.openChat();
    await this.page.fill('#chat-text', text);
    await this.page.press('#chat-text', 'Enter');
  }

  /** What the chat shows is to be seen once it is open. */
  async openChat(): Promise<void> {
    if (!(await this.page.isVisible('#chat'))) await this.page.click('#chat-toggle');
  }

  /** Names of the tiles of the others, that of a screen as `Bo screen`. */
  others(): Promise<string[]> {
    return this.page.$$eval('.tile:not(.own)', (tiles) =>
      tiles.map((tile) => {
        const { name, source } = (tile as HTMLElement).dataset;
        return source === 'screen' ? `${name} screen` : `${name}`;
      }),
    );
  }

  /** Frames that each inbound video has decoded, summed for each connection that has any. */
  framesDecoded(): Promise<number[]> {
    return this.page.evaluate(async () => {
      const { connections } = window as unknown as { connections: RTCPeerConnection[] };
      const sums = connections
        .filter(({ connectionState }) => connectionState === 'connected')
        .map(async (connection) => {
          let frames = 0;
          for (const entry of (await connection.getStats()).values()) {
            if (entry.type === 'inbound-rtp' && entry.kind === 'video') frames += entry.framesDecoded ?? 0;
          }
          return frames;
        });
      return (await Promise.all(sums)).filter((frames) => frames > 0);
    });
  }

  /** Frames that each tile of another has shown, by its name. */
  framesShown(): Promise<Record<string, number>> {
    return this.page.$$eval('.tile:not(.own)', (tiles) =>
      Object.fromEntries(
        tiles.map((tile) => {
          const { name, source } = (tile as HTMLElement).dataset;
          const frames = tile.querySelector('video')?.getVideoPlaybackQuality().totalVideoFrames ?? 0;
          return [source === 'screen' ? `${name} screen` : `${name}`, frames];
        }),
      ),
    );
  }

  /** When somebody clicks Leave on this page, in milliseconds since 1970, by the page's own event. */
  leaves(): Promise<() => Promise<number>> {
    return this.#stamp(() => {
      const stamp = (): unknown => Object.assign(window, { stamped: Date.now() });
      document.querySelector('#leave')?.addEventListener('click', stamp, { capture: true });
    });
  }

  /** When this page shows one tile less than now, in milliseconds since 1970. */
  loses(): Promise<() => Promise<number>> {
    return this.#stamp(() => {
      const count = (): number => document.querySelectorAll('.tile:not(.own)').length;
      const before = count();
      new MutationObserver((_changes, observer) => {
        if (count() >= before) return;
        Object.assign(window, { stamped: Date.now() });
        observer.disconnect();
      }).observe(document.body, { childList: true, subtree: true });
    });
  }

  /** `watch` sets `window.stamped`; what is returned waits for it. */
  async #stamp(watch: () => void): Promise<() => Promise<number>> {
    await this.page.evaluate(watch);
    return async () => {
      const handle = await this.page.waitForFunction(
        () => (window as unknown as { stamped?: number }).stamped,
      );
      return (await handle.jsonValue()) as number;
    };
  }

  /** RTCPeerConnections that the page ever made. */
  connectionsMade(): Promise<number> {
    return this.page.evaluate(
      () => (window as unknown as { connections: RTCPeerConnection[] }).connections.length,
    );
  }

  /** What the tile of another says of its microphone and connection. */
  tile(name: string): Promise<Record<string, string | undefined>> {
    return this.page.$eval(`.tile[data-name="${name}"][data-source="camera"]`, (tile) => ({
      ...(tile as HTMLElement).dataset,
    }));
  }
}

interface OpenOptions {
  readonly room: string;
  readonly transport?: 'websocket' | 'connect-web';
  /** As somebody who may moderate. */
  readonly moderate?: boolean;
}

interface JoinOptions extends OpenOptions {
  readonly without?: boolean | undefined;
}

/** Waits until something asynchronous holds; says what it waited for. */
export async function eventually(what: string, holds: () => Promise<boolean>, ms = 20_000): Promise<void> {
  const end = performance.now() + ms;
  while (!(await holds())) {
    if (performance.now() > end) throw new Error(`not in ${ms} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Runs in the page, before its scripts: keeps every RTCPeerConnection, as evidence that is not the page's own word. */
function collectConnections(): void {
  const connections: RTCPeerConnection[] = [];
  Object.assign(window, { connections });
  window.RTCPeerConnection = class extends RTCPeerConnection {
    constructor(configuration?: RTCConfiguration) {
      super(configuration);
      connections.push(this);
    }
  };
}
