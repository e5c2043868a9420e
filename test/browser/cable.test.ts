import type { BrowserContext, Page } from 'playwright-core';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { buildWeb } from '../../scripts/build-web.ts';
import { FaultProxy } from '../fault/fault-proxy.ts';
import { chromiumPath } from './chromium.ts';
import { Caller, eventually, startBrowser, startGateway } from './kit.ts';
import { Hosts, whyNoNamespaces } from './namespaces.ts';

/** How long the network is away. */
const CUT_MS = 5_000;
/** A call is back so long after its network, at the latest. */
const BACK_MS = 20_000;
const ROUNDS = 1;

const hasBrowser = chromiumPath() !== undefined;
const missing = whyNoNamespaces();
if (missing !== undefined) console.warn(`Calls whose packets are cut did not run: ${missing}.`);

describe.skipIf(!hasBrowser || missing !== undefined)(
  'a call in Chromium whose network is cut for 5 s',
  () => {
    beforeAll(() => buildWeb());

    it('during ICE, connects when it is back, without a reload', async () => {
      const hosts = await Hosts.start();
      const [here, there] = [await hosts.browser(1), await hosts.browser(2)];
      const bo = await Caller.join(await there.newContext(), hosts.url, 'Bo', { room: 'ice' });
      for (let round = 1; round <= ROUNDS; round += 1) {
        const context = await here.newContext();
        const cut = afterFirstOffer(context, () => hosts.cut());
        const ada = await Caller.join(context, hosts.url, `Ada ${round}`, { room: 'ice' });
        await cut;
        await pause(CUT_MS);
        // That it was the network that kept them apart.
        expect(await connected(ada)).toBe(0);
        hosts.mend();
        await seesOther(ada, 'Bo');
        await seesOther(bo, `Ada ${round}`);
        expect(await ada.connectionsMade()).toBe(1);
        await context.close();
        await eventually('Ada is gone', async () => (await bo.others()).length === 0);
      }
    }, 180_000);

    it('in mid-call, goes on over the same connection, without a reload', async () => {
      const hosts = await Hosts.start();
      const [here, there] = [await hosts.browser(1), await hosts.browser(2)];
      const bo = await Caller.join(await there.newContext(), hosts.url, 'Bo', { room: 'mid' });
      const ada = await Caller.join(await here.newContext(), hosts.url, 'Ada', { room: 'mid' });
      await seesOther(ada, 'Bo');
      for (let round = 1; round <= ROUNDS; round += 1) {
        const { peers, signaling } = await cutOff(hosts, ada, bo, CUT_MS);
        // Chromium takes five seconds to call a path disconnected, so that it may or may not say so.
        expect(PASSING).toContain(peers.join());
        expect(signaling).toEqual([]);
      }
      const { peers, signaling } = await cutOff(hosts, ada, bo, 2 * CUT_MS);
      expect(PASSING.slice(1)).toContain(peers.join());
      // A line that has been silent for longer than a Ping may take is opened anew: ten seconds may or may not be that.
      expect([[], [RECONNECTING, '']]).toContainEqual(signaling);
      expect(await Promise.all([ada, bo].map((caller) => caller.connectionsMade()))).toEqual([1, 1]);
      expect(await ada.page.evaluate(() => performance.getEntriesByType('navigation').length)).toBe(1);
    }, 180_000);

    it('by a pulled cable that the browser notices, says so and goes on when it is in again', async () => {
      const hosts = await Hosts.start();
      const [here, there] = [await hosts.browser(1), await hosts.browser(2)];
      const bo = await Caller.join(await there.newContext(), hosts.url, 'Bo', { room: 'cable' });
      const ada = await Caller.join(await here.newContext(), hosts.url, 'Ada', { room: 'cable' });
      await seesOther(ada, 'Bo');
      for (let round = 1; round <= ROUNDS; round += 1) {
        const seen = await watchStates(ada.page);
        hosts.unplug();
        await pause(CUT_MS);
        hosts.plug();
        await seesOther(ada, 'Bo');
        await seesOther(bo, 'Ada');
        await eventually('signaling is back', async () => (await seen()).at(-1) !== RECONNECTING);
        expect((await seen()).filter((state) => state === RECONNECTING)).toHaveLength(1);
        expect((await seen()).filter((state) => state === 'Bo failed')).toEqual([]);
      }
      // Whoever was there before is there still: the same session, the same participant, no leave.
      expect(await bo.page.textContent('#count')).toBe('2 participants');
    }, 180_000);
  },
);

describe.skipIf(!hasBrowser)('a call in Chromium whose signaling is cut', () => {
  beforeAll(() => buildWeb());

  it('for 5 s right behind its offer, connects when it is back', async () => {
    const gateway = await startGateway();
    const proxy = await FaultProxy.start(`http://127.0.0.1:${gateway.port}`);
    onTestFinished(() => proxy.close());
    const browser = await startBrowser();
    const bo = await Caller.join(await browser.newContext(), gateway.url, 'Bo', { room: 'offer' });
    const context = await browser.newContext();
    const cut = afterFirstOffer(context, () => {
      proxy.door = 'hole';
      proxy.set({ hole: 'both' });
    });
    const ada = await Caller.join(context, proxy.url.replace('127.0.0.1', 'localhost'), 'Ada', {
      room: 'offer',
    });
    await cut;
    await pause(CUT_MS);
    expect(await connected(ada)).toBe(0);
    proxy.set({ hole: 'none' });
    proxy.door = 'open';
    await seesOther(ada, 'Bo');
    await seesOther(bo, 'Ada');
    expect(await Promise.all([ada, bo].map((caller) => caller.connectionsMade()))).toEqual([1, 1]);
  }, 60_000);

  it('goes on; the page says that it reconnects, and covers no picture with that', async () => {
    const gateway = await startGateway();
    const proxy = await FaultProxy.start(`http://127.0.0.1:${gateway.port}`);
    onTestFinished(() => proxy.close());
    const browser = await startBrowser();
    const url = proxy.url.replace('127.0.0.1', 'localhost');
    const bo = await Caller.join(await browser.newContext(), gateway.url, 'Bo', { room: 'signaling' });
    const ada = await Caller.join(await browser.newContext(), url, 'Ada', { room: 'signaling' });
    await seesOther(ada, 'Bo');
    await seesOther(bo, 'Ada');
    const pictures = await boxes(ada.page, '.tile');
    const [seen, seenByBo] = [await watchStates(ada.page), await watchStates(bo.page)];
    proxy.door = 'hole';
    proxy.cut();
    await ada.page.waitForSelector('#status >> text=Reconnecting');
    const [before, beforeBo] = [await framesOf(ada), await framesOf(bo)];
    await pause(CUT_MS);
    expect((await framesOf(ada)) - before).toBeGreaterThan(10);
    expect((await framesOf(bo)) - beforeBo).toBeGreaterThan(10);
    expect(await boxes(ada.page, '.tile')).toEqual(pictures);
    const [said] = await boxes(ada.page, '#status');
    for (const picture of pictures) expect(overlap(said, picture)).toBe(false);
    proxy.door = 'open';
    await eventually('signaling is back', async () => (await ada.page.textContent('#status')) === '');
    expect(await seen()).toEqual([RECONNECTING, '']);
    expect(await seenByBo()).toEqual([]);
    await ada.say('still here');
    await bo.openChat();
    await bo.page.waitForSelector('#messages >> text=still here');
    expect(await Promise.all([ada, bo].map((caller) => caller.connectionsMade()))).toEqual([1, 1]);
  }, 60_000);
});

/** No picture comes to Ada for so long. Returns what her page says of Bo and of signaling until all goes on. */
async function cutOff(hosts: Hosts, ada: Caller, bo: Caller, ms: number) {
  const seen = await watchStates(ada.page);
  hosts.cut();
  await pause(1_000);
  const stalled = await framesOf(ada);
  await pause(ms - 1_000);
  expect(await framesOf(ada)).toBe(stalled);
  hosts.mend();
  await seesOther(ada, 'Bo');
  await seesOther(bo, 'Ada');
  await eventually('signaling is back', async () => (await ada.page.textContent('#status')) === '');
  const states = await seen();
  const isOfPeer = (state: string) => state.startsWith('Bo ');
  return { peers: states.filter(isOfPeer), signaling: states.filter((state) => !isOfPeer(state)) };
}

/** A path that flaps as it comes back is interrupted twice. */
const INTERRUPTED = 'Bo interrupted,Bo connected';
const PASSING = ['', INTERRUPTED, `${INTERRUPTED},${INTERRUPTED}`];
const RECONNECTING = 'Reconnecting… the call goes on.';

/** Both pictures of a call of two come in, and go on. */
async function seesOther(caller: Caller, name: string): Promise<void> {
  await eventually(
    `${caller.name} is connected to ${name}`,
    async () => {
      return (await caller.others()).join() === name && (await caller.tile(name))['state'] === 'connected';
    },
    BACK_MS,
  );
  const before = await framesOf(caller);
  await eventually(
    `the picture of ${name} goes on`,
    async () => (await framesOf(caller)) > before + 5,
    BACK_MS,
  );
}

/** Frames that the pictures of the others have shown, whatever state their connections are in. */
async function framesOf(caller: Caller): Promise<number> {
  return Object.values(await caller.framesShown()).reduce((sum, frames) => sum + frames, 0);
}

/** RTCPeerConnections of the page that are connected, by their own word. */
function connected({ page }: Caller): Promise<number> {
  return page.evaluate(() => {
    const { connections } = window as unknown as { connections: RTCPeerConnection[] };
    return connections.filter(({ connectionState }) => connectionState === 'connected').length;
  });
}

/**
 * Calls `action` when a page of the context has sent its first offer. No answer is taken before that is done: on a fast
 * network ICE is through before anything can be cut.
 */
async function afterFirstOffer(context: BrowserContext, action: () => void): Promise<void> {
  await new Promise<void>((resolve) => {
    void context.exposeFunction('offered', () => {
      action();
      resolve();
    });
    void context.addInitScript(() => {
      const { setLocalDescription, setRemoteDescription } = RTCPeerConnection.prototype;
      let told: Promise<void> | undefined;
      Object.assign(RTCPeerConnection.prototype, {
        async setLocalDescription(this: RTCPeerConnection, description: RTCSessionDescriptionInit) {
          await Reflect.apply(setLocalDescription, this, [description]);
          // After the turn in which the page sends it.
          const sent = new Promise((after) => setTimeout(after, 0));
          told ??= sent.then(() => (window as unknown as { offered(): Promise<void> }).offered());
        },
        async setRemoteDescription(this: RTCPeerConnection, description: RTCSessionDescriptionInit) {
          await told;
          await Reflect.apply(setRemoteDescription, this, [description]);
        },
      });
    });
  });
}

/** What the page says from now on: of signaling in its status line, of peers in their tiles. */
async function watchStates(page: Page): Promise<() => Promise<string[]>> {
  const name = `seen${Math.random()}`;
  await page.evaluate((key) => {
    const seen: string[] = [];
    Object.assign(window, { [key]: seen });
    const read = () => [
      document.querySelector('#status')?.textContent ?? '',
      ...[...document.querySelectorAll<HTMLElement>('.tile:not(.own)')].map(
        ({ dataset }) => `${dataset['name']} ${dataset['state']}`,
      ),
    ];
    let last = read();
    const look = () => {
      const now = read();
      seen.push(...now.filter((text, index) => text !== last[index]));
      last = now;
    };
    const options = { subtree: true, childList: true, characterData: true, attributes: true };
    new MutationObserver(look).observe(document.body, options);
  }, name);
  return () => page.evaluate((key) => (window as unknown as Record<string, string[]>)[key] ?? [], name);
}

interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

function boxes(page: Page, selector: string): Promise<Box[]> {
  return page.$$eval(selector, (elements) =>
    elements.map((element) => {
      const { x, y, width, height } = element.getBoundingClientRect();
      return { x, y, width, height };
    }),
  );
}

function overlap(a: Box | undefined, b: Box): boolean {
  if (a === undefined) return false;
  const [inX, inY] = [
    a.x < b.x + b.width && b.x < a.x + a.width,
    a.y < b.y + b.height && b.y < a.y + a.height,
  ];
  return inX && inY;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
