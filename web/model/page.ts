import type { Readable } from './store.ts';
import { Store } from './store.ts';

/** The browser, as far as the life of the page goes. */
export interface PageHost {
  readonly window: Pick<Window, 'addEventListener' | 'removeEventListener'>;
  readonly document: Pick<Document, 'addEventListener' | 'removeEventListener' | 'visibilityState'>;
  readonly navigator: Pick<Navigator, 'onLine'> & { readonly wakeLock?: Pick<WakeLock, 'request'> };
}

/**
 * What the page knows of itself: whether it is seen, whether there is a network, and a screen that stays on while in a call.
 * Leaving with grace, the back-forward cache and one session a tab are the SDK's (`keepSession: 'tab'`).
 */
export class Page {
  readonly #host: PageHost;
  readonly #online: Store<boolean>;
  readonly #visible: Store<boolean>;
  readonly #awake = new Store(false);
  readonly #stops: (() => void)[] = [];
  #wanted = false;
  #lock: WakeLockSentinel | undefined;
  #asking = false;

  constructor(host: PageHost = { window, document, navigator }) {
    this.#host = host;
    this.#online = new Store(host.navigator.onLine);
    this.#visible = new Store(host.document.visibilityState === 'visible');
    const online = () => this.#online.set(host.navigator.onLine);
    const visible = () => {
      this.#visible.set(host.document.visibilityState === 'visible');
      // The browser takes the lock from a page that is hidden.
      void this.#acquire();
    };
    this.#listen(host.window, 'online', online);
    this.#listen(host.window, 'offline', online);
    this.#listen(host.window, 'pageshow', visible);
    this.#listen(host.document, 'visibilitychange', visible);
  }

  /** What the browser says; 'false' is certain, 'true' is not. */
  get online(): Readable<boolean> {
    return this.#online;
  }

  get visible(): Readable<boolean> {
    return this.#visible;
  }

  /** The screen is kept on. */
  get awake(): Readable<boolean> {
    return this.#awake;
  }

  /** Keeps the screen on, also after the page was hidden and is back; where the browser can. */
  stayAwake(on: boolean): void {
    this.#wanted = on;
    if (on) void this.#acquire();
    else void this.#lock?.release().catch(() => {});
  }

  close(): void {
    this.stayAwake(false);
    for (const stop of this.#stops) stop();
  }

  async #acquire(): Promise<void> {
    const { navigator } = this.#host;
    const due = this.#wanted && this.#lock === undefined && !this.#asking && this.#visible.value;
    if (!due || navigator.wakeLock === undefined) return;
    this.#asking = true;
    try {
      const lock = await navigator.wakeLock.request('screen');
      this.#lock = lock;
      this.#awake.set(true);
      lock.addEventListener('release', () => {
        this.#lock = undefined;
        this.#awake.set(false);
      });
      if (!this.#wanted) await lock.release();
    } catch {
      // A battery that is low, or a policy: the screen goes off as it always does.
    } finally {
      this.#asking = false;
    }
  }

  #listen(
    target: Pick<EventTarget, 'addEventListener' | 'removeEventListener'>,
    type: string,
    listener: () => void,
  ): void {
    target.addEventListener(type, listener);
    this.#stops.push(() => target.removeEventListener(type, listener));
  }
}
