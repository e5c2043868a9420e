import { expect, it } from 'vitest';
import { Page } from '../../web/model/page.ts';
import { settled } from './kit.ts';

/** A browser window whose page can be hidden, and whose battery may be low. */
class FakeWindow {
  readonly window = new EventTarget();
  readonly document = Object.assign(new EventTarget(), {
    visibilityState: 'visible' as DocumentVisibilityState,
  });
  readonly locks = new Set<EventTarget>();
  requests = 0;
  batteryLow = false;
  readonly navigator = {
    onLine: true,
    wakeLock: { request: async () => this.#lock() },
  };

  get page(): Page {
    return new Page(this as unknown as ConstructorParameters<typeof Page>[0]);
  }

  show(visible: boolean): void {
    this.document.visibilityState = visible ? 'visible' : 'hidden';
    if (!visible) for (const lock of this.locks) this.#release(lock);
    this.document.dispatchEvent(new Event('visibilitychange'));
  }

  online(online: boolean): void {
    this.navigator.onLine = online;
    this.window.dispatchEvent(new Event(online ? 'online' : 'offline'));
  }

  #lock() {
    this.requests += 1;
    if (this.batteryLow) throw new DOMException('battery', 'NotAllowedError');
    const lock = new EventTarget();
    this.locks.add(lock);
    return Object.assign(lock, { release: async () => this.#release(lock) });
  }

  #release(lock: EventTarget): void {
    if (this.locks.delete(lock)) lock.dispatchEvent(new Event('release'));
  }
}

it('keeps the screen on, and again after the page was hidden', async () => {
  const browser = new FakeWindow();
  const { page } = browser;
  expect(browser.requests).toBe(0);
  page.stayAwake(true);
  page.stayAwake(true);
  await settled();
  expect([page.awake.value, browser.locks.size]).toEqual([true, 1]);
  browser.show(false);
  expect([page.awake.value, page.visible.value]).toEqual([false, false]);
  browser.show(true);
  await settled();
  expect([page.awake.value, browser.locks.size, browser.requests]).toEqual([true, 1, 2]);
  page.stayAwake(false);
  await settled();
  browser.show(true);
  await settled();
  expect([page.awake.value, browser.locks.size, browser.requests]).toEqual([false, 0, 2]);
});

it('lets go of a lock that comes after it is not wanted any more', async () => {
  const browser = new FakeWindow();
  const { page } = browser;
  page.stayAwake(true);
  page.stayAwake(false);
  await settled();
  expect([page.awake.value, browser.locks.size]).toEqual([false, 0]);
});

it('does without where the browser refuses', async () => {
  const browser = new FakeWindow();
  browser.batteryLow = true;
  const { page } = browser;
  page.stayAwake(true);
  await settled();
  expect(page.awake.value).toBe(false);
  browser.batteryLow = false;
  browser.show(true);
  await settled();
  expect(page.awake.value).toBe(true);
});

it('says what the browser says of the network, until it is closed', () => {
  const browser = new FakeWindow();
  const { page } = browser;
  browser.online(false);
  expect(page.online.value).toBe(false);
  browser.online(true);
  expect(page.online.value).toBe(true);
  page.close();
  browser.online(false);
  browser.show(false);
  expect([page.online.value, page.visible.value]).toEqual([true, true]);
});
