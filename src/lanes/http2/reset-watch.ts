import type { Socket } from 'node:net';
import type { Outflow } from './outflow.ts';

/** A peer that has not taken a RST_STREAM for so long, in milliseconds, reads nothing of any stream: its connection ends. */
const UNREAD_RESET_MS = 500;

/** Where the socket takes nothing at all, a RST_STREAM would wait for ever, with all that its stream holds at the peer. */
export class ResetWatch {
  readonly #socket: Socket;
  readonly #outflow: Outflow;
  /** Behind the newest RST_STREAM: bytes that were ever written. */
  #newest = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(socket: Socket, outflow: Outflow) {
    this.#socket = socket;
    this.#outflow = outflow;
  }

  /** What is written by now has a RST_STREAM at its end. */
  watch(): void {
    const outflow = this.#outflow;
    outflow.flush();
    if (outflow.pendingBytes === 0) return;
    this.#newest = outflow.deliveredBytes + outflow.pendingBytes;
    this.#start();
  }

  #start(): void {
    const resetAt = this.#newest;
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      const { deliveredBytes } = this.#outflow;
      if (deliveredBytes < resetAt) this.#socket.destroy();
      else if (deliveredBytes < this.#newest) this.#start();
    }, UNREAD_RESET_MS);
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
