import type { Levels, Meter } from './levels.ts';
import type { LocalMedia } from './local-media.ts';
import type { Readable } from './store.ts';
import { Store } from './store.ts';

/** Whether the visitor speaks while the own microphone is muted: heard on a copy of its track that goes nowhere. */
export class MutedSpeech {
  readonly #levels: Levels;
  readonly #talking = new Store(false);
  readonly #stop: () => void;
  #track: MediaStreamTrack | undefined;
  #copy: MediaStreamTrack | undefined;
  #meter: Meter | undefined;

  constructor(media: Pick<LocalMedia, 'state'>, levels: Levels) {
    this.#levels = levels;
    const look = () => {
      const { microphone } = media.state.value;
      this.#listenTo(microphone.state === 'muted' ? microphone.track : undefined);
    };
    this.#stop = media.state.subscribe(look);
    look();
  }

  get talking(): Readable<boolean> {
    return this.#talking;
  }

  close(): void {
    this.#stop();
    this.#listenTo(undefined);
  }

  #listenTo(track: MediaStreamTrack | undefined): void {
    if (track === this.#track) return;
    this.#track = track;
    this.#meter?.close();
    this.#copy?.stop();
    this.#copy = undefined;
    this.#meter = undefined;
    this.#talking.set(false);
    if (track === undefined) return;
    this.#copy = track.clone();
    this.#copy.enabled = true;
    this.#meter = this.#levels.meter(this.#copy);
    this.#meter.speaking.subscribe((speaking) => this.#talking.set(speaking));
  }
}
