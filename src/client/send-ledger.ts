import type { Origin } from './codec/messages.ts';
import { Deferred } from './deferred.ts';
import type { Sent } from './message.ts';
import type { Draft, FrameBody } from './outbox.ts';

interface Entry {
  readonly sent: Deferred<Sent>;
  accepted: boolean;
  /** A snapshot may have jumped over the echo. */
  echoUncertain: boolean;
}

const WITHOUT_ECHO: Sent = { offset: undefined, acceptedAt: undefined };

/** Reliable messages to a room on their way: each is confirmed by its echo, which carries offset and time. */
export class SendLedger {
  readonly #entries = new Map<number, Entry>();

  /** The frame, and what becomes of it. */
  draft(body: FrameBody): { readonly draft: Draft; readonly sent: Promise<Sent> } {
    const entry: Entry = { sent: new Deferred(), accepted: false, echoUncertain: false };
    let seq = 0;
    const draft: Draft = {
      body,
      sequenced: (given) => {
        seq = given;
        this.#entries.set(seq, entry);
      },
      accepted: () => {
        entry.accepted = true;
        if (entry.echoUncertain) this.#resolve(seq, WITHOUT_ECHO);
      },
      refused: (error) => {
        this.#entries.delete(seq);
        entry.sent.reject(error);
      },
      lost: (error) => {
        // Not by number: a fresh session counts from 1 again.
        if (this.#entries.get(seq) === entry) this.#entries.delete(seq);
        entry.sent.reject(error);
      },
    };
    return { draft, sent: entry.sent.promise };
  }

  /** The own message came back. */
  echoed(origin: Origin): void {
    this.#resolve(origin.senderSeq, {
      offset: origin.offset,
      acceptedAt: new Date(Number(origin.acceptedAtMs)),
    });
  }

  /** Echoes may have been jumped over, or will not come: what the gateway acknowledged counts as sent. */
  jumped(): void {
    for (const [seq, entry] of this.#entries) {
      entry.echoUncertain = true;
      if (entry.accepted) this.#resolve(seq, WITHOUT_ECHO);
    }
  }

  #resolve(seq: number, sent: Sent): void {
    const entry = this.#entries.get(seq);
    if (entry === undefined) return;
    this.#entries.delete(seq);
    entry.sent.resolve(sent);
  }
}
