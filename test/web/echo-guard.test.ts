import { expect, it } from 'vitest';
import { EchoGuard } from '../../web/model/echo-guard.ts';
import { values } from './kit.ts';

/** The BroadcastChannels of one browser, which deliver at once. */
class FakeBrowser {
  readonly channels = new Set<EventTarget>();

  guard(page: string): EchoGuard {
    return new EchoGuard({ page, open: () => this.#open() });
  }

  #open() {
    const { channels } = this;
    const target = new EventTarget();
    channels.add(target);
    return Object.assign(target, {
      postMessage(data: unknown) {
        for (const other of [...channels]) {
          if (other !== target) other.dispatchEvent(new MessageEvent('message', { data }));
        }
      },
      close: () => void channels.delete(target),
    });
  }
}

it('counts the other pages in the same room, on both sides', () => {
  const browser = new FakeBrowser();
  const [a, b, c] = [browser.guard('a'), browser.guard('b'), browser.guard('c')];
  a.enter('blue');
  b.enter('blue');
  c.enter('green');
  expect([a, b, c].map(({ twins }) => twins.value)).toEqual([1, 1, 0]);
  b.leave();
  expect([a, b].map(({ twins }) => twins.value)).toEqual([0, 0]);
});

it('changes rooms with its page', () => {
  const browser = new FakeBrowser();
  const [a, b] = [browser.guard('a'), browser.guard('b')];
  a.enter('blue');
  b.enter('blue');
  b.enter('green');
  expect([a, b].map(({ twins }) => twins.value)).toEqual([0, 0]);
  expect(browser.channels.size).toBe(2);
});

it('forgets a page that went without a word when it is asked to look again', () => {
  const browser = new FakeBrowser();
  const [a, b, c] = [browser.guard('a'), browser.guard('b'), browser.guard('c')];
  for (const guard of [a, b, c]) guard.enter('blue');
  const [, crashed] = [...browser.channels];
  browser.channels.delete(crashed!);
  expect(a.twins.value).toBe(2);
  a.recheck();
  expect(a.twins.value).toBe(1);
});

it('does without where the browser has no such channel, and takes no nonsense', () => {
  const bare = new EchoGuard({ page: 'a', open: () => undefined });
  bare.enter('blue');
  bare.recheck();
  bare.leave();
  const browser = new FakeBrowser();
  const guard = browser.guard('a');
  guard.enter('blue');
  const seen = values(guard.twins);
  for (const channel of browser.channels) {
    for (const data of [null, 'who', {}, { say: 'here', room: 'blue' }])
      channel.dispatchEvent(new MessageEvent('message', { data }));
  }
  expect(seen).toEqual([]);
});
