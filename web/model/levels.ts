import { meterOf, SpeechDetector } from './speech-detector.ts';
import type { Readable } from './store.ts';
import { Store } from './store.ts';

/** How often it is listened for speech, in milliseconds. */
const TICK_MS = 100;
/** The last speaker stays it for so long at least: nobody's picture is swapped at each word. */
const HOLD_MS = 2_000;
/** Samples that a level is made of: 43 ms at 48 kHz. */
const SAMPLES = 2_048;

/** The browser, as far as measuring goes. */
export interface LevelsHost {
  /** undefined where there is no Web Audio. */
  createContext(): AudioContext | undefined;
  streamOf(track: MediaStreamTrack): MediaStream;
  /** In milliseconds. */
  now(): number;
  every(ms: number, tick: () => void): () => void;
}

/** One track that is listened to. */
export interface Meter {
  /** How loud it is now: 0 to 1. For each frame of an animation. */
  readonly level: number;
  readonly speaking: Readable<boolean>;
  close(): void;
}

interface Listening {
  tick(now: number): void;
}

/** How loud tracks are, and who speaks. One AudioContext, made with the first track. */
export class Levels {
  readonly #host: LevelsHost;
  readonly #speaking = new Store<ReadonlySet<string>>(new Set());
  readonly #lastSpeaker = new Store<string | undefined>(undefined);
  readonly #meters = new Map<string, { readonly track: MediaStreamTrack; readonly meter: Meter }>();
  readonly #listening = new Set<Listening>();
  #context: AudioContext | undefined;
  #stopTicks: (() => void) | undefined;
  #changedAt = -Infinity;

  constructor(host: LevelsHost = pageLevels()) {
    this.#host = host;
  }

  /** Ids of those who speak. */
  get speaking(): Readable<ReadonlySet<string>> {
    return this.#speaking;
  }

  /** Who spoke last; changes at most every two seconds. */
  get lastSpeaker(): Readable<string | undefined> {
    return this.#lastSpeaker;
  }

  /** Listens to a track under an id, instead of the one that had it. */
  add(id: string, track: MediaStreamTrack): void {
    if (this.#meters.get(id)?.track === track) return;
    this.remove(id);
    const meter = this.meter(track);
    this.#meters.set(id, { track, meter });
    meter.speaking.subscribe(() => this.#tell());
  }

  remove(id: string): void {
    const found = this.#meters.get(id);
    if (found === undefined) return;
    this.#meters.delete(id);
    found.meter.close();
    this.#tell();
    if (this.#lastSpeaker.value === id) this.#lastSpeaker.set(undefined);
  }

  /** 0 to 1. */
  level(id: string): number {
    return this.#meters.get(id)?.meter.level ?? 0;
  }

  /** A meter that is nobody's: not in `speaking`. */
  meter(track: MediaStreamTrack): Meter {
    const speaking = new Store(false);
    const context = this.#open();
    if (context === undefined) return { level: 0, speaking, close: () => {} };
    const source = context.createMediaStreamSource(this.#host.streamOf(track));
    const analyser = context.createAnalyser();
    analyser.fftSize = SAMPLES;
    // Not on to the loudspeaker.
    source.connect(analyser);
    const samples = new Float32Array(SAMPLES);
    const detector = new SpeechDetector();
    const rms = (): number => {
      analyser.getFloatTimeDomainData(samples);
      let sum = 0;
      for (const sample of samples) sum += sample * sample;
      return track.enabled && track.readyState === 'live' ? Math.sqrt(sum / SAMPLES) : 0;
    };
    const listening: Listening = {
      tick: (now) => speaking.set(detector.push(rms(), now)),
    };
    this.#listening.add(listening);
    this.#stopTicks ??= this.#host.every(TICK_MS, () => this.#tick());
    return {
      get level() {
        return meterOf(rms());
      },
      speaking,
      close: () => {
        this.#listening.delete(listening);
        source.disconnect();
        if (this.#listening.size > 0) return;
        this.#stopTicks?.();
        this.#stopTicks = undefined;
      },
    };
  }

  /** Browsers keep a context silent until a click: call it in one. Returns whether it runs. */
  async resume(): Promise<boolean> {
    const context = this.#open();
    if (context?.state === 'suspended') await context.resume().catch(() => {});
    return context?.state === 'running';
  }

  close(): void {
    for (const id of [...this.#meters.keys()]) this.remove(id);
    this.#stopTicks?.();
    this.#stopTicks = undefined;
    this.#listening.clear();
    void this.#context?.close().catch(() => {});
    this.#context = undefined;
  }

  #open(): AudioContext | undefined {
    this.#context ??= this.#host.createContext();
    return this.#context;
  }

  #tick(): void {
    const now = this.#host.now();
    for (const { tick } of this.#listening) tick(now);
    const loudest = this.#loudest();
    if (loudest === undefined || loudest === this.#lastSpeaker.value) return;
    if (now - this.#changedAt < HOLD_MS) return;
    this.#changedAt = now;
    this.#lastSpeaker.set(loudest);
  }

  /** Of those who speak; the one that speaks still is not interrupted. */
  #loudest(): string | undefined {
    const speaking = [...this.#speaking.value];
    const last = this.#lastSpeaker.value;
    if (last !== undefined && speaking.includes(last)) return last;
    return speaking.sort((a, b) => this.level(b) - this.level(a))[0];
  }

  #tell(): void {
    const now = new Set([...this.#meters].filter(([, { meter }]) => meter.speaking.value).map(([id]) => id));
    const before = this.#speaking.value;
    if (now.size !== before.size || [...now].some((id) => !before.has(id))) this.#speaking.set(now);
  }
}

/** The page that this runs in. */
export function pageLevels(): LevelsHost {
  return {
    createContext: () => (typeof AudioContext === 'undefined' ? undefined : new AudioContext()),
    streamOf: (track) => new MediaStream([track]),
    now: () => performance.now(),
    every(ms, tick) {
      const timer = setInterval(tick, ms);
      return () => clearInterval(timer);
    },
  };
}
