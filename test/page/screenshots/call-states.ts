import type { Page } from 'playwright-core';
import type { State } from './state.ts';
import type { Theatre } from './theatre.ts';

const NAMES = ['Bo', 'Chidi', 'Dana', 'Emil', 'Fatima', 'Goro', 'Hana'];
const CONNECTED = '.tile:not(.own)[data-source=camera][data-state=connected]';

/** Ada in a call with as many others; pictures are there. */
export async function callWith(
  theatre: Theatre,
  others: number,
  more: { moderate?: boolean; url?: string } = {},
) {
  const room = theatre.room();
  const page = await theatre.enter({ room, ...more });
  for (const [index, name] of NAMES.slice(0, others).entries()) {
    await theatre.come(room, name, {
      ...(more.url !== undefined && { url: more.url }),
      camera: index !== 2,
      microphone: index % 3 === 1 ? 'muted' : 'on',
    });
  }
  await pictures(page, others);
  return { page, room };
}

/** As many others are connected, and all that there is to see is seen. */
export async function pictures(page: Page, others: number): Promise<void> {
  await page.waitForFunction(
    ([selector, count]) => document.querySelectorAll(selector as string).length === count,
    [CONNECTED, others],
  );
  await page.waitForFunction(() =>
    [...document.querySelectorAll<HTMLVideoElement>('.tile:not([hidden]) video:not([hidden])')].every(
      (video) => video.readyState >= 2 && video.videoWidth > 2,
    ),
  );
}

const withOthers = (name: string, others: number, title: string): State => ({
  name,
  title,
  proof: `#call[data-phase=in_call] ${CONNECTED}`,
  show: async (theatre) => (await callWith(theatre, others)).page,
});

export const CALL_STATES: readonly State[] = [
  {
    name: 'alone',
    title: 'Only you are here: link, copy, share, QR',
    proof: '#alone .qr-code',
    show: (theatre) => theatre.enter({ room: theatre.room() }),
  },
  withOthers('call-2', 1, 'In a call of two'),
  withOthers('call-3', 2, 'Three'),
  withOthers('call-4', 3, 'Four; one without a camera'),
  withOthers('call-5', 4, 'Five'),
  withOthers('call-8', 7, 'Eight'),
  {
    name: 'speaking',
    title: 'Somebody speaks, somebody has a hand up',
    proof: '.tile.speaking:not(.own)',
    show: async (theatre) => {
      const { page } = await callWith(theatre, 3);
      await theatre.others('raiseHand', 'Chidi', true);
      await theatre.others('talk', 'Bo', true);
      return page;
    },
  },
  {
    name: 'names',
    title: 'Long names, and names from right to left',
    proof: CONNECTED,
    show: async (theatre) => {
      const room = theatre.room();
      const page = await theatre.enter({ room, name: 'Ada Lovelace-Byron of the Analytical Engine Society' });
      const names = ['Hubert Blaine Wolfeschlegelsteinhausenbergerdorff', 'עדה לאבלייס (1815)', '王小明'];
      for (const name of names) {
        await theatre.come(room, name, {
          microphone: 'muted',
          sees: 'Ada Lovelace-Byron of the Analytical Engine Society',
        });
      }
      await pictures(page, names.length);
      return page;
    },
  },
  {
    name: 'pinned',
    title: 'One of them large',
    proof: '.tile.stage',
    show: async (theatre) => {
      const { page } = await callWith(theatre, 3);
      await page.hover('.tile[data-name=Bo]');
      await page.click('.tile[data-name=Bo] .tile-tools button:last-child');
      await page.click('#tile-pin');
      return page;
    },
  },
  {
    name: 'screen',
    title: 'A screen on the stage, who shows it beside it',
    proof: '.tile.stage.screen',
    show: async (theatre) => {
      const { page } = await callWith(theatre, 3);
      await theatre.others('share', 'Bo', 0);
      await page.waitForSelector('.tile.stage.screen');
      await page.waitForFunction(
        () => (document.querySelector<HTMLVideoElement>('.tile.stage.screen video')?.videoWidth ?? 0) > 600,
      );
      return page;
    },
  },
  {
    name: 'screens',
    title: 'Several share',
    proof: '.tile.strip.screen',
    show: async (theatre) => {
      const { page } = await callWith(theatre, 3);
      await theatre.others('share', 'Bo', 0);
      await page.waitForSelector('.tile.stage.screen');
      await theatre.others('share', 'Chidi', 1);
      await page.waitForFunction(
        () =>
          document.querySelectorAll('.tile.screen[data-state=connected] video:not([hidden])').length === 2,
      );
      await page.waitForTimeout(1_000);
      return page;
    },
  },
  {
    name: 'own-screen',
    title: 'Sharing the own screen',
    proof: '#screen[data-state=active]',
    show: async (theatre) => {
      const { page } = await callWith(theatre, 1);
      await page.click('#screen');
      await page.waitForSelector('.tile.own.screen');
      return page;
    },
  },
  {
    name: 'muted',
    title: 'Own camera and microphone off, own hand up',
    proof: '#microphone[data-state=muted]',
    show: async (theatre) => {
      const { page } = await callWith(theatre, 2);
      await page.click('#microphone');
      await page.click('#camera');
      await page.keyboard.press('h');
      return page;
    },
  },
  {
    name: 'listener',
    title: 'Joined without devices',
    proof: '#camera[data-state=none]',
    show: async (theatre) => {
      const room = theatre.room();
      const page = await theatre.enter({ room, without: true });
      await theatre.come(room, 'Bo');
      await pictures(page, 1);
      return page;
    },
  },
];
