import type { Environment } from './environment.ts';

/**
 * An acknowledgement leaves at the latest after this long, this many frames, or this many bytes: descriptions for a large room would
 * fill the gateway's inbox (256 KiB by default) within a second, and what comes then is refused.
 */
const ACK_MS = 1_000;
const ACK_FRAMES = 64;
const ACK_BYTES = 64 * 1024;
/** A sender that waits for a receipt is not kept waiting that long. */
const RECEIPT_MS = 20;
/** Senders remembered to drop what a store that lost its memory hands over again. */
const SENDERS = 1_024;

/** The cursor into the session's inbox on the gateway: what was processed, and what the gateway knows of that. */
export class Inbox {
  readonly #environment: Environment;
  readonly #acknowledge: () => void;
  readonly #senders = new Map<string, number>();
  #epoch = '';
  #received = 0;
  #acknowledged = 0;
  /** Sizes of what was received and is not acknowledged, about. */
  #bytes = 0;
  /** What the Hello on its way said, until it is answered. */
  #told: number | undefined;
  #stopTimer: (() => void) | undefined;
  #dueMs = 0;

  /** `acknowledge` sends a bare acknowledgement. */
  constructor(environment: Environment, acknowledge: () => void) {
    this.#environment = environment;
    this.#acknowledge = acknowledge;
  }

  get epoch(): string {
    return this.#epoch;
  }

  /** Last seq processed. */
  get received(): number {
    return this.#received;
  }

  /** A new epoch whose next frame is `nextSeq`. */
  restart(epoch: string, nextSeq: number): void {
    this.#epoch = epoch;
    this.#received = nextSeq - 1;
    this.#acknowledged = this.#received;
    this.#bytes = 0;
    this.#told = undefined;
    this.#settle();
  }

  /** False for a frame that was processed already. `bytes`: its size, about. */
  take(seq: number, bytes: number): boolean {
    if (seq <= this.#received) return false;
    this.#received = seq;
    this.#bytes += bytes;
    const isMuch = this.#bytes >= ACK_BYTES || this.#received - this.#acknowledged >= ACK_FRAMES;
    if (this.#told === undefined && isMuch) this.#acknowledge();
    else this.#due(ACK_MS);
    return true;
  }

  /** A sender waits to hear that its frame arrived. */
  hurry(): void {
    this.#due(RECEIPT_MS);
  }

  /** False for a frame of this sender that came before, in this epoch or the last. */
  takeFrom(sender: string, senderSeq: number): boolean {
    if (sender === '' || senderSeq === 0) return true;
    const last = this.#senders.get(sender) ?? 0;
    if (senderSeq <= last) return false;
    this.#senders.delete(sender);
    this.#senders.set(sender, senderSeq);
    if (this.#senders.size > SENDERS) {
      const [oldest] = this.#senders.keys();
      if (oldest !== undefined) this.#senders.delete(oldest);
    }
    return true;
  }

  /** What to acknowledge with a frame that leaves now; 0: nothing new. */
  takeAck(): number {
    if (this.#told !== undefined || this.#received === this.#acknowledged) return 0;
    this.#acknowledged = this.#received;
    this.#bytes = 0;
    this.#settle();
    return this.#received;
  }

  /**
   * A Hello tells the position. Nothing is acknowledged until its answer: the gateway may let go of what is, and would find
   * that the Hello asks for it.
   */
  hold(): void {
    this.#told = this.#received;
    this.#settle();
  }

  /** That Hello was heard (`welcomed`), or is given up. */
  release(welcomed: boolean): void {
    if (welcomed) this.#acknowledged = this.#told ?? this.#acknowledged;
    this.#told = undefined;
    this.#due(ACK_MS);
  }

  /** No connection is wanted. */
  rest(): void {
    this.#settle();
  }

  #due(ms: number): void {
    if (this.#told !== undefined || this.#received === this.#acknowledged) return;
    if (this.#stopTimer !== undefined && this.#dueMs <= ms) return;
    this.#settle();
    this.#dueMs = ms;
    this.#stopTimer = this.#environment.after(ms, () => {
      this.#stopTimer = undefined;
      this.#acknowledge();
    });
  }

  #settle(): void {
    this.#stopTimer?.();
    this.#stopTimer = undefined;
  }
}
