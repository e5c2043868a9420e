import type { Page } from 'playwright-core';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { buildWeb } from '../../scripts/build-web.ts';
import type { ConnectOptions, Room, Session, SessionState } from '../../src/client/index.ts';
import { connect } from '../../src/client/index.ts';
import { silent } from '../client/gateway-kit.ts';
import { chromiumPath } from './chromium.ts';
import { startBrowser, startGateway } from './kit.ts';

interface Opened {
  readonly session: Session;
  readonly room: Room;
  readonly states: SessionState['status'][];
}

describe.skipIf(chromiumPath() === undefined)('a tab in Chromium that keeps its session', () => {
  beforeAll(() => buildWeb());

  it('has it after a reload, and nobody sees it leave', async () => {
    const { page, bo, left } = await tabAndBo();
    const before = await open(page);
    await page.evaluate(`opened.room.send('chat', 'before')`);
    await page.reload();
    const after = await open(page);
    expect(after).toEqual(before);
    await page.evaluate(`opened.room.send('chat', 'after')`);
    await new Promise((resolve) => setTimeout(resolve, 6_000));
    expect(left).toEqual([]);
    expect(bo.participants.size).toBe(1);
  }, 60_000);

  it('does not share it with a duplicate, which gets one of its own', async () => {
    const { page, bo, left } = await tabAndBo();
    const first = await open(page);
    const copy = await duplicate(page);
    const second = await open(copy);
    expect(second.session).not.toBe(first.session);
    expect(await page.evaluate(`opened.states.join()`)).toBe('connected');
    await page.evaluate(`opened.room.send('chat', 'here')`);
    await copy.evaluate(`opened.room.send('chat', 'here too')`);
    expect([left, bo.participants.size]).toEqual([[], 2]);
    // Each has its own after a reload, too.
    await Promise.all([page.reload(), copy.reload()]);
    expect(await Promise.all([open(page), open(copy)])).toEqual([first, second]);
  }, 60_000);

  it('leaves it to one of the two when it is duplicated while it reloads', async () => {
    const { page, bo, left } = await tabAndBo();
    const before = await open(page);
    await page.reload();
    const copy = await duplicate(page);
    expect(await stored(copy)).toContain(before.session);
    const both = await Promise.all([open(page), open(copy)]);
    expect(both.filter(({ session }) => session === before.session)).toHaveLength(1);
    await new Promise((resolve) => setTimeout(resolve, 2_000));
    for (const each of [page, copy]) expect(await each.evaluate(`opened.states.join()`)).toBe('connected');
    expect([left, bo.participants.size]).toEqual([[], 2]);
  }, 60_000);

  it('without Web Locks has it or is told that the other has, and that is it', async () => {
    const { page } = await tabAndBo();
    await page.context().addInitScript(() => {
      Object.defineProperty(navigator, 'locks', { value: undefined });
    });
    await page.reload();
    const before = await open(page);
    await page.reload();
    const copy = await duplicate(page);
    const both = [page, copy];
    await Promise.all(both.map((each) => open(each).catch(() => {})));
    await new Promise((resolve) => setTimeout(resolve, 3_000));
    const ends = await Promise.all(both.map((each) => each.evaluate(`opened.session.state`)));
    const ids = await Promise.all(both.map((each) => each.evaluate(`opened.session.id`)));
    const statuses = ends.map((state) => (state as SessionState).status).sort();
    expect(statuses).toEqual(['closed', 'connected']);
    expect(ends).toContainEqual(expect.objectContaining({ reason: 'replaced', next: 'stop' }));
    expect(ids[ends.findIndex((state) => (state as SessionState).status === 'connected')]).toBe(
      before.session,
    );
    // No ping-pong: whoever won was connected once.
    const states = await Promise.all(both.map((each) => each.evaluate(`opened.states.join()`)));
    expect(states.sort()).toEqual(['connected', 'connected,closed']);
  }, 60_000);
});

describe.skipIf(chromiumPath() === undefined)('a page in the bfcache of Chromium', () => {
  beforeAll(() => buildWeb());

  it.each([
    ['websocket', 'memory'],
    ['connect-web', 'memory'],
    ['websocket', 'tab'],
  ] as const)(
    'comes back with its session (%s, kept in %s)',
    async (transport, keepSession) => {
      const { page, left, url } = await tabAndBo(['--disable-back-forward-cache']);
      await page.goto(`${url}/`);
      const before = await open(page, { transport, keepSession });
      await page.evaluate(
        `addEventListener('pageshow', ({ persisted }) => { window.persisted = persisted; })`,
      );
      await page.goto(`${url}/?next`);
      // Playwright waits for a load that does not come.
      page.goBack({ timeout: 2_000 }).catch(() => {});
      await page.waitForFunction(`window.persisted === true && opened.session.state.status === 'connected'`);
      await page.evaluate(`opened.room.send('chat', 'back')`);
      expect(await page.evaluate(`[opened.session.id, opened.room.self.id].join()`)).toBe(
        [before.session, before.participant].join(),
      );
      expect(await page.evaluate(`opened.states.join()`)).toBe('connected,suspended,reconnecting,connected');
      expect(left).toEqual([]);
    },
    60_000,
  );
});

/** A page of the gateway, and Bo in the room who sees who leaves. */
async function tabAndBo(without: readonly string[] = []) {
  const { url } = await startGateway();
  const token = async () => (await fetch(`${url}/dev/token?room=demo&identity=bo`)).text();
  const session = await connect(url, { token, logger: silent });
  onTestFinished(() => session.close());
  const bo = await session.join('demo');
  const left: string[] = [];
  bo.on('left', ({ id }) => left.push(id));
  const browser = await startBrowser(undefined, without);
  const page = await (await browser.newContext()).newPage();
  await page.goto(`${url}/healthz`);
  return { page, bo, left, url };
}

/** Connects and joins in the page, as `window.opened`. Returns the ids. */
async function open(
  page: Page,
  options: Pick<ConnectOptions, 'transport' | 'keepSession'> = { keepSession: 'tab' },
): Promise<{ readonly session: string; readonly participant: string }> {
  // As text: vitest rewrites imports in functions.
  const [session, participant] = (await page.evaluate(`(async () => {
    const sdk = await import('/sdk/signalbox.js');
    const token = () => fetch('/dev/token?room=demo&identity=ada').then((response) => response.text());
    const session = await sdk.connect(location.origin, { token, ...${JSON.stringify(options)} });
    const states = [session.state.status];
    session.on('state', ({ status }) => states.push(status));
    window.opened = { session, states };
    window.opened.room = await session.join('demo');
    return [session.id, window.opened.room.self.id];
  })()`)) as [string, string];
  return { session, participant };
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

function stored(page: Page): Promise<string> {
  return page.evaluate(() => JSON.stringify({ ...sessionStorage }));
}

declare global {
  var opened: Opened;
}
