import { callWith } from './call-states.ts';
import type { Stagecraft } from './in-page.ts';
import type { State } from './state.ts';

/** In a call, with something that is not as it should be. */
export const TROUBLE_STATES: readonly State[] = [
  {
    name: 'reconnecting',
    title: 'Reconnecting: the call goes on',
    proof: '#call[data-phase=reconnecting] #status:not(:empty)',
    show: async (theatre) => {
      const { url, close } = await theatre.gateway();
      const { page } = await callWith(theatre, 2, { url });
      await close();
      return page;
    },
  },
  {
    name: 'offline',
    title: 'No network at all',
    proof: '.call-status:has(#offline) #try-now',
    show: async (theatre) => {
      const { page } = await callWith(theatre, 2);
      await page.context().setOffline(true);
      return page;
    },
  },
  {
    name: 'offline-first',
    title: 'No network, as the browser says; the connection is being tested',
    proof: '.call-status[data-shown=true] #offline',
    show: async (theatre) => {
      const { page } = await callWith(theatre, 1);
      await page.evaluate(() => {
        Object.defineProperty(navigator, 'onLine', { value: false });
        dispatchEvent(new Event('offline'));
      });
      return page;
    },
  },
  {
    name: 'interrupted',
    title: 'The connection to one is unstable',
    proof: '.tile[data-state=interrupted] .tile-state',
    show: async (theatre) => {
      const { page } = await callWith(theatre, 3);
      await theatre.fate(page, 0, 'disconnected');
      return page;
    },
  },
  {
    name: 'interrupted-2',
    title: 'The connection to the only other is unstable',
    proof: '.tile[data-state=interrupted] .tile-state',
    show: async (theatre) => {
      const { page } = await callWith(theatre, 1);
      await theatre.fate(page, 0, 'disconnected');
      return page;
    },
  },
  {
    name: 'failed',
    title: 'No path to one',
    proof: '.tile[data-state=failed] .tile-state',
    show: async (theatre) => {
      const { page } = await callWith(theatre, 3);
      await theatre.fate(page, 0, 'failed');
      return page;
    },
  },
  {
    name: 'failed-2',
    title: 'No path to the only other',
    proof: '.tile[data-state=failed] .tile-state',
    show: async (theatre) => {
      const { page } = await callWith(theatre, 1);
      await theatre.fate(page, 0, 'failed');
      return page;
    },
  },
  {
    name: 'tap-to-hear',
    title: 'The browser refused to play sound',
    proof: '#hear-now',
    show: async (theatre) => {
      const room = theatre.room();
      const page = await theatre.enter({
        room,
        before: () => {
          const play = HTMLMediaElement.prototype.play;
          HTMLMediaElement.prototype.play = function (this: HTMLMediaElement) {
            if (this.muted) return play.call(this);
            return Promise.reject(new DOMException('play() failed: no user gesture', 'NotAllowedError'));
          };
        },
      });
      await theatre.come(room, 'Bo');
      await page.waitForSelector('.tile[data-name=Bo][data-state=connected]');
      return page;
    },
  },
  {
    name: 'echo',
    title: 'The same call in another tab of this browser',
    proof: '#echo',
    show: async (theatre) => {
      const room = theatre.room();
      const context = await theatre.context();
      const page = await theatre.enter({ room, name: 'Ada' }, context);
      await theatre.enter({ room, name: 'Ada too' }, context);
      await page.bringToFront();
      return page;
    },
  },
  {
    name: 'muted-speaking',
    title: 'Speaking while muted',
    proof: '#muted-talking',
    show: async (theatre) => {
      const { page } = await callWith(theatre, 1);
      await page.click('#microphone');
      await page.evaluate(() => (window as unknown as { craft: Stagecraft }).craft.talk(true));
      return page;
    },
  },
  {
    name: 'device-refused',
    title: 'A device that cannot be had, in the call',
    proof: '#notice',
    show: async (theatre) => {
      const room = theatre.room();
      const page = await theatre.enter({
        room,
        without: true,
        before: () => {
          navigator.mediaDevices.getUserMedia = () =>
            Promise.reject(new DOMException('Could not start video source', 'NotReadableError'));
        },
      });
      await theatre.come(room, 'Bo');
      await page.waitForSelector('.tile[data-name=Bo][data-state=connected]');
      await page.click('#camera');
      return page;
    },
  },
  {
    name: 'device-gone',
    title: 'The camera in use was unplugged, and there is no other',
    proof: '#notice',
    show: async (theatre) => {
      const room = theatre.room();
      const page = await theatre.enter({
        room,
        before: () => {
          const open = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
          const list = navigator.mediaDevices.enumerateDevices.bind(navigator.mediaDevices);
          let gone = false;
          navigator.mediaDevices.enumerateDevices = async () =>
            (await list()).filter(({ kind }) => !gone || kind !== 'videoinput');
          navigator.mediaDevices.getUserMedia = async (constraints) => {
            const stream = await open(constraints);
            const [camera] = stream.getVideoTracks();
            const unplug = () => {
              gone = true;
              camera?.stop();
              camera?.dispatchEvent(new Event('ended'));
            };
            Object.assign(window, { unplug });
            return stream;
          };
        },
      });
      await theatre.come(room, 'Bo');
      await page.waitForSelector('.tile[data-name=Bo][data-state=connected]');
      await page.evaluate(() => (window as unknown as { unplug(): void }).unplug());
      return page;
    },
  },
];
