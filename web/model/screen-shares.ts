import type { CaptureHost } from './capture.ts';
import { captureScreen } from './capture.ts';
import type { Screen } from './own-media.ts';
import type { Refusal } from './refusal.ts';

/** Captures at once: each is a picture more for every peer. */
const MOST = 2;

/** What the screens tell. */
export interface ScreensOwner {
  changed(): void;
  /** It is shared from now on. */
  began(screen: Screen): void;
  /** `byBrowser`: the visitor ended it in the browser's own bar, or its window was closed. */
  ended(screen: Screen, byBrowser: boolean): void;
}

/** The screens, windows and tabs that this page captures; each ends by itself. */
export class ScreenShares {
  readonly #host: CaptureHost;
  readonly #owner: ScreensOwner;
  readonly #screens = new Map<string, Screen>();

  constructor(host: CaptureHost, owner: ScreensOwner) {
    this.#host = host;
    this.#owner = owner;
  }

  get all(): readonly Screen[] {
    return [...this.#screens.values()];
  }

  get canAdd(): boolean {
    return this.#host.mediaDevices?.getDisplayMedia !== undefined && this.#screens.size < MOST;
  }

  /** Call it in a click. Returns the refusal, where it was one. */
  async add(): Promise<'shared' | 'cancelled' | Refusal> {
    const captured = await captureScreen(this.#host);
    if (captured.is === 'cancelled') return 'cancelled';
    if (captured.is === 'refused') return captured.refusal;
    const video = captured.tracks.find(({ kind }) => kind === 'video');
    if (video === undefined) return { why: 'none' };
    const audio = captured.tracks.find(({ kind }) => kind === 'audio');
    const screen: Screen = { id: this.#host.newId(), video, audio };
    this.#screens.set(screen.id, screen);
    video.addEventListener('ended', () => this.remove(screen.id, true));
    this.#owner.began(screen);
    this.#owner.changed();
    return 'shared';
  }

  remove(id: string, byBrowser = false): void {
    const screen = this.#screens.get(id);
    if (screen === undefined) return;
    this.#screens.delete(id);
    screen.video.stop();
    screen.audio?.stop();
    this.#owner.ended(screen, byBrowser);
    this.#owner.changed();
  }
}
