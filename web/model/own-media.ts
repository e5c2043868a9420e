import type { TrackSource } from '../../src/client/index.ts';
import type { Kind } from './device-access.ts';
import type { Device } from './devices.ts';
import type { Refusal } from './refusal.ts';

/**
 * The own camera or microphone. 'muted': a microphone's track lives on, silent; a camera is let go of, so that its light is
 * off, and `track` is undefined.
 */
export type Own =
  | { readonly state: 'off' }
  | { readonly state: 'opening' }
  | {
      readonly state: 'on';
      readonly track: MediaStreamTrack;
      readonly deviceId: string;
      readonly label: string;
    }
  | {
      readonly state: 'muted';
      readonly track: MediaStreamTrack | undefined;
      readonly deviceId: string;
      readonly label: string;
    }
  | { readonly state: 'refused'; readonly refusal: Refusal };

/** A screen, window or tab that this page shares. */
export interface Screen {
  readonly id: string;
  readonly video: MediaStreamTrack;
  readonly audio: MediaStreamTrack | undefined;
}

export interface OwnMedia {
  readonly camera: Own;
  readonly microphone: Own;
  readonly screens: readonly Screen[];
  /** Which way the camera looks, where it tells. */
  readonly facing: 'user' | 'environment' | undefined;
  /** There is a camera that looks the other way, or another one. */
  readonly canFlip: boolean;
  readonly canShareScreen: boolean;
}

/**
 * What happened to the own devices without being asked for. 'fallback': the one in use vanished, another took its place.
 * 'lost': it vanished, and there is no other. 'plugged': a new one is there. 'screen_ended': the visitor ended it in the
 * browser's own bar. 'not_published': the others do not get it.
 */
export type MediaNote =
  | { readonly note: 'fallback'; readonly source: Kind; readonly lost: string; readonly now: string }
  | { readonly note: 'lost'; readonly source: Kind; readonly lost: string }
  | { readonly note: 'plugged'; readonly device: Device }
  | { readonly note: 'screen_ended' }
  | { readonly note: 'refused'; readonly source: Kind | 'screen'; readonly refusal: Refusal }
  | { readonly note: 'not_published'; readonly source: TrackSource; readonly error: unknown };
