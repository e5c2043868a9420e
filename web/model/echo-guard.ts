import type { Readable } from './store.ts';
import { Store } from './store.ts';

const CHANNEL = 'signalbox.calls';

/** What pages of one browser tell each other. */
interface Word {
  readonly say: 'who' | 'here' | 'gone';
  readonly room: string;
  readonly page: string;
}

/** The part of a BroadcastChannel that is used. */
export type EchoChannel = Pick<
  BroadcastChannel,
  'postMessage' | 'addEventListener' | 'removeEventListener' | 'close'
>;

/** The browser, as far as its other pages go. */
export interface EchoHost {
  /** undefined where there is none. */
  open(name: string): EchoChannel | undefined;
  readonly page: string;
}

/**
 * Notices other pages of this browser in the same room: loudspeaker of one and microphone of the other make an echo. Says
 * nothing to any server.
 */
export class EchoGuard {
  readonly #host: EchoHost;
  readonly #twins = new Store(0);
  readonly #pages = new Set<string>();
  readonly #heard = (event: Event): void => this.#word((event as MessageEvent<unknown>).data);
  #channel: EchoChannel | undefined;
  #room = '';

  constructor(host: EchoHost = pageEcho()) {
    this.#host = host;
  }

  /** Other pages in this room. */
  get twins(): Readable<number> {
    return this.#twins;
  }

  enter(room: string): void {
    this.leave();
    this.#room = room;
    this.#channel = this.#host.open(CHANNEL);
    this.#channel?.addEventListener('message', this.#heard);
    this.#say('who');
  }

  /** When the page goes, too. */
  leave(): void {
    if (this.#channel === undefined) return;
    this.#say('gone');
    this.#channel.removeEventListener('message', this.#heard);
    this.#channel.close();
    this.#channel = undefined;
    this.#forget();
  }

  /** A page that crashed said nothing: asks anew, as when this page becomes visible. */
  recheck(): void {
    this.#forget();
    this.#say('who');
  }

  #forget(): void {
    this.#pages.clear();
    this.#twins.set(0);
  }

  #say(say: Word['say']): void {
    this.#channel?.postMessage({ say, room: this.#room, page: this.#host.page } satisfies Word);
  }

  #word(data: unknown): void {
    if (!isWord(data) || data.room !== this.#room || data.page === this.#host.page) return;
    if (data.say === 'gone') this.#pages.delete(data.page);
    else this.#pages.add(data.page);
    if (data.say === 'who') this.#say('here');
    this.#twins.set(this.#pages.size);
  }
}

function isWord(data: unknown): data is Word {
  return typeof data === 'object' && data !== null && 'say' in data && 'room' in data && 'page' in data;
}

/** The page that this runs in. */
export function pageEcho(): EchoHost {
  return {
    open: (name) => (typeof BroadcastChannel === 'undefined' ? undefined : new BroadcastChannel(name)),
    page: Array.from(crypto.getRandomValues(new Uint8Array(8)), (byte) => byte.toString(36)).join(''),
  };
}
