import type { Environment, Tab } from './environment.ts';
import { randomId } from './environment.ts';

/** What a session needs to go on in the next page of its tab. */
export interface Kept {
  readonly session: string;
  readonly resumeToken: string;
  readonly attempt: number;
  /** Cursor into the inbox. */
  readonly epoch: string;
  readonly received: number;
  /** Number of the newest frame that was sent, and those that are not acknowledged, in order. */
  readonly sent: number;
  readonly frames: readonly { readonly seq: number; readonly bytes: Uint8Array }[];
  /** Own participant id by the name of each joined room. */
  readonly rooms: ReadonlyMap<string, string>;
}

/** The tab of a page, and what the page before left in it. */
export interface TabPast {
  readonly keeper: TabKeeper;
  readonly kept: Kept | undefined;
}

/** How long the page before may take to let go of the tab. A reload's new page may run before the old one is gone. */
const LOCK_MS = 1_000;

interface Stored {
  readonly tab: string;
  readonly kept?: Omit<Kept, 'frames' | 'rooms'> & {
    readonly frames: readonly (readonly [number, string])[];
    readonly rooms: readonly (readonly [string, string])[];
  };
}

/**
 * Hands a session over from one page of a tab to the next (`keepSession: 'tab'`), through sessionStorage. A duplicated tab
 * begins with a copy of that; who holds the Web Lock of the tab's id is the tab, the other becomes one of its own.
 *
 * What is stored is taken out by the first page that reads it, and written only by a page that sends nothing after it: the
 * numbers of frames must never be given twice.
 */
export class TabKeeper {
  readonly #tab: Tab;
  readonly #key: string;
  #id = '';
  /** What this page left, as it was stored. */
  #left: string | undefined;
  #release: (() => void) | undefined;

  private constructor(tab: Tab, key: string) {
    this.#tab = tab;
    this.#key = key;
  }

  /** Takes what the page before left; undefined where there is no tab. One session an address of a gateway. */
  static async take(environment: Environment, url: string): Promise<TabPast | undefined> {
    if (environment.tab === undefined) return undefined;
    const keeper = new TabKeeper(environment.tab, `signalbox.tab.${url}`);
    return { keeper, kept: await keeper.#take() };
  }

  /** A device of its own: two tabs of one installation do not replace each other. At most 64 bytes. */
  deviceId(installation: string): string {
    return `${installation.slice(0, 31)}.${this.#id}`;
  }

  /** The page goes: leaves this for the next one. */
  leave(kept: Kept): void {
    // Another session of this page may be the one to be kept.
    if (this.#stored()?.tab === this.#id) this.#store({ tab: this.#id, kept: stored(kept) });
    this.#left = this.#tab.storage.getItem(this.#key) ?? '';
    this.end();
  }

  /** The page came back as it was. False: another page has gone on with the session meanwhile. */
  async comeBack(): Promise<boolean> {
    if (this.#left === undefined) return true;
    const untouched = this.#left === this.#tab.storage.getItem(this.#key);
    this.#left = undefined;
    if (untouched) {
      this.#store({ tab: this.#id });
      const release = await this.#lock();
      // Away again meanwhile.
      if (this.#left !== undefined) release?.();
      else this.#release = release;
      if (release !== undefined) return true;
    }
    await this.#begin();
    return false;
  }

  /** Nothing is left to be kept. */
  end(): void {
    this.#release?.();
    this.#release = undefined;
  }

  async #take(): Promise<Kept | undefined> {
    const left = this.#stored();
    this.#id = left?.tab ?? randomId();
    this.#release = await this.#lock();
    if (this.#release === undefined) {
      await this.#begin();
      return undefined;
    }
    this.#store({ tab: this.#id });
    try {
      return left?.kept && restored(left.kept);
    } catch {
      // Of another version of this SDK.
      return undefined;
    }
  }

  /** Another tab is the one that this was a copy of. */
  async #begin(): Promise<void> {
    this.#id = randomId();
    this.#store({ tab: this.#id });
    this.#release = await this.#lock();
  }

  #lock(): Promise<(() => void) | undefined> {
    return this.#tab.lock(`signalbox.tab.${this.#id}`, LOCK_MS);
  }

  #stored(): Stored | undefined {
    try {
      const text = this.#tab.storage.getItem(this.#key);
      return text === null ? undefined : (JSON.parse(text) as Stored);
    } catch {
      return undefined;
    }
  }

  #store(value: Stored): void {
    try {
      this.#tab.storage.setItem(this.#key, JSON.stringify(value));
    } catch {
      // Full or forbidden: the next page opens a session of its own.
      this.#tab.storage.removeItem(this.#key);
    }
  }
}

function stored(kept: Kept): NonNullable<Stored['kept']> {
  const frames = kept.frames.map(({ seq, bytes }) => [seq, base64(bytes)] as const);
  return { ...kept, frames, rooms: [...kept.rooms] };
}

function restored(kept: NonNullable<Stored['kept']>): Kept {
  const frames = kept.frames.map(([seq, text]) => ({ seq, bytes: bytesOf(text) }));
  return { ...kept, frames, rooms: new Map(kept.rooms) };
}

function base64(bytes: Uint8Array): string {
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''));
}

function bytesOf(text: string): Uint8Array {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}
