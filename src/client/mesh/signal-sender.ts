import type { Room } from '../room.ts';
import type { SignalPayload } from '../signal.ts';
import { SignalboxError } from '../signalbox-error.ts';
import type { Reason } from '../vocabulary.ts';

/** A signal that the gateway could not take for the moment is sent again after this long, or what it asks for. */
const RESEND_MS = 1_000;

/** The roster tells of the first three, and a rejoin repeats what the last one leaves open. */
const TOLD: readonly Reason[] = ['recipient_left', 'unknown_recipient', 'not_joined', 'outcome_unknown'];

/** Sends the signals of one link. */
export class SignalSender {
  readonly #room: Room;
  readonly #isCurrent: (connectionId: string) => boolean;
  readonly #failed: (error: unknown) => void;
  readonly #timers = new Set<ReturnType<typeof setTimeout>>();
  #closed = false;

  /** `isCurrent`: whether it is worth sending signals of this connection again. */
  constructor(room: Room, isCurrent: (connectionId: string) => boolean, failed: (error: unknown) => void) {
    this.#room = room;
    this.#isCurrent = isCurrent;
    this.#failed = failed;
  }

  send(to: string, connectionId: string, round: number, payload: SignalPayload): void {
    if (this.#closed) return;
    this.#room
      .signal(to, { connectionId, negotiationId: round, payload })
      .catch((error: unknown) => this.#unsent(error, to, connectionId, round, payload));
  }

  close(): void {
    this.#closed = true;
    for (const timer of this.#timers) clearTimeout(timer);
  }

  #unsent(error: unknown, to: string, connectionId: string, round: number, payload: SignalPayload): void {
    if (this.#closed || this.#room.closed) return;
    if (error instanceof SignalboxError && TOLD.includes(error.reason)) return;
    if (!(error instanceof SignalboxError) || !error.retryable) {
      this.#failed(error);
      return;
    }
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      if (this.#isCurrent(connectionId)) this.send(to, connectionId, round, payload);
    }, error.retryAfterMs ?? RESEND_MS);
    this.#timers.add(timer);
  }
}
