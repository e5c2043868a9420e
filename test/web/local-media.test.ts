import { describe, expect, it } from 'vitest';
import { SignalboxError } from '../../src/client/index.ts';
import type { AccessHost } from '../../web/model/device-access.ts';
import { LocalMedia } from '../../web/model/local-media.ts';
import type { Own } from '../../web/model/own-media.ts';
import type { FakeDevice, FakeTrack } from './fake-media.ts';
import { FakeMediaDevices, LAPTOP } from './fake-media.ts';
import { FakeMesh } from './fake-mesh.ts';
import { accessTo, devicesOf, heard, settled } from './kit.ts';

const WEBCAM: FakeDevice = { kind: 'videoinput', id: 'webcam' };
const HEADSET: FakeDevice = { kind: 'audioinput', id: 'headset' };
const PHONE: readonly FakeDevice[] = [
  { kind: 'videoinput', id: 'front', facing: 'user' },
  { kind: 'videoinput', id: 'back', facing: 'environment' },
  { kind: 'audioinput', id: 'microphone' },
];

function local(devices: readonly FakeDevice[] = LAPTOP, host: Partial<AccessHost> = {}) {
  const media = new FakeMediaDevices(devices);
  const ids = ['1', '2', '3'];
  const own = new LocalMedia({
    access: accessTo(media, host),
    devices: devicesOf(media),
    capture: { mediaDevices: media.media, browser: 'chrome', newId: () => ids.shift() ?? '' },
  });
  return { media, own, notes: heard(own.notes), mesh: new FakeMesh() };
}

/** As `on built-in camera`. */
function word(own: Own): string {
  if (own.state === 'refused') return `refused: ${own.refusal.why}`;
  return own.state === 'on' || own.state === 'muted' ? `${own.state} ${own.label}` : own.state;
}

const words = ({ state }: LocalMedia) => [word(state.value.camera), word(state.value.microphone)];
const live = (media: FakeMediaDevices) =>
  media.tracks.filter(({ readyState }) => readyState === 'live').map(({ label }) => label);
const trackOf = (own: Own) => (own.state === 'on' || own.state === 'muted' ? own.track : undefined);

describe('before the call', () => {
  it('opens both, and each has its own outcome', async () => {
    const { own } = local();
    await own.open(['camera', 'microphone']);
    expect(words(own)).toEqual(['on built-in camera', 'on built-in microphone']);
    const { own: without, notes } = local(LAPTOP.slice(1));
    await without.open(['camera', 'microphone']);
    expect(words(without)).toEqual(['refused: none', 'on built-in microphone']);
    expect(notes).toEqual([{ note: 'refused', source: 'camera', refusal: { why: 'none' } }]);
  });

  it('lets the camera go when it is muted, and keeps the microphone silent', async () => {
    const { own, media } = local();
    await own.open(['camera', 'microphone']);
    await own.setMuted('camera', true);
    await own.setMuted('microphone', true);
    expect(words(own)).toEqual(['muted built-in camera', 'muted built-in microphone']);
    expect(live(media)).toEqual(['built-in microphone']);
    expect(trackOf(own.state.value.microphone)?.enabled).toBe(false);
    await own.setMuted('camera', false);
    await own.setMuted('microphone', false);
    expect(words(own)).toEqual(['on built-in camera', 'on built-in microphone']);
    expect(live(media).sort()).toEqual(['built-in camera', 'built-in microphone']);
    expect(trackOf(own.state.value.microphone)?.enabled).toBe(true);
  });

  it('stops what opens too late', async () => {
    const { own, media } = local();
    let answer = () => {};
    media.hold = new Promise((resolve) => {
      answer = resolve;
    });
    const opening = own.open(['camera']);
    await settled();
    expect(words(own)[0]).toBe('opening');
    own.close();
    answer();
    await opening;
    expect([words(own)[0], live(media)]).toEqual(['off', []]);
  });

  it('is muted when that was asked for while it opened', async () => {
    const { own, media } = local();
    const opening = own.open(['camera', 'microphone']);
    void own.setMuted('microphone', true);
    void own.setMuted('camera', true);
    await opening;
    expect(words(own)).toEqual(['muted built-in camera', 'muted built-in microphone']);
    expect(live(media)).toEqual(['built-in microphone']);
  });

  it('opens the chosen device, and one that is there where that is gone', async () => {
    const { own, media } = local([...LAPTOP, WEBCAM]);
    await own.use('camera', 'webcam');
    expect(words(own)[0]).toBe('off');
    await own.open(['camera']);
    expect(words(own)[0]).toBe('on webcam');
    own.close();
    media.unplug('webcam');
    await own.open(['camera']);
    expect(words(own)[0]).toBe('on built-in camera');
  });

  it('asks again after a question that was dismissed', async () => {
    const { own, media } = local();
    media.answer = 'dismiss';
    await own.open(['camera']);
    expect(words(own)[0]).toBe('refused: dismissed');
    media.answer = 'allow';
    await own.open(['camera']);
    expect(words(own)[0]).toBe('on built-in camera');
  });
});

describe('in the call', () => {
  it('publishes what there is, and what comes', async () => {
    const { own, mesh } = local();
    await own.open(['microphone']);
    await own.attach(mesh);
    expect(mesh.log).toEqual(['publish microphone']);
    await own.setMuted('camera', false);
    await settled();
    expect(mesh.log).toEqual(['publish microphone', 'publish camera']);
  });

  it('joins muted where it was muted before', async () => {
    const { own, mesh } = local();
    await own.open(['camera', 'microphone']);
    await own.setMuted('microphone', true);
    await own.attach(mesh);
    expect([mesh.of('microphone')?.muted, mesh.of('camera')?.muted]).toEqual([true, false]);
  });

  it('changes devices by replacing tracks, muted or not', async () => {
    const { own, mesh, media } = local([...LAPTOP, WEBCAM, HEADSET]);
    await own.open(['camera', 'microphone']);
    await own.attach(mesh);
    await own.setMuted('microphone', true);
    await own.use('camera', 'webcam');
    await own.use('microphone', 'headset');
    await settled();
    expect(words(own)).toEqual(['on webcam', 'muted headset']);
    expect(mesh.log.slice(2)).toEqual(['mute microphone', 'replace camera', 'replace microphone']);
    expect(mesh.of('microphone')?.track).toBe(trackOf(own.state.value.microphone));
    expect(mesh.of('microphone')?.track.enabled).toBe(false);
    expect(live(media).sort()).toEqual(['headset', 'webcam']);
  });

  it('stays with the device that it has where the other one is not to be had', async () => {
    const { own, mesh, media, notes } = local([...LAPTOP, WEBCAM, HEADSET]);
    await own.open(['camera', 'microphone']);
    await own.attach(mesh);
    media.busy.add('webcam').add('headset');
    await own.use('camera', 'webcam');
    await own.use('microphone', 'headset');
    await settled();
    expect(words(own)).toEqual(['on built-in camera', 'on built-in microphone']);
    expect(live(media).sort()).toEqual(['built-in camera', 'built-in microphone']);
    expect(mesh.of('camera')?.track).toBe(trackOf(own.state.value.camera));
    const refusal = { why: 'busy' };
    expect(notes).toEqual([
      { note: 'refused', source: 'camera', refusal },
      { note: 'refused', source: 'microphone', refusal },
    ]);
    own.close();
    await own.open(['microphone']);
    expect(words(own)[1]).toBe('on built-in microphone');
  });

  it('tells the others that the camera is off, and on again with a new track', async () => {
    const { own, mesh } = local();
    await own.open(['camera']);
    await own.attach(mesh);
    await own.setMuted('camera', true);
    await settled();
    expect(mesh.of('camera')?.muted).toBe(true);
    await own.setMuted('camera', false);
    await settled();
    expect(mesh.log).toEqual(['publish camera', 'mute camera', 'replace camera', 'unmute camera']);
    expect(mesh.of('camera')?.track).toBe(trackOf(own.state.value.camera));
  });

  it('silences a microphone at once, whatever the gateway does', async () => {
    const { own, mesh } = local();
    await own.open(['microphone']);
    mesh.told = new Promise(() => {});
    void own.attach(mesh);
    const track = trackOf(own.state.value.microphone);
    void own.setMuted('microphone', true);
    expect(track?.enabled).toBe(false);
  });

  it('falls back to another device when the one in use is unplugged, muted or not', async () => {
    const { own, mesh, media, notes } = local([HEADSET, WEBCAM, ...LAPTOP]);
    await own.use('camera', 'webcam');
    await own.open(['camera', 'microphone']);
    await own.attach(mesh);
    await own.setMuted('microphone', true);
    media.unplug('webcam');
    media.unplug('headset');
    await settled();
    expect(words(own)).toEqual(['on built-in camera', 'muted built-in microphone']);
    expect(notes).toContainEqual({
      note: 'fallback',
      source: 'camera',
      lost: 'webcam',
      now: 'built-in camera',
    });
    expect(mesh.log.filter((line) => line.startsWith('publish'))).toHaveLength(2);
    expect([mesh.of('microphone')?.muted, mesh.of('camera')?.muted]).toEqual([true, false]);
  });

  it('goes on without where there is no other, and tells of one that is plugged in', async () => {
    const { own, mesh, media, notes } = local();
    await own.open(['camera']);
    await own.attach(mesh);
    media.unplug('built-in camera');
    await settled();
    expect(words(own)[0]).toBe('off');
    expect(notes).toEqual([{ note: 'lost', source: 'camera', lost: 'built-in camera' }]);
    expect(mesh.published.size).toBe(0);
    media.plug(WEBCAM);
    await settled();
    expect(notes.at(-1)).toMatchObject({ note: 'plugged', device: { id: 'webcam', slot: 'camera' } });
  });

  it('goes on without when the permission is withdrawn', async () => {
    const { own, media, notes } = local([...LAPTOP, WEBCAM]);
    await own.open(['camera']);
    media.permissions.camera = 'denied';
    (media.tracks[0] as FakeTrack).end();
    await settled();
    expect(words(own)[0]).toBe('off');
    expect(notes).toHaveLength(1);
  });

  it('tells of a headset once, though it is a microphone and a speaker', async () => {
    const { own, media, notes } = local();
    await own.open(['microphone']);
    media.devices.push({ kind: 'audiooutput', id: 'ears', group: 'headset' });
    media.devices.push({ kind: 'audiooutput', id: 'loudspeaker' });
    media.plug({ kind: 'audioinput', id: 'mouth', group: 'headset' });
    await settled();
    expect(notes.map((note) => note.note === 'plugged' && note.device.id)).toEqual(['mouth', 'loudspeaker']);
  });

  it('sends a picture that is the smaller the more get it, from the same camera', async () => {
    const { own, media } = local([...LAPTOP, WEBCAM]);
    await own.open(['camera']);
    const heights = () =>
      media.tracks.map(({ constraints: { height } }) =>
        typeof height === 'object' ? height.ideal : undefined,
      );
    own.setAudience(1);
    expect(heights()).toEqual([720]);
    own.setAudience(7);
    expect(heights()).toEqual([360]);
    expect(media.tracks[0]?.constraints).toMatchObject({ deviceId: 'built-in camera' });
    await own.use('camera', 'webcam');
    expect(heights()).toEqual([360, 360]);
    own.close();
    own.setAudience(3);
    await settled();
    expect(heights()).toEqual([360, 360]);
    await own.open(['camera']);
    expect(heights()).toEqual([360, 360, 540]);
  });

  it('lets go of what the gateway does not let it publish', async () => {
    const { own, mesh, media, notes } = local();
    await own.open(['camera', 'microphone']);
    const error = new SignalboxError({ reason: 'denied', detail: '' });
    mesh.errors.push(error);
    await own.attach(mesh);
    await settled();
    expect(words(own)).toEqual(['off', 'on built-in microphone']);
    expect(live(media)).toEqual(['built-in microphone']);
    expect(notes).toEqual([{ note: 'not_published', source: 'camera', error }]);
  });

  it('is the same again in the next call', async () => {
    const { own, mesh } = local();
    await own.open(['camera', 'microphone']);
    await own.attach(mesh);
    own.detach();
    const next = new FakeMesh();
    await own.attach(next);
    expect(next.log).toEqual(['publish camera', 'publish microphone']);
  });
});

describe('a phone', () => {
  it('turns to the other camera and back, one open at a time', async () => {
    const { own, mesh, media } = local(PHONE);
    await own.open(['camera']);
    await own.attach(mesh);
    expect([own.state.value.facing, own.state.value.canFlip]).toEqual(['user', true]);
    await own.flip();
    expect([words(own)[0], own.state.value.facing]).toEqual(['on back', 'environment']);
    expect(live(media)).toEqual(['back']);
    await own.flip();
    expect(words(own)[0]).toBe('on front');
    await settled();
    expect(mesh.log).toEqual(['publish camera', 'replace camera', 'replace camera']);
  });

  it('keeps the side that was chosen when the camera comes on again', async () => {
    const { own } = local(PHONE);
    await own.open(['camera']);
    await own.flip();
    await own.setMuted('camera', true);
    await own.setMuted('camera', false);
    expect(words(own)[0]).toBe('on back');
  });

  it('has nothing to turn to with one camera', async () => {
    const { own } = local();
    await own.open(['camera']);
    expect(own.state.value.canFlip).toBe(false);
  });
});

describe('a screen', () => {
  it('is published with its sound, and a second one beside it', async () => {
    const { own, mesh } = local();
    await own.attach(mesh);
    expect(await own.shareScreen()).toBe('shared');
    expect(await own.shareScreen()).toBe('shared');
    expect(own.state.value.canShareScreen).toBe(false);
    await settled();
    expect([...mesh.published.values()].map(({ source }) => source).sort()).toEqual([
      'screen',
      'screen',
      'screen_audio',
      'screen_audio',
    ]);
    const [first] = own.state.value.screens;
    own.stopScreen(first!.id);
    await settled();
    expect(own.state.value.screens.map(({ id }) => id)).toEqual(['2']);
    expect([...mesh.published.values()].map(({ source }) => source).sort()).toEqual([
      'screen',
      'screen_audio',
    ]);
  });

  it('ends when the visitor ends it in the bar of the browser', async () => {
    const { own, mesh, media, notes } = local();
    await own.attach(mesh);
    await own.shareScreen();
    await settled();
    media.tracks.find(({ kind }) => kind === 'video')?.end();
    await settled();
    expect([own.state.value.screens, mesh.published.size, live(media)]).toEqual([[], 0, []]);
    expect(notes).toEqual([{ note: 'screen_ended' }]);
  });

  it('is not shared where the visitor closed the dialog, or the system forbids it', async () => {
    const { own, media, notes } = local();
    media.screen = 'cancel';
    expect(await own.shareScreen()).toBe('cancelled');
    expect(notes).toEqual([]);
    media.screen = 'system';
    expect(await own.shareScreen()).toBe('refused');
    expect(notes).toMatchObject([{ note: 'refused', source: 'screen', refusal: { by: 'system' } }]);
  });

  it('ends with the call', async () => {
    const { own, mesh, media } = local();
    await own.attach(mesh);
    await own.shareScreen();
    own.detach();
    expect([own.state.value.screens, live(media)]).toEqual([[], []]);
  });
});
