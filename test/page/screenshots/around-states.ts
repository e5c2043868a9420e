import type { State } from './state.ts';
import type { Theatre } from './theatre.ts';

const host = { moderate: true, sees: 'nobody', camera: false } as const;

/** In a call with Bo, who may moderate; what he does ends it. */
async function endedBy(theatre: Theatre, act: (room: string) => Promise<void>) {
  const room = theatre.room();
  const page = await theatre.enter({ room });
  await theatre.come(room, 'Bo', { moderate: true });
  await page.waitForSelector('.tile[data-name=Bo][data-state=connected]');
  await act(room);
  return page;
}

/** Out of the call, before it begins or after it. */
export const AROUND_STATES: readonly State[] = [
  {
    name: 'connecting',
    title: 'Connecting',
    proof: '#between[data-state=connecting]',
    show: async (theatre) => {
      const page = await theatre.visit({ room: theatre.room() });
      await page.route('**/dev/token*', () => {});
      await page.click('#join-without');
      return page;
    },
  },
  {
    name: 'lobby',
    title: 'Waiting to be let in',
    proof: '#between[data-state=lobby]',
    show: async (theatre) => {
      const room = theatre.room('lobby');
      await theatre.come(room, 'Host', host);
      const page = await theatre.visit({ room });
      await page.click('#join-with');
      return page;
    },
  },
  {
    name: 'lobby-listener',
    title: 'Waiting to be let in, without devices',
    proof: '#between[data-state=lobby]',
    show: async (theatre) => {
      const room = theatre.room('lobby');
      await theatre.come(room, 'Host', host);
      const page = await theatre.visit({ room });
      await page.click('#join-without');
      return page;
    },
  },
  {
    name: 'not-let-in',
    title: 'A host refused',
    proof: '#after[data-end=not_let_in]',
    show: async (theatre) => {
      const room = theatre.room('lobby');
      await theatre.come(room, 'Host', host);
      const page = await theatre.visit({ room });
      await page.click('#join-without');
      await page.waitForSelector('#between[data-state=lobby]');
      await theatre.others('deny', 'Host', 'Ada');
      return page;
    },
  },
  {
    name: 'not-started',
    title: 'The room is not open yet',
    proof: '#after[data-end=not_started]',
    show: async (theatre) => {
      const page = await theatre.visit({ room: theatre.room('later') });
      await page.click('#join-without');
      return page;
    },
  },
  {
    name: 'room-full',
    title: 'The room is full',
    proof: '#after[data-end=full]',
    show: async (theatre) => {
      const room = theatre.room('small');
      await theatre.come(room, 'Bo', host);
      const page = await theatre.visit({ room });
      await page.click('#join-without');
      return page;
    },
  },
  {
    name: 'room-locked',
    title: 'The room is locked',
    proof: '#after[data-end=locked]',
    show: async (theatre) => {
      const room = theatre.room();
      await theatre.come(room, 'Bo', host);
      await theatre.others('lock', 'Bo');
      const page = await theatre.visit({ room });
      await page.click('#join-without');
      return page;
    },
  },
  {
    name: 'left',
    title: 'Left, and one tap from being back',
    proof: '#after[data-end=left]',
    show: async (theatre) => {
      const page = await theatre.enter({ room: theatre.room(), without: true });
      await page.click('#leave');
      return page;
    },
  },
  {
    name: 'removed',
    title: 'Removed by a host',
    proof: '#after[data-end=removed]',
    show: (theatre) => endedBy(theatre, () => theatre.others('remove', 'Bo', 'Ada')),
  },
  {
    name: 'ended',
    title: 'Ended for all',
    proof: '#after[data-end=ended]',
    show: (theatre) => endedBy(theatre, () => theatre.others('end', 'Bo')),
  },
  {
    name: 'replaced',
    title: 'Joined from another tab: take over here',
    proof: '#after[data-end=replaced]',
    show: async (theatre) => {
      const room = theatre.room('single');
      const page = await theatre.enter({ room, without: true });
      const identity = await page.evaluate(() => sessionStorage.getItem('signalbox.identity') ?? '');
      await theatre.come(room, 'Ada', { identity, sees: 'nobody' });
      return page;
    },
  },
  {
    name: 'gateway-closed',
    title: 'The gateway closed for good',
    proof: '#after[data-end=gateway_closed]',
    show: async (theatre) => {
      const page = await theatre.visit({ room: theatre.room() });
      let close = (): Promise<void> => Promise.resolve();
      await page.routeWebSocket(/.*/, (socket) => {
        socket.connectToServer();
        // ABORTED: what the gateway says when there is nothing to come back to.
        close = () => socket.close({ code: 4010 });
      });
      await page.click('#join-without');
      await page.waitForSelector('#call');
      await close();
      return page;
    },
  },
];
