import { encode } from './codec/encode.ts';
import type { NewClientFrame } from './codec/messages.ts';
import { SignalboxError } from './signalbox-error.ts';
import type { Kept } from './tab-keeper.ts';

/** Unacknowledged frames and bytes at once: what a gateway takes from one session. */
export const IN_FLIGHT_FRAMES = 256;
export const IN_FLIGHT_BYTES = 1_048_576;
/** What an acknowledgement adds to a frame, at most. */
const ACK_BYTES = 6;
/** Frames that wait for room among those; beyond it the caller is told instead. */
export const WAITING_FRAMES = 4_096;

/** What a ClientFrame says. */
export type FrameBody = NonNullable<NewClientFrame['body']>;

/** A frame that needs delivery, and who wants to know. Of the last three exactly one is called, once. */
export interface Draft {
  readonly body: FrameBody;
  /** Made anew by its owner in a fresh session instead of reported as lost: joins and leaves. */
  readonly renewed?: boolean;
  /** It has its number and may leave now. */
  sequenced?(seq: number): void;
  /** It is where it belongs. */
  accepted(): void;
  /** The gateway refused it. */
  refused(error: SignalboxError): void;
  /** Nobody knows, or it never left. Not called where `renewed`. */
  lost(error: SignalboxError): void;
}

/** A frame that nobody waits for: its owner makes it anew in a fresh session. */
export function unheard(body: FrameBody, failed: (error: SignalboxError) => void): Draft {
  return { body, renewed: true, accepted: () => {}, refused: failed, lost: failed };
}

interface Ticket {
  readonly draft: Draft;
  readonly seq: number;
  readonly bytes: Uint8Array;
  refused: boolean;
}

/**
 * Frames on their way. Each gets the next number, is kept as encoded until the gateway acknowledged it, and sent again
 * after a resume under the same number.
 */
export class Outbox {
  readonly #transmit: (frame: Uint8Array) => void;
  readonly #limit: () => number;
  #tickets: Ticket[] = [];
  #waiting: Draft[] = [];
  #bytes = 0;
  #seq = 0;
  #sealed = false;

  /** `limit`: largest frame in bytes; 0: not known. A larger one would end the connection, again and again. */
  constructor(transmit: (frame: Uint8Array) => void, limit: () => number) {
    this.#transmit = transmit;
    this.#limit = limit;
  }

  get empty(): boolean {
    return this.#tickets.length === 0 && this.#waiting.length === 0;
  }

  /** Encoded frames that are not acknowledged, in order. */
  get unacknowledged(): readonly Uint8Array[] {
    return this.#tickets.map(({ bytes }) => bytes);
  }

  /** Number of the newest frame, and those that are not acknowledged: what the next page of the tab goes on with. */
  get kept(): Pick<Kept, 'sent' | 'frames'> {
    return { sent: this.#seq, frames: this.#tickets.map(({ seq, bytes }) => ({ seq, bytes })) };
  }

  /** Goes on where the page before stopped. Nobody here waits for its frames. */
  restore({ sent, frames }: Pick<Kept, 'sent' | 'frames'>, lost: (error: SignalboxError) => void): void {
    const draft: Draft = { ...unheard({ case: 'ping', value: {} }, lost), renewed: false };
    this.#seq = sent;
    this.#tickets = frames.map(({ seq, bytes }) => ({ draft, seq, bytes, refused: false }));
    this.#bytes = frames.reduce((sum, { bytes }) => sum + bytes.length, 0);
  }

  /** From now on what is submitted waits: the numbers given so far are handed on. Until `unseal`. */
  seal(): void {
    this.#sealed = true;
  }

  unseal(): void {
    this.#sealed = false;
    this.#pump();
  }

  /** Sends, or lets wait for its turn. */
  submit(draft: Draft): void {
    if (this.#waiting.length >= WAITING_FRAMES) {
      const detail = `${WAITING_FRAMES} frames wait already: await what you send`;
      draft.refused(new SignalboxError({ reason: 'rate_limited', detail, retryable: true }));
      return;
    }
    this.#waiting.push(draft);
    this.#pump();
  }

  /** The gateway has every frame up to `seq`. */
  acknowledged(seq: number): void {
    while (this.#tickets[0] !== undefined && this.#tickets[0].seq <= seq) {
      const ticket = this.#tickets[0];
      this.#tickets.shift();
      this.#bytes -= ticket.bytes.length;
      if (!ticket.refused) ticket.draft.accepted();
    }
    this.#pump();
  }

  /** The gateway refused a frame. It still waits for its acknowledgement. */
  refused(seq: number, error: SignalboxError): boolean {
    const ticket = this.#tickets.find((candidate) => candidate.seq === seq);
    if (ticket === undefined || ticket.refused) return false;
    ticket.refused = true;
    ticket.draft.refused(error);
    return true;
  }

  /** A connection is open again: sends what is not acknowledged, but for the first `sent`, which opened it. */
  replay(sent: number): void {
    for (const bytes of this.unacknowledged.slice(sent)) this.#transmit(bytes);
  }

  /**
   * The session is a fresh one: reports what was on its way, counts from 1 again, sends `prologue` first and then what
   * had not left yet.
   */
  restart(prologue: () => readonly Draft[], error: SignalboxError): void {
    const lost = this.#tickets.filter(({ draft, refused }) => !refused && draft.renewed !== true);
    const waiting = this.#waiting.filter(({ renewed }) => renewed !== true);
    this.#tickets = [];
    this.#bytes = 0;
    this.#seq = 0;
    this.#waiting = [...prologue(), ...waiting];
    this.#pump();
    for (const { draft } of lost) draft.lost(error);
  }

  /** The session has ended: reports everything. */
  abandon(unknown: SignalboxError, unsent: SignalboxError): void {
    const [tickets, waiting] = [this.#tickets, this.#waiting];
    this.#tickets = [];
    this.#waiting = [];
    for (const { draft, refused } of tickets) if (!refused) draft.lost(unknown);
    for (const draft of waiting) draft.lost(unsent);
  }

  #pump(): void {
    while (
      !this.#sealed &&
      this.#waiting[0] !== undefined &&
      this.#tickets.length < IN_FLIGHT_FRAMES &&
      this.#bytes < IN_FLIGHT_BYTES
    ) {
      const draft = this.#waiting[0];
      this.#waiting.shift();
      const seq = this.#seq + 1;
      const bytes = this.#encode(seq, draft);
      if (bytes === undefined) continue;
      this.#seq = seq;
      this.#tickets.push({ draft, seq, bytes, refused: false });
      this.#bytes += bytes.length;
      draft.sequenced?.(seq);
      this.#transmit(bytes);
    }
  }

  #encode(seq: number, draft: Draft): Uint8Array | undefined {
    try {
      const bytes = encode('ClientFrame', { seq, body: draft.body });
      const limit = this.#limit();
      if (limit === 0 || bytes.length + ACK_BYTES <= limit) return bytes;
      const detail = `the frame has ${bytes.length} bytes, the gateway takes ${limit}`;
      draft.refused(new SignalboxError({ reason: 'too_large', detail }));
    } catch (cause) {
      draft.refused(
        new SignalboxError({ reason: 'malformed', detail: `cannot be encoded: ${cause}`, cause }),
      );
    }
    return undefined;
  }
}
