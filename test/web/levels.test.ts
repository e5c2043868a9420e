import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Levels } from '../../web/model/levels.ts';
import { MutedSpeech } from '../../web/model/muted-speech.ts';
import type { OwnMedia } from '../../web/model/own-media.ts';
import { meterOf, SpeechDetector } from '../../web/model/speech-detector.ts';
import { Store } from '../../web/model/store.ts';
import { FakeTrack } from './fake-media.ts';
import { values } from './kit.ts';

const LOUD = 0.1;
const QUIET = 0.0005;

/** A room in which tracks are as loud as is said here, and a clock that is turned by hand. */
class FakeSound {
  readonly loudness = new Map<FakeTrack, number>();
  readonly ticks = new Set<() => void>();
  connected = 0;
  contexts = 0;
  state: AudioContextState = 'running';
  now = 0;
  readonly levels = new Levels({
    createContext: () => this.#context(),
    streamOf: (track) => track as unknown as MediaStream,
    now: () => this.now,
    every: (_ms, tick) => {
      this.ticks.add(tick);
      return () => this.ticks.delete(tick);
    },
  });

  track(loudness = QUIET): FakeTrack {
    const track = new FakeTrack('audio', 'somebody');
    this.loudness.set(track, loudness);
    return track;
  }

  pass(ms: number): void {
    for (const end = this.now + ms; this.now < end; ) {
      this.now += 100;
      for (const tick of [...this.ticks]) tick();
    }
  }

  #context(): AudioContext {
    this.contexts += 1;
    const context = {
      state: this.state,
      createMediaStreamSource: (track: unknown) => ({
        connect: (analyser: { source: unknown }) => {
          this.connected += 1;
          analyser.source = track;
        },
        disconnect: () => {
          this.connected -= 1;
        },
      }),
      createAnalyser: () => {
        const analyser = {
          source: undefined as unknown,
          getFloatTimeDomainData: (samples: Float32Array) =>
            samples.fill(this.loudness.get(analyser.source as FakeTrack) ?? 0),
        };
        return analyser;
      },
      resume: async () => {
        context.state = 'running';
      },
      close: async () => {},
    };
    return context as unknown as AudioContext;
  }
}

describe('speech', () => {
  it('begins after a moment, and outlasts the pauses between words', () => {
    const detector = new SpeechDetector();
    const at = (times: readonly number[], rms: number) => times.map((now) => detector.push(rms, now));
    expect(at([0, 100], LOUD)).toEqual([false, false]);
    expect(at([200], LOUD)).toEqual([true]);
    expect(at([300, 600, 900], QUIET)).toEqual([true, true, true]);
    expect(at([950], LOUD)).toEqual([true]);
    expect(at([1_000, 1_600], QUIET)).toEqual([true, true]);
    expect(at([1_700], QUIET)).toEqual([false]);
  });

  it('is not what is short', () => {
    const detector = new SpeechDetector();
    expect(detector.push(LOUD, 0)).toBe(false);
    expect(detector.push(QUIET, 100)).toBe(false);
    expect(detector.push(LOUD, 200)).toBe(false);
  });

  it('never flaps: between two changes it stays for as long as it takes to tell', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 200 }), (loudness) => {
        const detector = new SpeechDetector();
        let before = false;
        let changedAt = -Infinity;
        loudness.forEach((rms, index) => {
          const speaking = detector.push(rms, index * 100);
          if (speaking === before) return;
          expect(index * 100 - changedAt).toBeGreaterThanOrEqual(speaking ? 150 : 700);
          before = speaking;
          changedAt = index * 100;
        });
      }),
    );
  });

  it('fills a meter as ears hear', () => {
    expect([meterOf(0), meterOf(0.001), meterOf(1)]).toEqual([0, 0, 1]);
    expect(meterOf(0.0316)).toBeCloseTo(0.6, 1);
  });
});

describe('levels', () => {
  it('tell who speaks, once each time', () => {
    const sound = new FakeSound();
    const [ada, bo] = [sound.track(), sound.track()];
    sound.levels.add('ada', ada.track);
    sound.levels.add('bo', bo.track);
    const seen = values(sound.levels.speaking);
    sound.pass(500);
    expect(seen).toEqual([]);
    sound.loudness.set(ada, LOUD);
    sound.pass(1_000);
    sound.loudness.set(ada, QUIET);
    sound.pass(2_000);
    expect(seen.map((ids) => [...ids])).toEqual([['ada'], []]);
    expect(sound.contexts).toBe(1);
  });

  it('hold the last speaker for two seconds, and do not interrupt who speaks still', () => {
    const sound = new FakeSound();
    const [ada, bo] = [sound.track(LOUD), sound.track()];
    sound.levels.add('ada', ada.track);
    sound.levels.add('bo', bo.track);
    sound.pass(500);
    expect(sound.levels.lastSpeaker.value).toBe('ada');
    sound.loudness.set(bo, 0.5);
    sound.pass(5_000);
    expect(sound.levels.lastSpeaker.value).toBe('ada');
    sound.loudness.set(ada, QUIET);
    sound.pass(1_000);
    expect(sound.levels.lastSpeaker.value).toBe('bo');
    sound.loudness.set(ada, LOUD);
    sound.loudness.set(bo, QUIET);
    sound.pass(1_000);
    expect(sound.levels.lastSpeaker.value).toBe('bo');
    sound.pass(1_500);
    expect(sound.levels.lastSpeaker.value).toBe('ada');
  });

  it('are silent for a muted or ended track, whatever is heard', () => {
    const sound = new FakeSound();
    const ada = sound.track(LOUD);
    sound.levels.add('ada', ada.track);
    expect(sound.levels.level('ada')).toBeGreaterThan(0.5);
    ada.enabled = false;
    expect(sound.levels.level('ada')).toBe(0);
    ada.enabled = true;
    ada.stop();
    expect(sound.levels.level('ada')).toBe(0);
    expect(sound.levels.level('nobody')).toBe(0);
  });

  it('let go of what is removed, and stop the clock with the last one', () => {
    const sound = new FakeSound();
    const ada = sound.track(LOUD);
    sound.levels.add('ada', ada.track);
    sound.levels.add('ada', ada.track);
    expect(sound.connected).toBe(1);
    sound.pass(500);
    sound.levels.add('ada', sound.track().track);
    expect([sound.connected, sound.ticks.size]).toEqual([1, 1]);
    expect([...sound.levels.speaking.value]).toEqual([]);
    sound.levels.remove('ada');
    expect([sound.connected, sound.ticks.size]).toEqual([0, 0]);
  });

  it('wait for a click where the browser wants one', async () => {
    const sound = new FakeSound();
    sound.state = 'suspended';
    expect(await sound.levels.resume()).toBe(true);
  });
});

describe('speech into a muted microphone', () => {
  function muted() {
    const sound = new FakeSound();
    const track = sound.track();
    const state = new Store({ microphone: { state: 'off' } } as OwnMedia);
    const own = (microphone: OwnMedia['microphone']) => state.set({ microphone } as OwnMedia);
    const speech = new MutedSpeech({ state }, sound.levels);
    const mute = () => own({ state: 'muted', track: track.track, deviceId: '', label: '' });
    const unmute = () => own({ state: 'on', track: track.track, deviceId: '', label: '' });
    return { sound, track, speech, mute, unmute };
  }

  it('is heard on a copy, while the track itself stays silent', () => {
    const { sound, track, speech, mute } = muted();
    track.enabled = false;
    mute();
    const [copy] = track.clones;
    expect([copy?.enabled, track.enabled]).toEqual([true, false]);
    sound.loudness.set(copy!, LOUD);
    sound.pass(500);
    expect(speech.talking.value).toBe(true);
    expect([...sound.levels.speaking.value]).toEqual([]);
    sound.loudness.set(copy!, QUIET);
    sound.pass(1_000);
    expect(speech.talking.value).toBe(false);
  });

  it('is listened for only while it is muted, and the copy is let go of', () => {
    const { sound, track, speech, mute, unmute } = muted();
    mute();
    sound.loudness.set(track.clones[0]!, LOUD);
    sound.pass(500);
    unmute();
    expect([speech.talking.value, sound.connected]).toEqual([false, 0]);
    expect(track.clones.map(({ readyState }) => readyState)).toEqual(['ended']);
    mute();
    speech.close();
    expect(track.clones.map(({ readyState }) => readyState)).toEqual(['ended', 'ended']);
  });
});
