import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { LaneCloseCause } from '../../core/lane.ts';
import { readTogether } from '../read-together.ts';
import { CloseCode, closeFrame } from './close-code.ts';
import { FrameStart, pongFrame } from './frame-header.ts';
import { FrameReader, type FrameSink, type ProtocolBreach } from './frame-reader.ts';
import { abandon, linger, type Schedule } from './linger.ts';

/** What a {@link WebSocketConnection} reports. Never from within one of its own methods but `start` and `resume`. */
export interface ConnectionEvents {
  /** See `FrameSink.message`: false pauses the connection until {@link WebSocketConnection.resume}. */
  message(isText: boolean, bytes: Uint8Array, start: number, end: number): boolean;
  /** The peer answered a Ping, or sent a Pong unasked. */
  pong?(): void;
  /** Once after `write` returned false. */
  drained(): void;
  /** The connection is over. Once; nothing follows. */
  closed(cause: LaneCloseCause): void;
  /** The peer broke RFC 6455 or the limit; nothing more is read. Answer with {@link WebSocketConnection.close}. */
  breach(breach: ProtocolBreach): void;
}

export interface ConnectionOptions {
  /** Largest payload of one message, its fragments together, in bytes. */
  readonly maxMessageBytes: number;
  /** How long a peer has to read what was written and to end its side once the gateway closes, in milliseconds. */
  readonly closeTimeoutMs: number;
  readonly schedule: Schedule;
}

/**
 * One upgraded socket: the server's end of RFC 6455 without extensions.
 *
 * `open` reads and writes; `closing` has sent Close and discards what comes, under a deadline; `gone` has no socket.
 * It answers Pings itself, the newest only where several wait, and a peer's Close with the same code.
 */
export class WebSocketConnection implements FrameSink {
  readonly #socket: Duplex;
  readonly #options: ConnectionOptions;
  readonly #reader: FrameReader;
  #events: ConnectionEvents | undefined;
  #state: 'open' | 'closing' | 'gone' = 'open';
  /** Whether `write` returned false and `drained` is owed. */
  #blocked = false;
  #unanswered: Uint8Array | undefined;
  #cause: LaneCloseCause = 'dropped';

  constructor(socket: Duplex, options: ConnectionOptions) {
    this.#socket = socket;
    this.#options = options;
    this.#reader = new FrameReader(options.maxMessageBytes, this);
    if (socket instanceof Socket) {
      socket.setTimeout(0);
      socket.setNoDelay(true);
    }
    socket.on('error', this.#onError);
  }

  /** Begins to read: first `head`, which came with the upgrade request. Nothing is reported before. */
  start(head: Uint8Array, events: ConnectionEvents): void {
    if (this.#state !== 'open') return;
    this.#events = events;
    readTogether(this.#socket);
    this.#socket.on('data', this.#onData);
    this.#socket.on('drain', this.#onDrain);
    this.#socket.on('end', this.#onGone);
    this.#socket.on('close', this.#onGone);
    if (head.length > 0) this.#onData(head);
  }

  /** Writes whole frames. False: wait for `drained`. A connection that is over takes and drops everything. */
  write(frames: Uint8Array): boolean {
    if (this.#state !== 'open') return true;
    if (this.#socket.write(frames)) return true;
    this.#blocked = true;
    return false;
  }

  /** All that was written is in the system's hands. */
  get isFlushed(): boolean {
    return this.#socket.writableLength === 0;
  }

  /** Asks the peer's WebSocket stack for a Pong; browsers answer without the page's help. */
  ping(): boolean {
    return this.write(Uint8Array.of(FrameStart.PING, 0));
  }

  /** Goes on reading after `message` returned false. */
  resume(): void {
    if (this.#state !== 'open') return;
    this.#reader.resume();
    this.#afterReading();
  }

  /** Drops what comes from now on: the peer's messages cannot be understood. Answer with `close`. */
  ignoreInput(): void {
    this.#reader.stop();
  }

  /** Sends Close behind all that was written and ends the socket within the close timeout. No event follows. */
  close(code: number, reason: string): void {
    if (this.#state !== 'open') return;
    this.#state = 'closing';
    this.#release();
    const { closeTimeoutMs, schedule } = this.#options;
    // Who floods is not waited for.
    const deadline = code === CloseCode.POLICY_VIOLATION ? 0 : closeTimeoutMs;
    linger(this.#socket, closeFrame(code, reason), deadline, schedule);
  }

  /** @internal of the reader, as the four below */
  message(isText: boolean, bytes: Uint8Array, start: number, end: number): boolean {
    return this.#events?.message(isText, bytes, start, end) ?? false;
  }

  /** @internal */
  pinged(payload: Uint8Array): void {
    this.#unanswered = new Uint8Array(payload);
  }

  /** @internal */
  ponged(): void {
    this.#events?.pong?.();
  }

  /** @internal */
  closedByPeer(code: number): void {
    const events = this.#events;
    const { closeTimeoutMs, schedule } = this.#options;
    this.#state = 'closing';
    this.#release();
    linger(this.#socket, closeFrame(code === 1005 ? CloseCode.NORMAL : code, ''), closeTimeoutMs, schedule);
    events?.closed('half-closed');
  }

  /** @internal */
  breached(breach: ProtocolBreach): void {
    this.#answerPing();
    this.#events?.breach(breach);
  }

  readonly #onData = (chunk: Uint8Array): void => {
    this.#reader.push(chunk);
    this.#afterReading();
  };

  #afterReading(): void {
    if (this.#state !== 'open') return;
    this.#answerPing();
    if (this.#reader.isPaused) this.#socket.pause();
    else if (this.#socket.isPaused()) this.#socket.resume();
  }

  #answerPing(): void {
    if (this.#unanswered === undefined || this.#socket.writableNeedDrain) return;
    this.#socket.write(pongFrame(this.#unanswered));
    this.#unanswered = undefined;
  }

  readonly #onDrain = (): void => {
    this.#answerPing();
    if (!this.#blocked) return;
    this.#blocked = false;
    this.#events?.drained();
  };

  readonly #onError = (error: Error): void => {
    this.#cause = 'code' in error && error.code === 'ECONNRESET' ? 'reset' : 'dropped';
  };

  /** The socket ended, failed or was destroyed without a Close frame. */
  readonly #onGone = (): void => {
    const events = this.#events;
    this.#state = 'gone';
    this.#release();
    abandon(this.#socket);
    events?.closed(this.#cause);
  };

  #release(): void {
    this.#reader.stop();
    this.#unanswered = undefined;
    this.#events = undefined;
    this.#socket.off('data', this.#onData);
    this.#socket.off('drain', this.#onDrain);
    this.#socket.off('end', this.#onGone);
    this.#socket.off('close', this.#onGone);
    this.#socket.off('error', this.#onError);
  }
}
