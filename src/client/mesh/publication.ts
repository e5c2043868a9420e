import type { Track } from '../participant.ts';
import type { TrackSource } from '../vocabulary.ts';

/** A track that this client publishes to every peer. */
export interface Publication {
  /** `Track.id` in the own roster entry. */
  readonly id: string;
  readonly source: TrackSource;
  /** Display name in the roster; may be empty. */
  readonly name: string;
  /** What is sent now. */
  readonly track: MediaStreamTrack;
  readonly muted: boolean;
}

/** How to publish a track. */
export interface PublishOptions {
  /** Default: 'microphone' for audio, 'screen' for video that captures a display, else 'camera'. */
  readonly source?: TrackSource;
  /** Display name in the roster; at most 64 code points. */
  readonly name?: string;
}

/** A publication as the mesh keeps it. */
export class LivePublication implements Publication {
  readonly id: string;
  readonly source: TrackSource;
  readonly name: string;
  readonly kind: string;
  /** What belongs together is one stream, so that a receiver keeps picture and sound in step. */
  readonly streamId: string;
  #track: MediaStreamTrack;
  #muted: boolean;

  constructor(id: string, track: MediaStreamTrack, options: PublishOptions) {
    this.id = id;
    this.source = options.source ?? sourceOf(track);
    this.name = options.name ?? '';
    this.kind = track.kind;
    this.streamId = this.source === 'screen' || this.source === 'screen_audio' ? 'screen' : 'main';
    this.#track = track;
    this.#muted = !track.enabled;
  }

  get track(): MediaStreamTrack {
    return this.#track;
  }

  get muted(): boolean {
    return this.#muted;
  }

  /** A muted track stays live and sends silence or black (W3C Media Capture 4.3.1). */
  mute(muted: boolean): void {
    this.#muted = muted;
    this.#track.enabled = !muted;
  }

  replace(track: MediaStreamTrack): void {
    this.#track = track;
    track.enabled = !this.#muted;
  }

  /** Its entry in the roster. */
  get entry(): Track {
    const { id, source, name, streamId, muted } = this;
    return { id, source, name, streamId, muted, encrypted: false };
  }
}

function sourceOf(track: MediaStreamTrack): TrackSource {
  if (track.kind === 'audio') return 'microphone';
  // Only captures of a display have a surface (W3C Screen Capture 5.4.2); some stacks have no settings at all.
  const settings = typeof track.getSettings === 'function' ? track.getSettings() : {};
  return settings.displaySurface === undefined ? 'camera' : 'screen';
}
