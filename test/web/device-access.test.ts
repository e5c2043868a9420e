import { describe, expect, it } from 'vitest';
import type { Kind, Outcomes } from '../../web/model/device-access.ts';
import { FakeMediaDevices, LAPTOP } from './fake-media.ts';
import { accessTo } from './kit.ts';

const BOTH = { camera: {}, microphone: {} };

/** 'granted', or why not. */
function words(outcomes: Outcomes): Partial<Record<Kind, string>> {
  return Object.fromEntries(
    Object.entries(outcomes).map(([kind, outcome]) => {
      if (outcome.granted) return [kind, 'granted'];
      const { refusal } = outcome;
      return [kind, refusal.why === 'denied' ? `denied by ${refusal.by}` : refusal.why];
    }),
  );
}

describe('asking for camera and microphone', () => {
  it('is one question', async () => {
    const media = new FakeMediaDevices(LAPTOP);
    expect(words(await accessTo(media).open(BOTH))).toEqual({ camera: 'granted', microphone: 'granted' });
    expect([media.questions, media.asked.length]).toEqual([1, 1]);
  });

  it('says of each that it was denied, and does not ask again', async () => {
    const media = new FakeMediaDevices(LAPTOP);
    media.answer = 'deny';
    const outcomes = await accessTo(media).open(BOTH);
    expect(words(outcomes)).toEqual({ camera: 'denied by site', microphone: 'denied by site' });
    expect(outcomes.camera).toMatchObject({ refusal: { browser: 'chrome' } });
    expect([media.questions, media.asked.length]).toEqual([1, 1]);
  });

  it('tells a question that was dismissed, and does not ask it again by itself', async () => {
    const media = new FakeMediaDevices(LAPTOP);
    media.answer = 'dismiss';
    expect(words(await accessTo(media).open(BOTH))).toEqual({ camera: 'dismissed', microphone: 'dismissed' });
    expect(media.questions).toBe(1);
    media.answer = 'allow';
    expect(words(await accessTo(media).open(BOTH))).toEqual({ camera: 'granted', microphone: 'granted' });
  });

  it('gets the microphone where the camera was denied before', async () => {
    const media = new FakeMediaDevices(LAPTOP);
    media.permissions.camera = 'denied';
    expect(words(await accessTo(media).open(BOTH))).toEqual({
      camera: 'denied by site',
      microphone: 'granted',
    });
    expect(media.questions).toBe(1);
  });

  it('gets the microphone where there is no camera', async () => {
    const media = new FakeMediaDevices(LAPTOP.slice(1));
    expect(words(await accessTo(media).open(BOTH))).toEqual({ camera: 'none', microphone: 'granted' });
  });

  it('gets the microphone where another program has the camera', async () => {
    const media = new FakeMediaDevices(LAPTOP);
    media.busy.add('built-in camera');
    expect(words(await accessTo(media).open(BOTH))).toEqual({ camera: 'busy', microphone: 'granted' });
  });

  it('gets the microphone where the system keeps the camera from the browser', async () => {
    const media = new FakeMediaDevices(LAPTOP);
    media.system.add('camera');
    expect(words(await accessTo(media).open(BOTH))).toEqual({
      camera: 'denied by system',
      microphone: 'granted',
    });
    expect(media.questions).toBe(1);
  });

  it('gets what the embedding page allows', async () => {
    const media = new FakeMediaDevices(LAPTOP);
    const access = accessTo(media, { policy: (kind) => kind !== 'camera' });
    expect(words(await access.open(BOTH))).toEqual({ camera: 'policy', microphone: 'granted' });
    expect(media.asked).toEqual([{ audio: {} }]);
  });

  it('asks for nothing over plain HTTP, and says where it is to be had', async () => {
    const https = 'https://call.example.org/';
    const outcomes = await accessTo(undefined, { secure: false, https }).open(BOTH);
    expect(outcomes.camera).toEqual({ granted: false, refusal: { why: 'insecure', https } });
    expect(words(await accessTo(undefined).open({ camera: {} }))).toEqual({ camera: 'unsupported' });
  });

  it('asks for one only where one is wanted', async () => {
    const media = new FakeMediaDevices(LAPTOP);
    expect(words(await accessTo(media).open({ microphone: {} }))).toEqual({ microphone: 'granted' });
    expect(media.asked).toEqual([{ audio: {} }]);
    expect(await accessTo(media).open({})).toEqual({});
  });
});

describe('where the browser does not tell of permissions', () => {
  const untold = { permission: async () => undefined, policy: () => undefined, browser: 'firefox' } as const;

  it('both are denied where one question was', async () => {
    const media = new FakeMediaDevices(LAPTOP);
    media.answer = 'deny';
    const outcomes = await accessTo(media, untold).open(BOTH);
    expect(words(outcomes)).toEqual({ camera: 'denied by site', microphone: 'denied by site' });
  });

  it('a refusal in a frame that comes faster than any visitor is one of the embedding page', async () => {
    const media = new FakeMediaDevices(LAPTOP);
    media.answer = 'deny';
    let now = 0;
    const quick = accessTo(media, { ...untold, framed: true, now: () => now });
    expect(words(await quick.open({ camera: {} }))).toEqual({ camera: 'policy' });
    const slow = accessTo(media, { ...untold, framed: true, now: () => (now += 2_000) });
    expect(words(await slow.open({ camera: {} }))).toEqual({ camera: 'denied by site' });
  });
});
