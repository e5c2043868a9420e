import type { DataMessage, Reason, Room } from '../../src/client/index.ts';
import { SignalboxError } from '../../src/client/index.ts';
import type { Part } from './links.ts';
import { parts } from './links.ts';
import type { Readable } from './store.ts';
import { Store } from './store.ts';
import { Topic } from './topic.ts';

const TYPE = 'chat';
/** Lines that are kept. */
const MOST = 500;

/** 'failed': with 'outcome_unknown' it may have arrived all the same. */
export type LineState =
  | { readonly is: 'pending' }
  | { readonly is: 'sent' }
  | { readonly is: 'failed'; readonly reason: Reason; readonly retryable: boolean };

/** One line of the chat. Immutable: a change brings a new object under the same key. */
export interface ChatLine {
  readonly key: string;
  readonly own: boolean;
  /** Display name; may be empty. */
  readonly name: string;
  readonly sender: string;
  readonly text: string;
  readonly parts: readonly Part[];
  /** When the gateway had it; of what is not sent yet when it was written. */
  readonly at: Date;
  readonly state: LineState;
}

/** The page, as far as this goes. */
export interface ChatHost {
  /** Milliseconds since 1970. */
  now(): number;
}

/**
 * The chat of a room: what was said before (join with `history`), what is said, and the own lines on their way. Lines that
 * the gateway has stand in its order; own lines that it has not yet stand below them.
 */
export class ChatLog {
  /** Somebody else said something, now. */
  readonly arrived = new Topic<ChatLine>();
  readonly #room: Room;
  readonly #host: ChatHost;
  readonly #lines = new Store<readonly ChatLine[]>([]);
  readonly #unread = new Store(0);
  readonly #stop: () => void;
  #open = false;
  #written = 0;
  #closed = false;

  constructor(room: Room, host: ChatHost = { now: () => Date.now() }) {
    this.#room = room;
    this.#host = host;
    for (const message of room.history) this.#heard(message, false);
    this.#stop = room.on('message', (message) => this.#heard(message, true));
  }

  get lines(): Readable<readonly ChatLine[]> {
    return this.#lines;
  }

  /** Lines of others since the chat was last open. */
  get unread(): Readable<number> {
    return this.#unread;
  }

  /** Whether the own token permits to write. */
  get allowed(): boolean {
    const { muteMessages, sendTypes, deliveries } = this.#room.self.permissions;
    const typeAllowed = sendTypes.length === 0 || sendTypes.includes(TYPE);
    return !muteMessages && typeAllowed && (deliveries.length === 0 || deliveries.includes('reliable'));
  }

  /** The visitor looks at the chat, or no longer. */
  setOpen(open: boolean): void {
    this.#open = open;
    if (open) this.#unread.set(0);
  }

  /** False where there is nothing to send. */
  send(text: string): boolean {
    const trimmed = text.trim();
    if (trimmed === '' || this.#closed) return false;
    this.#written += 1;
    this.#post(`own ${this.#written}`, trimmed);
    return true;
  }

  /** Sends a line that failed again, as the newest. */
  retry(key: string): void {
    const line = this.#lines.value.find((found) => found.key === key);
    if (line?.state.is !== 'failed') return;
    this.discard(key);
    this.#post(key, line.text);
  }

  /** Forgets a line that failed. */
  discard(key: string): void {
    const lines = this.#lines.value;
    this.#lines.set(lines.filter((line) => line.key !== key || line.state.is !== 'failed'));
  }

  close(): void {
    this.#closed = true;
    this.#stop();
  }

  #post(key: string, text: string): void {
    const { id, name } = this.#room.self;
    const at = new Date(this.#host.now());
    const line = { key, own: true, name, sender: id, text, parts: parts(text), at };
    this.#put({ ...line, state: { is: 'pending' } });
    // An error that is thrown at once, as by a room that is closed, is one like the others.
    const sent = this.#room.send(TYPE, text);
    sent.then(
      ({ acceptedAt }) => this.#settle(key, { is: 'sent' }, acceptedAt),
      (error: unknown) => this.#settle(key, failureOf(error), undefined),
    );
  }

  #settle(key: string, state: LineState, at: Date | undefined): void {
    const line = this.#lines.value.find((found) => found.key === key);
    if (line === undefined || line.state.is === 'sent' || this.#closed) return;
    this.#put({ ...line, state, at: at ?? line.at });
  }

  /** `now`: not history. */
  #heard(message: DataMessage, now: boolean): void {
    const { type, content, identity, offset, acceptedAt, name, sender } = message;
    if (type !== TYPE || typeof content !== 'string' || content === '') return;
    // A gateway that came back without its memory counts offsets from 1 again.
    const key = `${acceptedAt.getTime()} ${offset || `${sender} ${content}`}`;
    const lines = this.#lines.value;
    if (lines.some((line) => line.key === key)) return;
    // After a reload the own ones of before were sent under another participant id.
    const own = message.own || (identity !== '' && identity === this.#room.self.identity);
    const state = { is: 'sent' } as const;
    const line = { key, own, name, sender, text: content, parts: parts(content), at: acceptedAt, state };
    const waiting = own ? lines.find((found) => isUnsent(found) && found.text === content) : undefined;
    if (waiting !== undefined) {
      this.#put({ ...line, key: waiting.key });
      return;
    }
    this.#put(line);
    if (own || !now) return;
    if (!this.#open) this.#unread.set(this.#unread.value + 1);
    this.arrived.emit(line);
  }

  /** A line in its place: a sent one at the end of the sent ones, any other below them. */
  #put(line: ChatLine): void {
    const others = this.#lines.value.filter(({ key }) => key !== line.key);
    const before = this.#lines.value.findIndex(({ key }) => key === line.key);
    const stays = before >= 0 && line.state.is !== 'sent';
    const at = stays ? before : line.state.is === 'sent' ? firstUnsent(others) : others.length;
    this.#lines.set([...others.slice(0, at), line, ...others.slice(at)].slice(-MOST));
  }
}

function isUnsent({ own, state }: ChatLine): boolean {
  return own && (state.is === 'pending' || (state.is === 'failed' && state.reason === 'outcome_unknown'));
}

function firstUnsent(lines: readonly ChatLine[]): number {
  const found = lines.findIndex(({ state }) => state.is !== 'sent');
  return found < 0 ? lines.length : found;
}

function failureOf(error: unknown): LineState {
  if (!(error instanceof SignalboxError)) return { is: 'failed', reason: 'unspecified', retryable: true };
  const { reason, retryable } = error;
  return { is: 'failed', reason, retryable: retryable || reason === 'outcome_unknown' };
}
