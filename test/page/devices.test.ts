import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildWeb } from '../../scripts/build-web.ts';
import { BROWSER_ARGUMENTS, chromiumPath } from '../browser/chromium.ts';
import { Caller, eventually, launchBrowser, startBrowser, startGateway } from '../browser/kit.ts';
import { allSee, countNegotiations, negotiations, plainText, profile, recordNotes } from './people.ts';
import { voiceFile } from './voice.ts';

describe.skipIf(chromiumPath() === undefined)('devices in mid-call', () => {
  let browser: Browser;
  beforeAll(async () => {
    await buildWeb();
    const others = BROWSER_ARGUMENTS.filter((argument) => !argument.startsWith('--use-fake-device'));
    browser = await launchBrowser([...others, '--use-fake-device-for-media-stream=device-count=3']);
  });
  afterAll(() => browser?.close());

  /** Ada with devices that can be unplugged, and Bo, in a call that runs. */
  async function call(room: string, adas = browser) {
    const { url } = await startGateway();
    const context = await profile(adas);
    await context.addInitScript(countNegotiations);
    await context.addInitScript(plugs);
    const ada = await Caller.join(context, url, 'Ada', { room });
    const boContext = await profile(browser);
    await boContext.addInitScript(countNegotiations);
    const bo = await Caller.join(boContext, url, 'Bo', { room });
    await allSee([ada, bo]);
    const said = await recordNotes(ada.page);
    const before = await Promise.all([negotiations(ada.page), negotiations(bo.page)]);
    const expectUntouched = async (): Promise<void> => {
      await goesOn(bo);
      expect(await Promise.all([negotiations(ada.page), negotiations(bo.page)])).toEqual(before);
      expect(await Promise.all([ada.connectionsMade(), bo.connectionsMade()])).toEqual([1, 1]);
      expect([...ada.problems, ...bo.problems]).toEqual([]);
    };
    return { ada, bo, said, expectUntouched };
  }

  it('a camera that is unplugged gives way to the other one, and says so', async () => {
    const { ada, said, expectUntouched } = await call('unplugged');
    const lost = await sent(ada.page, 'video');
    await unplug(ada.page, lost.label);
    await eventually('the other camera is sent', async () => {
      const { label, state } = await sent(ada.page, 'video');
      return label !== lost.label && label !== '' && state === 'live';
    });
    const now = await sent(ada.page, 'video');
    await eventually('a note', async () =>
      (await said()).includes(`“${lost.label}” is gone. The camera is now “${now.label}”.`),
    );
    expect(await ada.page.getAttribute('#camera', 'data-state')).toBe('on');
    await expectUntouched();
    // Back again it is offered, and not taken.
    await plug(ada.page, lost.label);
    await eventually('an offer', async () =>
      (await said()).includes(`“${lost.label}” was plugged in. Choose it under Devices.`),
    );
    expect((await sent(ada.page, 'video')).label).toBe(now.label);
    await expectUntouched();
  }, 60_000);

  it('the last camera that is unplugged is told of, and one plugged in is a click away', async () => {
    const { ada, bo } = await call('last');
    const [first, second] = await names(ada.page, 'videoinput');
    await unplug(ada.page, second ?? '');
    await unplug(ada.page, first ?? '');
    await ada.page.waitForSelector('#notice');
    expect(await plainText(ada.page, '#notice')).toBe(`“${first}” is gone, and there is no other camera.`);
    await ada.page.waitForSelector('#camera[data-state=none]');
    await bo.page.waitForSelector('.tile.blank[data-name="Ada"]');
    await plug(ada.page, first ?? '');
    await ada.page.click('#camera');
    await bo.page.waitForSelector('.tile[data-name="Ada"]:not(.blank)');
    await goesOn(bo);
    expect([...ada.problems, ...bo.problems]).toEqual([]);
  }, 60_000);

  it('another camera and microphone are taken without asking the peers', async () => {
    const { ada, expectUntouched } = await call('picker');
    const before = [await sent(ada.page, 'video'), await sent(ada.page, 'audio')];
    await ada.page.click('#more');
    await ada.page.click('#more-settings');
    for (const [slot, kind] of [
      ['camera', 'video'],
      ['microphone', 'audio'],
    ] as const) {
      const chosen = await pickAnother(ada.page, `#pick-${slot}`);
      await eventually(`${chosen} is sent`, async () => (await sent(ada.page, kind)).label === chosen);
    }
    const after = [await sent(ada.page, 'video'), await sent(ada.page, 'audio')];
    for (const [index, { id }] of after.entries()) expect(id).not.toBe(before[index]?.id);
    await ada.page.keyboard.press('Escape');
    await expectUntouched();
  }, 60_000);

  it('the sound comes out where one chooses, also of those who come later', async () => {
    const { ada, expectUntouched } = await call('output');
    await ada.page.click('#more');
    await ada.page.click('#more-settings');
    await pickAnother(ada.page, '#pick-speaker');
    const chosen = await ada.page.inputValue('#pick-speaker');
    const sinks = () =>
      ada.page.$$eval('audio', (players) =>
        players.map((player) => (player as HTMLAudioElement & { readonly sinkId: string }).sinkId),
      );
    await eventually('Bo comes out there', async () => (await sinks()).join() === chosen);
    await expectUntouched();
  }, 60_000);

  it('who speaks while muted is told so, and the other hears nothing', async () => {
    const talking = await startBrowser([
      ...BROWSER_ARGUMENTS,
      `--use-file-for-fake-audio-capture=${await voiceFile()}`,
    ]);
    const { ada, bo } = await call('muted', talking);
    await bo.page.waitForSelector('.tile.speaking[data-name="Ada"]');
    await ada.page.click('#microphone');
    await ada.page.waitForSelector('#muted-talking');
    expect(await ada.page.textContent('#muted-talking')).toContain('You are muted');
    expect((await bo.tile('Ada'))['microphone']).toBe('muted');
    await bo.page.waitForSelector('.tile[data-name="Ada"]:not(.speaking)');
    await ada.page.click('#microphone');
    await ada.page.waitForSelector('#muted-talking', { state: 'detached' });
    await bo.page.waitForSelector('.tile.speaking[data-name="Ada"]');
  }, 60_000);
});

/** The picture of Ada at another goes on, in what is decoded and in what is shown. */
async function goesOn(caller: Caller): Promise<void> {
  const [decoded = 0] = await caller.framesDecoded();
  const { Ada: shown = 0 } = await caller.framesShown();
  await eventually('the picture goes on', async () => {
    const [now = 0] = await caller.framesDecoded();
    return now > decoded + 5 && ((await caller.framesShown())['Ada'] ?? 0) > shown;
  });
}

interface SentTrack {
  readonly id: string;
  readonly label: string;
  readonly state: string;
}

/** What the only connection sends. */
function sent(page: Page, kind: 'audio' | 'video'): Promise<SentTrack> {
  return page.evaluate((wanted) => {
    const [connection] = (window as unknown as { connections: RTCPeerConnection[] }).connections;
    const track = connection?.getSenders().find(({ track }) => track?.kind === wanted)?.track;
    return { id: track?.id ?? '', label: track?.label ?? '', state: track?.readyState ?? '' };
  }, kind);
}

/** Chooses an option that is not chosen, and that is a device of its own. Returns its label. */
async function pickAnother(page: Page, picker: string): Promise<string> {
  const chosen = await page.inputValue(picker);
  const options = await page.$$eval(`${picker} option`, (found) =>
    found.map((option) => ({
      value: (option as HTMLOptionElement).value,
      label: option.textContent ?? '',
    })),
  );
  const other = options.findLast(({ value }) => value !== chosen && value !== 'default');
  if (other === undefined) throw new Error(`${picker} has nothing else`);
  await page.selectOption(picker, other.value);
  return other.label;
}

function names(page: Page, kind: string): Promise<string[]> {
  return page.evaluate(async (wanted) => {
    const devices = await navigator.mediaDevices.enumerateDevices();
    return devices.filter(({ kind }) => kind === wanted).map(({ label }) => label);
  }, kind);
}

interface Plugs {
  pull(label: string): void;
  push(label: string): void;
}

function unplug(page: Page, label: string): Promise<void> {
  return page.evaluate((name) => (window as unknown as { plugs: Plugs }).plugs.pull(name), label);
}

function plug(page: Page, label: string): Promise<void> {
  return page.evaluate((name) => (window as unknown as { plugs: Plugs }).plugs.push(name), label);
}

/**
 * Runs in the page, before its scripts: devices that can be unplugged, as the specification says it (W3C Media Capture 9.2
 * and 4.3.1). They leave the list, their tracks end, and who asks gets another one.
 */
function plugs(): void {
  const { mediaDevices } = navigator;
  // Chromium captures from its second fake camera, and never encodes what it captures.
  const pulled = new Set(['fake_device_1']);
  const tracks: MediaStreamTrack[] = [];
  const enumerate = mediaDevices.enumerateDevices.bind(mediaDevices);
  const open = mediaDevices.getUserMedia.bind(mediaDevices);
  const list = async () => (await enumerate()).filter(({ label }) => !pulled.has(label));
  mediaDevices.enumerateDevices = list;
  mediaDevices.getUserMedia = async (constraints = {}) => {
    const plugged = await list();
    const narrow = (wanted: boolean | MediaTrackConstraints | undefined, kind: MediaDeviceKind) => {
      if (wanted === undefined || wanted === false || pulled.size === 0) return wanted;
      const ids = plugged.filter((device) => device.kind === kind).map(({ deviceId }) => deviceId);
      if (ids.length === 0) throw new DOMException('Requested device not found', 'NotFoundError');
      const asked = typeof wanted === 'object' ? wanted : {};
      const { deviceId } = asked;
      const exact = typeof deviceId === 'object' && 'exact' in deviceId ? deviceId.exact : undefined;
      if (exact !== undefined && !ids.includes(String(exact)))
        throw new DOMException('', 'OverconstrainedError');
      return { ...asked, deviceId: { exact: exact ?? ids } };
    };
    const video = narrow(constraints.video, 'videoinput');
    const audio = narrow(constraints.audio, 'audioinput');
    const stream = await open({
      ...(video !== undefined && { video }),
      ...(audio !== undefined && { audio }),
    });
    tracks.push(...stream.getTracks());
    return stream;
  };
  const changed = () => mediaDevices.dispatchEvent(new Event('devicechange'));
  Object.assign(window, {
    plugs: {
      pull(label: string) {
        pulled.add(label);
        for (const track of tracks) {
          if (track.label !== label || track.readyState === 'ended') continue;
          // By itself it does not say that it has ended.
          track.stop();
          track.dispatchEvent(new Event('ended'));
        }
        changed();
      },
      push(label: string) {
        pulled.delete(label);
        changed();
      },
    } satisfies Plugs,
  });
}
