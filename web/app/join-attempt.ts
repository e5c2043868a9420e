import type { Pending, Room, Session, TransportName } from '../../src/client/index.ts';
import { connect } from '../../src/client/index.ts';
import { developmentToken, tabIdentity } from './tokens.ts';

const HISTORY = 50;
/** Others see a page that was closed no longer than this; one that is reloaded is back by then. In milliseconds. */
const GRACE_MS = 1_500;

/** Who joins, and what. */
export interface JoinWish {
  readonly room: string;
  readonly name: string;
  /** '': asks the gateway for one. */
  readonly token: string;
  readonly moderate: boolean;
  readonly transport: TransportName | undefined;
  /** The join waits for a host, or for the time that the room opens. */
  readonly onPending: (pending: Pending) => void;
}

/** One try to get into a room. It can be given up at any time. */
export class JoinAttempt {
  readonly #wish: JoinWish;
  readonly #abort = new AbortController();

  constructor(wish: JoinWish) {
    this.#wish = wish;
  }

  get cancelled(): boolean {
    return this.#abort.signal.aborted;
  }

  cancel(): void {
    this.#abort.abort();
  }

  /** Undefined: it was cancelled. Rejects: `NoTokens`, SignalboxError. */
  async run(): Promise<{ readonly session: Session; readonly room: Room } | undefined> {
    let session: Session | undefined;
    try {
      session = await this.#open();
      const room = await session.join(this.#wish.room);
      if (!this.cancelled) return { session, room };
      void session.close();
    } catch (error) {
      void session?.close();
      if (!this.cancelled) throw error;
    }
    return undefined;
  }

  /** Connects and joins in the same round trip. */
  async #open(): Promise<Session> {
    const { room, name, token, moderate, transport } = this.#wish;
    const ask = () => developmentToken({ room, identity: tabIdentity(), name, moderate });
    // Asked once before connecting, so that a gateway without development tokens is told apart from one that is away.
    if (token === '') await ask();
    const onPending = (pending: Pending) => {
      if (!this.cancelled) this.#wish.onPending(pending);
    };
    return connect(location.origin, {
      token: token === '' ? ask : token,
      app: 'signalbox-call-page',
      keepSession: 'tab',
      pageGraceMs: GRACE_MS,
      signal: this.#abort.signal,
      ...(transport !== undefined && { transport }),
      join: { room, name, history: HISTORY, onPending },
    });
  }
}
