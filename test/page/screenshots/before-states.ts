import { randomBytes } from 'node:crypto';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import type { State } from './state.ts';
import type { Theatre } from './theatre.ts';

/** A click on Join where devices are refused, with the error that browsers give. */
function refused(name: string, title: string, before: () => void): State {
  return {
    name,
    title,
    proof: '#join-error:not([hidden])',
    show: async (theatre) => {
      const page = await theatre.visit({ room: theatre.room(), before });
      await page.click('#join-with');
      return page;
    },
  };
}

export const BEFORE_STATES: readonly State[] = [
  {
    name: 'before',
    title: 'Before joining, nothing asked yet',
    proof: '#preview-on',
    show: (theatre) => theatre.visit({ room: theatre.room() }),
  },
  {
    name: 'before-preview',
    title: 'Own preview, level meter, device pickers',
    proof: '#preview:not([hidden])',
    show: async (theatre) => {
      const page = await theatre.visit({ room: theatre.room() });
      await page.click('#preview-on');
      await page.waitForSelector('#level');
      await page.click('.more-devices summary');
      return page;
    },
  },
  {
    name: 'before-without-camera',
    title: 'Join without camera',
    proof: '#wish-camera[data-state=off]',
    show: async (theatre) => {
      const page = await theatre.visit({ room: theatre.room() });
      await page.click('#wish-camera');
      return page;
    },
  },
  {
    name: 'before-nameless',
    title: 'First visit: no name yet, a room suggested',
    proof: '#name:invalid',
    show: (theatre) => theatre.visit({ room: '', name: '' }),
  },
  {
    name: 'before-token',
    title: 'A gateway that gives no tokens to visitors, and one that it does not take',
    proof: '#token',
    show: async (theatre) => {
      const { url } = await theatre.gateway({ development: false, keyFile: await keyFile() });
      const page = await theatre.visit({ room: theatre.room(), url });
      await page.click('#join-without');
      await page.fill('#token', 'not-a-token');
      await page.click('#join-without');
      await page.waitForSelector('#join-error:not([hidden])');
      return page;
    },
  },
  {
    name: 'unreachable',
    title: 'The gateway is away when one joins',
    proof: '#after[data-end=unreachable]',
    show: async (theatre) => {
      const gateway = await theatre.gateway();
      const page = await theatre.visit({ room: theatre.room(), url: gateway.url });
      await gateway.close();
      await page.click('#join-without');
      return page;
    },
  },
  refused('denied', 'Permission denied: how to allow it', () => {
    navigator.mediaDevices.getUserMedia = () =>
      Promise.reject(new DOMException('Permission denied', 'NotAllowedError'));
    navigator.permissions.query = () => Promise.resolve({ state: 'denied' } as PermissionStatus);
  }),
  refused('denied-by-system', 'The system keeps the devices from the browser', () => {
    navigator.mediaDevices.getUserMedia = () =>
      Promise.reject(new DOMException('Permission denied by system', 'NotAllowedError'));
  }),
  refused('dismissed', 'Permission dismissed: ask again', () => {
    navigator.mediaDevices.getUserMedia = () =>
      Promise.reject(new DOMException('Permission dismissed', 'NotAllowedError'));
    navigator.permissions.query = () => Promise.resolve({ state: 'prompt' } as PermissionStatus);
  }),
  refused('no-device', 'No camera and no microphone', () => {
    navigator.mediaDevices.getUserMedia = () =>
      Promise.reject(new DOMException('Requested device not found', 'NotFoundError'));
  }),
  refused('busy', 'Another program has the devices', () => {
    navigator.mediaDevices.getUserMedia = () =>
      Promise.reject(new DOMException('Could not start video source', 'NotReadableError'));
  }),
  refused('insecure', 'A page that came over plain HTTP', () => {
    Object.defineProperty(navigator, 'mediaDevices', { value: undefined });
    Object.defineProperty(window, 'isSecureContext', { value: false });
  }),
  {
    name: 'framed',
    title: 'In a frame without allow',
    proof: '#join-error:not([hidden])',
    frame: 'iframe',
    show: framed,
    again: (page) => page.frameLocator('iframe').locator('#join-without').scrollIntoViewIfNeeded(),
  },
];

/** The page in another one, as behind a proxy that permits to frame it. */
async function framed(theatre: Theatre): Promise<Page> {
  const page = await (await theatre.context()).newPage();
  const query = new URLSearchParams({ room: theatre.room(), name: 'Ada', lang: theatre.language });
  const style = 'position:fixed;inset:0;width:100%;height:100%;border:0';
  await page.route('https://frame.example/', (route) =>
    route.fulfill({
      contentType: 'text/html',
      body: `<!doctype html><html lang="en"><title>Frame</title><iframe title="Call" style="${style}" src="${theatre.url}/?${query}"></iframe>`,
    }),
  );
  await page.route(`${theatre.url}/?*`, async (route) => {
    const response = await route.fetch();
    const { 'x-frame-options': _denied, 'content-security-policy': _policy, ...headers } = response.headers();
    await route.fulfill({ response, headers });
  });
  await page.goto('https://frame.example/');
  await page.frameLocator('iframe').locator('#join-with').click();
  return page;
}

async function keyFile(): Promise<string> {
  const path = join(await mkdtemp(join(tmpdir(), 'signalbox-keys-')), 'keys.json');
  const key = { kid: 'k1', alg: 'HS256', secret: randomBytes(32).toString('base64url') };
  await writeFile(path, JSON.stringify({ keys: [key] }));
  return path;
}
