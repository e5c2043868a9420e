import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { buildWeb } from '../../scripts/build-web.ts';
import { connect } from '../../src/client/index.ts';
import { chromiumPath } from '../browser/chromium.ts';
import { Caller, eventually, launchBrowser, startGateway } from '../browser/kit.ts';
import { silent } from '../client/gateway-kit.ts';
import { allSee, plainText, profile, recordNotes, sees } from './people.ts';
import { listed } from './room-watch.ts';

const ROOMS = [
  { pattern: 'lobby-*', settings: { lobby: true } },
  { pattern: 'two-*', settings: { maxParticipants: 2 } },
];
/** Would run, if it became part of the page. */
const HOSTILE = '<img src=x onerror="window.hacked=1">';

describe.skipIf(chromiumPath() === undefined)('rooms in use', () => {
  let browser: Browser;
  beforeAll(async () => {
    await buildWeb();
    browser = await launchBrowser();
  });
  afterAll(() => browser?.close());

  /** One who joins without devices, in a profile of their own. */
  async function join(url: string, name: string, room: string, moderate = false): Promise<Caller> {
    return Caller.join(await profile(browser), url, name, { room, moderate, without: true });
  }

  it('a lobby: knocks, waits, is let in, or is not', async () => {
    const { url } = await startGateway(0, { rooms: ROOMS });
    const host = await join(url, 'Host', 'lobby-1', true);
    const said = await recordNotes(host.page);
    const ada = await Caller.open(await profile(browser), url, 'Ada', { room: 'lobby-1' });
    await ada.knock(true);
    await ada.page.waitForSelector('#between[data-state=lobby]');
    expect(await ada.page.textContent('#between h1')).toBe('Waiting to be let in');
    await eventually('the host is told', async () => (await said()).includes('Ada wants to come in'));
    const bo = await Caller.open(await profile(browser), url, 'Bo', { room: 'lobby-1' });
    await bo.knock(true);
    await bo.page.waitForSelector('#between[data-state=lobby]');
    expect(await listed(url, 'lobby-1')).toEqual(['Host']);
    await host.page.click('.people-button');
    await host.page.click('#waiting li[data-name="Ada"] .admit');
    await ada.page.waitForSelector('#call');
    await sees(host, ['Ada']);
    await host.page.click('#waiting li[data-name="Bo"] .deny');
    await bo.page.waitForSelector('#after[data-end=not_let_in]');
    expect(await bo.page.textContent('#after-detail')).toBe('The host did not let you in.');
    expect(await listed(url, 'lobby-1')).toEqual(['Ada', 'Host']);
    expect([...host.problems, ...ada.problems, ...bo.problems]).toEqual([]);
  }, 60_000);

  it('who no longer wants to wait is gone from the door', async () => {
    const { url } = await startGateway(0, { rooms: ROOMS });
    const host = await join(url, 'Host', 'lobby-2', true);
    await host.page.click('.people-button');
    const ada = await Caller.open(await profile(browser), url, 'Ada', { room: 'lobby-2' });
    await ada.knock(true);
    await host.page.waitForSelector('#waiting li[data-name="Ada"]');
    await ada.page.click('#cancel');
    await ada.page.waitForSelector('#before');
    await host.page.waitForSelector('#waiting', { state: 'detached' });
  }, 60_000);

  it('locked, full and removed are told apart, and banned for good', async () => {
    const { url } = await startGateway(0, { rooms: ROOMS });
    const host = await join(url, 'Host', 'two-1', true);
    const ada = await join(url, 'Ada', 'two-1');
    const bo = await Caller.open(await profile(browser), url, 'Bo', { room: 'two-1' });
    await bo.knock(true);
    await bo.page.waitForSelector('#after[data-end=full]');
    // By the host, from the tile.
    await host.page.hover('.tile[data-name="Ada"]');
    await host.page.click('.tile[data-name="Ada"] .tile-tools button:last-child');
    await host.page.click('#tile-remove');
    await ada.page.waitForSelector('#after[data-end=removed]');
    expect(await ada.page.textContent('#after-title')).toBe('You were removed');
    await sees(host, []);
    await host.page.click('#more');
    await host.page.click('#more-lock');
    await host.page.waitForSelector('.call-room .lock');
    await bo.page.click('#rejoin');
    await bo.page.waitForSelector('#after[data-end=locked]');
    await host.page.click('#more');
    await host.page.click('#more-lock');
    await host.page.waitForSelector('.call-room .lock', { state: 'detached' });
    await bo.page.click('#rejoin');
    await bo.page.waitForSelector('#call');
    const identity = await bo.page.evaluate(() => sessionStorage.getItem('signalbox.identity') ?? '');
    await ban(url, 'two-1', identity);
    await bo.page.waitForSelector('#after:is([data-end=removed], [data-end=banned])');
    await bo.page.reload();
    await bo.page.fill('#name', 'Bo');
    await bo.knock(true);
    await bo.page.waitForSelector('#after[data-end=banned]');
    expect(await bo.page.isVisible('#rejoin')).toBe(false);
    expect(await listed(url, 'two-1')).toEqual(['Host']);
  }, 60_000);

  it('ends for all where the host says so twice', async () => {
    const { url } = await startGateway();
    const host = await join(url, 'Host', 'ending', true);
    const ada = await join(url, 'Ada', 'ending');
    await host.page.click('.people-button');
    await host.page.click('#end-for-all');
    expect(await ada.page.isVisible('#call')).toBe(true);
    await host.page.click('#end-for-all');
    for (const { page } of [host, ada]) await page.waitForSelector('#after[data-end=ended]');
  }, 60_000);

  it('a raised hand is seen by the others, and lowered by the host', async () => {
    const { url } = await startGateway();
    const host = await join(url, 'Host', 'hands', true);
    const ada = await join(url, 'Ada', 'hands');
    await ada.page.click('#hand');
    await host.page.waitForSelector('.tile[data-name="Ada"] .hand-up');
    await host.page.click('.people-button');
    expect(await host.page.textContent('#hands li')).toContain('Ada');
    await host.page.click('#hands li button');
    await ada.page.waitForSelector('#hand[data-state=idle]');
    await host.page.waitForSelector('.tile[data-name="Ada"] .hand-up', { state: 'detached' });
  }, 60_000);

  it('two share a screen at once: the newest is large, and both are seen', async () => {
    const { url } = await startGateway();
    const ada = await join(url, 'Ada', 'screens');
    const bo = await join(url, 'Bo', 'screens');
    const cy = await join(url, 'Cy', 'screens');
    await ada.page.click('#screen');
    await sees(cy, ['Ada', 'Ada screen', 'Bo']);
    await cy.page.waitForSelector('.tile.stage.screen[data-name="Ada"]');
    await bo.page.click('#screen');
    await sees(cy, ['Ada', 'Ada screen', 'Bo', 'Bo screen']);
    await cy.page.waitForSelector('.tile.stage.screen[data-name="Bo"]');
    await eventually('both screens are shown', async () => {
      const shown = await cy.framesShown();
      return (shown['Ada screen'] ?? 0) > 0 && (shown['Bo screen'] ?? 0) > 0;
    });
    await bo.page.click('#screen');
    await sees(cy, ['Ada', 'Ada screen', 'Bo']);
    await cy.page.waitForSelector('.tile.stage.screen[data-name="Ada"]');
    expect([...ada.problems, ...bo.problems, ...cy.problems]).toEqual([]);
  }, 60_000);

  it('counts reactions: the same totals at all, also at one who comes late', async () => {
    const { url } = await startGateway();
    const ada = await join(url, 'Ada', 'counted');
    const bo = await join(url, 'Bo', 'counted');
    const react = async ({ page }: Caller, times: number): Promise<void> => {
      await page.click('#react');
      for (let i = 0; i < times; i += 1) await page.click('.reaction[data-reaction=like]');
    };
    await Promise.all([react(ada, 7), react(bo, 5)]);
    await bo.page.click('.reaction[data-reaction=love]');
    const totals = (page: Page) =>
      page.$$eval('#reactions-menu .reaction', (buttons) =>
        Object.fromEntries(
          buttons.map((button) => [
            (button as HTMLElement).dataset['reaction'],
            button.querySelector('.reaction-total')?.textContent,
          ]),
        ),
      );
    const wanted = { like: '12', love: '1' };
    for (const { page } of [ada, bo]) {
      await eventually('the totals are there', async () => (await totals(page))['like'] === wanted.like);
      await eventually('of both', async () => (await totals(page))['love'] === wanted.love);
    }
    const cy = await join(url, 'Cy', 'counted');
    await cy.page.click('#react');
    expect(await totals(cy.page)).toMatchObject(wanted);
    expect([...ada.problems, ...bo.problems, ...cy.problems]).toEqual([]);
  }, 60_000);

  it('shows the last 50 messages to one who comes late, and how many were not read', async () => {
    const { url } = await startGateway();
    const ada = await join(url, 'Ada', 'talk');
    const talker = await connect(url, {
      token: async () => (await fetch(`${url}/dev/token?room=talk&identity=talker&name=Talker`)).text(),
      logger: silent,
    });
    onTestFinished(() => talker.close());
    const room = await talker.join('talk', { name: 'Talker' });
    for (let line = 1; line <= 60; line += 1) await room.send('chat', `line ${line}`);
    await eventually('Ada has not read them', async () => {
      return (await ada.page.textContent('#chat-toggle .badge')) === '60';
    });
    await ada.openChat();
    expect(await ada.page.$('#chat-toggle .badge')).toBe(null);
    expect(await lines(ada.page)).toHaveLength(60);
    const bo = await join(url, 'Bo', 'talk');
    expect(await bo.page.$('#chat-toggle .badge')).toBe(null);
    await bo.openChat();
    expect(await lines(bo.page)).toEqual(Array.from({ length: 50 }, (_, index) => `line ${index + 11}`));
  }, 60_000);

  it('keeps a message that was not sent, and sends it by a click', async () => {
    const gateway = await startGateway();
    const ada = await join(gateway.url, 'Ada', 'pending');
    const bo = await join(gateway.url, 'Bo', 'pending');
    await ada.say('before');
    await ada.page.waitForSelector('#messages li[data-state=sent]');
    await gateway.close();
    await ada.page.waitForSelector('#call[data-phase=reconnecting]');
    await ada.say('meanwhile');
    await ada.page.waitForSelector('#messages li[data-state=pending] >> text=meanwhile');
    // It comes back without its memory: whether the message had arrived nobody can know.
    await startGateway(gateway.port);
    await ada.page.waitForSelector('#messages li[data-state=failed] >> text=meanwhile');
    await sees(ada, ['Bo']);
    await ada.page.click('#messages li[data-state=failed] >> text=Send again');
    await ada.page.waitForSelector('#messages li[data-state=sent] >> text=meanwhile');
    await bo.openChat();
    await bo.page.waitForSelector('#messages >> text=meanwhile');
    expect(await lines(bo.page)).toEqual(['before', 'meanwhile']);
    expect(await lines(ada.page)).toEqual(['before', 'meanwhile']);
  }, 90_000);

  it('takes names, rooms and messages as text, and links only what leads to the web', async () => {
    const { url } = await startGateway();
    const room = '<b>room</b>&lt;';
    const ada = await join(url, HOSTILE, room, true);
    const bo = await join(url, 'Bo', room);
    await sees(bo, [HOSTILE]);
    expect(await bo.page.textContent('#call-title')).toBe(room);
    const text = `${HOSTILE} javascript:alert(1) https://example.org/?a=1&b="<script> http://example.net.`;
    await ada.say(text);
    await bo.page.click('.people-button');
    await bo.openChat();
    await bo.page.waitForSelector('#messages .said');
    expect(await lines(bo.page)).toEqual([text]);
    const links = await bo.page.$$eval('#messages a', (found) =>
      found.map((link) => [link.getAttribute('href') ?? '', link.getAttribute('rel') ?? '']),
    );
    expect(links.map(([href]) => new URL(href ?? '').protocol)).toEqual(['https:', 'http:']);
    for (const [, rel] of links) expect(rel).toContain('noopener');
    for (const { page } of [ada, bo]) {
      expect(await page.evaluate(() => (window as unknown as { hacked?: number }).hacked)).toBeUndefined();
      expect(await page.$$('img[src=x], #call b, script:not([src])')).toEqual([]);
    }
    // What comes from the address too.
    await bo.page.goto(`${url}/?${new URLSearchParams({ room: HOSTILE, name: HOSTILE })}`);
    expect(await bo.page.inputValue('#name')).toBe(HOSTILE);
    expect(await bo.page.$$('img[src=x]')).toEqual([]);
    expect([...ada.problems, ...bo.problems]).toEqual([]);
  }, 60_000);

  it('asks once for a tap where the browser plays no sound, whoever speaks', async () => {
    const { url } = await startGateway();
    const context = await profile(browser);
    await context.addInitScript(refuseSound);
    const cy = await Caller.join(context, url, 'Cy', { room: 'sound', without: true });
    const ada = await Caller.join(await profile(browser), url, 'Ada', { room: 'sound' });
    const bo = await Caller.join(await profile(browser), url, 'Bo', { room: 'sound' });
    await cy.page.waitForSelector('#hear');
    await allSee([ada, bo, cy], [ada, bo]);
    expect(await cy.page.$$('#hear')).toHaveLength(1);
    expect(await plainText(cy.page, '#hear')).toContain('Tap to hear');
    await cy.page.click('#hear-now');
    await cy.page.waitForSelector('#hear', { state: 'detached' });
    const playing = () =>
      cy.page.$$eval('audio', (players) => players.filter((player) => !(player as HTMLAudioElement).paused));
    await eventually('both are heard', async () => (await playing()).length === 2);
    expect(await ada.page.$('#hear')).toBe(null);
  }, 60_000);
});

function lines(page: Page): Promise<string[]> {
  return page.$$eval('#messages .said', (found) => found.map(({ textContent }) => textContent ?? ''));
}

/** As the backend of an operator. */
async function ban(url: string, room: string, identity: string): Promise<void> {
  const token = await (await fetch(`${url}/dev/token?identity=backend&admin=1`)).text();
  const response = await fetch(`${url}/signalbox.v1.RoomService/RemoveParticipant`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
    body: JSON.stringify({ room, identity, ban: true }),
  });
  if (!response.ok) throw new Error(await response.text());
}

/** Runs in the page, before its scripts: a browser that plays no sound before the tap that it is asked for. */
function refuseSound(): void {
  let tapped = false;
  const { play } = HTMLMediaElement.prototype;
  addEventListener(
    'click',
    ({ target }) => {
      if (target instanceof Element && target.closest('#hear-now') !== null) tapped = true;
    },
    { capture: true },
  );
  HTMLMediaElement.prototype.play = function (this: HTMLMediaElement) {
    if (this.muted || tapped) return play.call(this);
    return Promise.reject(new DOMException('play() needs a gesture', 'NotAllowedError'));
  };
}
