import { beforeAll, describe, expect, it } from 'vitest';
import { buildWeb } from '../../scripts/build-web.ts';
import { Caller, chromiumPath, eventually, startBrowser, startGateway } from './kit.ts';

describe.skipIf(chromiumPath() === undefined)('the call page in Chromium', () => {
  beforeAll(() => buildWeb());

  it('lets two people see each other, in frames that go on', async () => {
    const { url } = await startGateway();
    const browser = await startBrowser();
    const ada = await Caller.join(await browser.newContext(), url, 'Ada', { room: 'two' });
    const bo = await Caller.join(await browser.newContext(), url, 'Bo', { room: 'two' });
    await allSeeAll([ada, bo]);
    expect([...ada.problems, ...bo.problems]).toEqual([]);
  }, 60_000);

  it('lets four people see each other, and shows within a second that one has left', async () => {
    const { url } = await startGateway();
    const browser = await startBrowser();
    const names = ['Ada', 'Bo', 'Cy', 'Di'];
    const callers: Caller[] = [];
    for (const name of names)
      callers.push(await Caller.join(await browser.newContext(), url, name, { room: 'four' }));
    await allSeeAll(callers);
    const [leaver, ...rest] = callers.reverse();
    const left = performance.now();
    await leaver!.page.click('#leave');
    await Promise.all(
      rest.map((caller) =>
        eventually(`${caller.name} sees two`, async () => (await caller.others()).length === 2, 1_000),
      ),
    );
    expect(performance.now() - left).toBeLessThan(1_000);
    await leaver!.page.waitForSelector('#after:not([hidden])');
    expect(callers.flatMap(({ problems }) => problems)).toEqual([]);
  }, 120_000);
});

/** Everybody decodes and shows frames of everybody else, and more of them later. */
async function allSeeAll(callers: readonly Caller[]): Promise<void> {
  for (const caller of callers) {
    const others = callers.filter((other) => other !== caller).map(({ name }) => name);
    await eventually(`${caller.name} has tiles of all`, async () => {
      return (await caller.others()).sort().join() === [...others].sort().join();
    });
    await eventually(`${caller.name} decodes a picture of each`, async () => {
      return (await caller.framesDecoded()).length === others.length;
    });
    const decoded = await caller.framesDecoded();
    const shown = await caller.framesShown();
    await eventually(`the pictures at ${caller.name} go on`, async () => {
      const later = await caller.framesDecoded();
      const laterShown = await caller.framesShown();
      return (
        later.length === others.length &&
        later.every((frames, index) => frames > (decoded[index] ?? 0)) &&
        others.every((name) => (laterShown[name] ?? 0) > (shown[name] ?? 0))
      );
    });
  }
}
