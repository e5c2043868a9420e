import type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright-core';
import { onTestFinished } from 'vitest';
import { type Caller, eventually } from '../browser/kit.ts';

/** A visitor's browser profile, closed when the test is finished: a call that is left open costs the next test its time. */
export async function profile(browser: Browser, options?: BrowserContextOptions): Promise<BrowserContext> {
  const context = await browser.newContext(options);
  onTestFinished(() => context.close());
  return context;
}

/** Everybody sees everybody: in words, and in pictures that go on of those who send one. */
export async function allSee(
  callers: readonly Caller[],
  senders: readonly Caller[] = callers,
): Promise<void> {
  for (const caller of callers) {
    await sees(
      caller,
      callers.filter((other) => other !== caller).map(({ name }) => name),
    );
    const sending = senders.filter((other) => other !== caller).map(({ name }) => name);
    const before = await caller.framesShown();
    await eventually(`the pictures of ${sending.join()} go on at ${caller.name}`, async () => {
      const now = await caller.framesShown();
      return sending.every((name) => (now[name] ?? 0) > (before[name] ?? 0));
    });
  }
}

/** Has a tile of each of these and of nobody else. */
export async function sees(caller: Caller, names: readonly string[], ms?: number): Promise<void> {
  const wanted = [...names].sort().join();
  await eventually(
    `${caller.name} sees ${wanted || 'nobody'}`,
    async () => (await caller.others()).sort().join() === wanted,
    ms,
  );
}

/** What a page said by itself: each note once. */
export async function recordNotes(page: Page): Promise<() => Promise<string[]>> {
  await page.evaluate(() => {
    const said: string[] = [];
    Object.assign(window, { said });
    new MutationObserver((changes) => {
      for (const { addedNodes } of changes) {
        for (const node of addedNodes) {
          // Names are isolated from the direction of the text around them.
          const text = (node.textContent ?? '').replace(/[\u2068\u2069]/g, '');
          if (node instanceof HTMLElement && node.matches('.note')) said.push(text);
        }
      }
    }).observe(document.body, { childList: true, subtree: true });
  });
  return () => page.evaluate(() => (window as unknown as { said: string[] }).said);
}

/** Descriptions that the page set so far: a change of a device sets none. Needs `countNegotiations`. */
export function negotiations(page: Page): Promise<number> {
  return page.evaluate(() => (window as unknown as { negotiations: number }).negotiations);
}

/** Runs in the page, before its scripts. */
export function countNegotiations(): void {
  Object.assign(window, { negotiations: 0 });
  const { prototype } = RTCPeerConnection;
  const { setLocalDescription } = prototype;
  prototype.setLocalDescription = function (this: RTCPeerConnection, ...args: unknown[]) {
    (window as unknown as { negotiations: number }).negotiations += 1;
    return (setLocalDescription as (...args: unknown[]) => Promise<void>).apply(this, args);
  } as typeof setLocalDescription;
}

/** Texts without the marks that keep names apart from the direction around them. */
export async function plainText(page: Page, selector: string): Promise<string> {
  return ((await page.textContent(selector)) ?? '').replace(/[\u2068\u2069]/g, '');
}
