import fc from 'fast-check';
import { expect, it } from 'vitest';
import { LocalMedia } from '../../web/model/local-media.ts';
import type { FakeDevice } from './fake-media.ts';
import { FakeMediaDevices, LAPTOP } from './fake-media.ts';
import { FakeMesh } from './fake-mesh.ts';
import { accessTo, devicesOf, settled } from './kit.ts';

const SPARE: readonly FakeDevice[] = [
  { kind: 'videoinput', id: 'webcam', facing: 'environment' },
  { kind: 'audioinput', id: 'headset' },
];

/** A visitor, a machine and a gateway that do as they like. */
class Play {
  readonly media = new FakeMediaDevices([...LAPTOP, ...SPARE]);
  readonly own: LocalMedia;
  mesh: FakeMesh | undefined;
  release = () => {};
  #screens = 0;

  constructor() {
    const { media } = this;
    const newId = () => {
      this.#screens += 1;
      return `${this.#screens}`;
    };
    this.own = new LocalMedia({
      access: accessTo(media),
      devices: devicesOf(media),
      capture: { mediaDevices: media.media, browser: 'chrome', newId },
    });
  }

  readonly steps: Readonly<Record<string, () => unknown>> = {
    open: () => this.own.open(['camera', 'microphone']),
    openCamera: () => this.own.open(['camera']),
    cameraOff: () => this.own.setMuted('camera', true),
    cameraOn: () => this.own.setMuted('camera', false),
    mute: () => this.own.setMuted('microphone', true),
    unmute: () => this.own.setMuted('microphone', false),
    useWebcam: () => this.own.use('camera', 'webcam'),
    useBuiltIn: () => this.own.use('camera', 'built-in camera'),
    useHeadset: () => this.own.use('microphone', 'headset'),
    flip: () => this.own.flip(),
    share: () => this.own.shareScreen(),
    stopSharing: () => this.own.stopScreen(),
    closeCamera: () => this.own.close('camera'),
    close: () => this.own.close(),
    audience: () => this.own.setAudience(5),
    enter: () => {
      this.mesh = new FakeMesh();
      return this.own.attach(this.mesh);
    },
    leave: () => {
      this.mesh = undefined;
      this.own.detach();
    },
    unplugWebcam: () => this.media.unplug('webcam'),
    unplugHeadset: () => this.media.unplug('headset'),
    unplugBuiltIn: () => this.media.unplug('built-in camera'),
    plug: () => {
      for (const device of SPARE) {
        if (!this.media.devices.includes(device)) this.media.plug(device);
      }
    },
    busy: () => this.media.busy.add('webcam'),
    free: () => this.media.busy.clear(),
    gatewayAway: () => {
      if (this.mesh === undefined) return;
      this.#back();
      this.mesh.told = new Promise((resolve) => {
        this.release = resolve;
      });
    },
    gatewayBack: () => this.#back(),
    pause: () => settled(),
  };

  async rest(): Promise<void> {
    this.#back();
    for (let turn = 0; turn < 4; turn += 1) await settled();
  }

  #back(): void {
    if (this.mesh !== undefined) this.mesh.told = Promise.resolve();
    this.release();
  }

  /** What must hold when nothing is under way. */
  check(): void {
    const { camera, microphone, screens } = this.own.state.value;
    const held = [
      ...(camera.state === 'on' ? [camera.track] : []),
      ...(microphone.state === 'on' || microphone.state === 'muted' ? [microphone.track] : []),
      ...screens.flatMap(({ video, audio }) => [video, audio]),
    ];
    const live = this.media.tracks.filter(({ readyState }) => readyState === 'live');
    expect(new Set(live)).toEqual(new Set(held));
    expect([camera.state, microphone.state]).not.toContain('opening');
    if (camera.state === 'muted') expect(camera.track).toBe(undefined);
    if (microphone.state === 'on') expect(microphone.track.enabled).toBe(true);
    if (microphone.state === 'muted') expect(microphone.track?.enabled).toBe(false);
    if (this.mesh === undefined) return;
    const wanted = screens.flatMap(() => ['screen on', 'screen_audio on']);
    if (camera.state === 'on' || camera.state === 'muted') wanted.push(`camera ${camera.state}`);
    if (microphone.state === 'on' || microphone.state === 'muted')
      wanted.push(`microphone ${microphone.state}`);
    const published = [...this.mesh.published.values()];
    expect(published.map(({ source, muted }) => `${source} ${muted ? 'muted' : 'on'}`).sort()).toEqual(
      wanted.sort(),
    );
    for (const { muted, track } of published) if (!muted) expect(held).toContain(track);
  }
}

it('holds and publishes just what it says, in whatever order people, devices and gateway act', async () => {
  const names = Object.keys(new Play().steps);
  const acts = fc.array(fc.constantFrom(...names), { minLength: 5, maxLength: 40, size: 'max' });
  const begin = fc.constantFrom([], ['open', 'pause', 'enter'], ['enter', 'open']);
  await fc.assert(
    fc.asyncProperty(begin, acts, async (first, then) => {
      const play = new Play();
      for (const name of [...first, ...then]) {
        const done = play.steps[name]?.();
        // Some acts follow one another at once, others when what was asked for is done.
        if (name === 'pause') await done;
      }
      await play.rest();
      play.check();
    }),
    { numRuns: 400 },
  );
});

it('is closed when it is closed, at whatever moment of opening', async () => {
  for (let turns = 0; turns < 30; turns += 1) {
    const { own, media } = new Play();
    void own.open(['camera', 'microphone']);
    for (let turn = 0; turn < turns; turn += 1) await undefined;
    own.close();
    await settled();
    expect([own.state.value.camera.state, own.state.value.microphone.state]).toEqual(['off', 'off']);
    expect(media.tracks.filter(({ readyState }) => readyState === 'live')).toEqual([]);
  }
});
