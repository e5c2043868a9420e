import type { Browser } from './browser.ts';
import { browserOf } from './browser.ts';
import type { Kind, Outcome } from './device-access.ts';
import type { Refusal } from './refusal.ts';
import { refusalOf } from './refusal.ts';

/** What is asked of a camera and a microphone, before a device is chosen. */
export const WISHES: Readonly<Record<Kind, MediaTrackConstraints>> = {
  camera: { ...sizeFor(0), facingMode: 'user' },
  microphone: { echoCancellation: true, noiseSuppression: true, autoGainControl: true },
};

/**
 * How large a camera's picture is worth being where it is sent so often: each of the others gets an encoding of its own,
 * and shows it the smaller the more there are.
 */
export function sizeFor(others: number): MediaTrackConstraints {
  if (others <= 2) return { width: { ideal: 1280 }, height: { ideal: 720 } };
  if (others <= 4) return { width: { ideal: 960 }, height: { ideal: 540 } };
  return { width: { ideal: 640 }, height: { ideal: 360 } };
}

/** What is asked of a screen: sharp rather than smooth, with its sound, and not this tab itself. */
const SCREEN = {
  video: { frameRate: { ideal: 15, max: 30 } },
  audio: true,
  selfBrowserSurface: 'exclude',
  surfaceSwitching: 'include',
};

/** The browser, as far as capturing a display goes. */
export interface CaptureHost {
  /** Absent on phones, and where the page came over plain HTTP. */
  readonly mediaDevices: Partial<Pick<MediaDevices, 'getDisplayMedia'>> | undefined;
  readonly browser: Browser;
  newId(): string;
}

export type Captured =
  | { readonly is: 'captured'; readonly tracks: readonly MediaStreamTrack[] }
  /** The visitor closed the browser's own dialog: nothing to say. */
  | { readonly is: 'cancelled' }
  | { readonly is: 'refused'; readonly refusal: Refusal };

/** Lets the visitor choose a screen, a window or a tab. Never rejects. */
export async function captureScreen({ mediaDevices, browser }: CaptureHost): Promise<Captured> {
  if (mediaDevices?.getDisplayMedia === undefined) {
    return { is: 'refused', refusal: { why: 'unsupported' } };
  }
  try {
    const tracks = (await mediaDevices.getDisplayMedia(SCREEN)).getTracks();
    for (const track of tracks) if (track.kind === 'video') track.contentHint = 'detail';
    return { is: 'captured', tracks };
  } catch (error) {
    const refusal = refusalOf(error, { browser, permission: undefined, framed: false, tookMs: Infinity });
    const cancelled = refusal.why === 'dismissed' || (refusal.why === 'denied' && refusal.by === 'site');
    return cancelled ? { is: 'cancelled' } : { is: 'refused', refusal };
  }
}

/** The constraints for a device: the chosen one where it is there. `exact`: that one or none. */
export function wishFor(kind: Kind, deviceId: string | undefined, exact = false): MediaTrackConstraints {
  if (deviceId === undefined) return WISHES[kind];
  const { facingMode: _facing, ...wish } = WISHES[kind];
  return { ...wish, deviceId: exact ? { exact: deviceId } : { ideal: deviceId } };
}

/** Which way a camera looks, where it tells. */
export function facingOf(track: MediaStreamTrack | undefined): 'user' | 'environment' | undefined {
  const facing = track?.getSettings().facingMode;
  return facing === 'user' || facing === 'environment' ? facing : undefined;
}

/** The track, or the refusal. */
export function trackOf(outcome: Outcome | undefined): MediaStreamTrack | Refusal {
  if (outcome === undefined) return { why: 'none' };
  return outcome.granted ? outcome.track : outcome.refusal;
}

/** The page that this runs in. */
export function pageCapture(): CaptureHost {
  return {
    mediaDevices: navigator.mediaDevices,
    browser: browserOf(navigator.userAgent, navigator.maxTouchPoints),
    newId: () => Array.from(crypto.getRandomValues(new Uint8Array(6)), (byte) => byte.toString(36)).join(''),
  };
}
