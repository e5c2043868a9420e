import { beforeAll, describe, expect, it } from 'vitest';
import { buildWeb } from '../../scripts/build-web.ts';
import { chromiumPath } from './chromium.ts';
import { Caller, eventually, startBrowser, startGateway } from './kit.ts';

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
    // By the clocks of the pages: how long the driver takes to click and to look is not the question.
    const left = await leaver!.leaves();
    const lost = await Promise.all(rest.map((caller) => caller.loses()));
    await leaver!.page.click('#leave');
    const seen = await Promise.all(lost.map((wait) => wait()));
    expect(Math.max(...seen) - (await left())).toBeLessThan(1_000);
    for (const caller of rest) expect(await caller.others()).toHaveLength(2);
    await leaver!.page.waitForSelector('#after:not([hidden])');
    expect(callers.flatMap(({ problems }) => problems)).toEqual([]);
  }, 120_000);

  it('tells a late joiner who is muted, which track is the screen, and what was said', async () => {
    const { url } = await startGateway();
    const browser = await startBrowser();
    const ada = await Caller.join(await browser.newContext(), url, 'Ada', { room: 'late' });
    const bo = await Caller.join(await browser.newContext(), url, 'Bo', { room: 'late' });
    await ada.page.click('#microphone[data-state=on]');
    await ada.page.waitForSelector('#microphone[data-state=muted]');
    await bo.page.click('#screen');
    await bo.page.waitForSelector('.tile.own.screen');
    await bo.say('over <here>');
    await ada.openChat();
    await ada.page.waitForSelector('#messages >> text=over <here>');
    const cy = await Caller.join(await browser.newContext(), url, 'Cy', { room: 'late', without: true });
    await eventually('Cy sees a screen', async () => {
      return (await cy.others()).sort().join() === 'Ada,Bo,Bo screen';
    });
    expect((await cy.tile('Ada'))['microphone']).toBe('muted');
    expect((await cy.tile('Bo'))['microphone']).toBe('on');
    await cy.openChat();
    expect(await cy.page.textContent('#messages')).toContain('over <here>');
    const before = await cy.framesShown();
    await eventually('all three pictures go on', async () => {
      const now = await cy.framesShown();
      return ['Ada', 'Bo', 'Bo screen'].every((name) => (now[name] ?? 0) > (before[name] ?? 0));
    });
    await bo.page.click('#screen');
    await eventually('the screen is gone', async () => !(await cy.others()).includes('Bo screen'));
    await ada.page.click('#microphone');
    await eventually('Ada is heard', async () => (await cy.tile('Ada'))['microphone'] === 'on');
    expect([...ada.problems, ...bo.problems, ...cy.problems]).toEqual([]);
  }, 90_000);

  it('lets one come back after leaving', async () => {
    const { url } = await startGateway();
    const browser = await startBrowser();
    const ada = await Caller.join(await browser.newContext(), url, 'Ada', { room: 'again' });
    const bo = await Caller.join(await browser.newContext(), url, 'Bo', { room: 'again' });
    await allSeeAll([ada, bo]);
    await bo.page.click('#leave');
    await eventually('Ada is alone', async () => (await ada.others()).length === 0, 1_000);
    await bo.page.click('#rejoin');
    await allSeeAll([ada, bo]);
    expect([...ada.problems, ...bo.problems]).toEqual([]);
  }, 90_000);

  it('goes on with one who reloads the page, and nobody sees a leave', async () => {
    const { url } = await startGateway();
    const browser = await startBrowser();
    const ada = await Caller.join(await browser.newContext(), url, 'Ada', { room: 'reload' });
    const bo = await Caller.join(await browser.newContext(), url, 'Bo', { room: 'reload' });
    await allSeeAll([ada, bo]);
    const lost = await bo.loses();
    await ada.page.reload();
    await allSeeAll([ada, bo]);
    await ada.say('I am back');
    await bo.openChat();
    await bo.page.waitForSelector('#messages >> text=I am back');
    const seen = await Promise.race([lost(), new Promise((resolve) => setTimeout(resolve, 5_000, 'nobody'))]);
    expect(seen).toBe('nobody');
    expect(await bo.others()).toEqual(['Ada']);
    expect([...ada.problems, ...bo.problems]).toEqual([]);
  }, 90_000);

  it('connects eight tabs of one profile, all with all', async () => {
    const { url } = await startGateway();
    const browser = await startBrowser();
    const profile = await browser.newContext();
    const tabs: Caller[] = [];
    for (let number = 1; number <= 8; number += 1) {
      tabs.push(await Caller.join(profile, url, `Tab ${number}`, { room: 'eight', without: true }));
    }
    for (const tab of tabs) {
      const others = tabs.flatMap(({ name }) => (name === tab.name ? [] : [name]));
      await eventually(`${tab.name} is connected to all`, async () => {
        const states = await tab.page.$$eval('.tile:not(.own)', (tiles) =>
          tiles.map(
            (tile) => `${(tile as HTMLElement).dataset['name']} ${(tile as HTMLElement).dataset['state']}`,
          ),
        );
        return (
          states.sort().join() ===
          others
            .map((name) => `${name} connected`)
            .sort()
            .join()
        );
      });
    }
    expect(tabs.flatMap(({ problems }) => problems)).toEqual([]);
  }, 120_000);

  it('keeps pictures and connections while the gateway restarts', async () => {
    const gateway = await startGateway();
    const browser = await startBrowser();
    const ada = await Caller.join(await browser.newContext(), gateway.url, 'Ada', { room: 'restart' });
    const bo = await Caller.join(await browser.newContext(), gateway.url, 'Bo', { room: 'restart' });
    await allSeeAll([ada, bo]);
    await gateway.close();
    await Promise.all(
      [ada, bo].map(({ page }) => page.waitForSelector('#status >> text=Reconnecting… the call goes on.')),
    );
    await allSeeAll([ada, bo]);
    await startGateway(gateway.port);
    await Promise.all(
      [ada, bo].map((caller) =>
        eventually('signaling is back', async () => (await caller.page.textContent('#status')) === ''),
      ),
    );
    const cy = await Caller.join(await browser.newContext(), gateway.url, 'Cy', { room: 'restart' });
    await allSeeAll([ada, bo, cy]);
    expect(await Promise.all([ada, bo, cy].map((caller) => caller.connectionsMade()))).toEqual([2, 2, 2]);
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
