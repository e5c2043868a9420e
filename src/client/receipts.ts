import type { Receipt as WireReceipt } from './codec/messages.ts';
import { Deferred } from './deferred.ts';
import type { Receipt } from './signal.ts';
import type { SignalboxError } from './signalbox-error.ts';
import { reasons } from './vocabulary.ts';

/** Signals whose sender waits to hear that they arrived. */
export class Receipts {
  readonly #waiting = new Map<number, Deferred<Receipt>>();

  /** Settles with the Receipt for the frame of this number. */
  await(seq: number): Promise<Receipt> {
    const receipt = new Deferred<Receipt>();
    this.#waiting.set(seq, receipt);
    return receipt.promise;
  }

  /** Told apart by the promise: a fresh session counts from 1 again. */
  cancel(seq: number, receipt: Promise<Receipt>): void {
    if (this.#waiting.get(seq)?.promise === receipt) this.#waiting.delete(seq);
  }

  arrived(wire: WireReceipt): void {
    const receipt: Receipt = wire.delivered
      ? { status: 'delivered' }
      : { status: 'undelivered', reason: reasons.word(wire.reason) };
    this.#waiting.get(wire.seq)?.resolve(receipt);
    this.#waiting.delete(wire.seq);
  }

  /** The session is lost: no Receipt comes. */
  lost(error: SignalboxError): void {
    for (const receipt of this.#waiting.values()) receipt.reject(error);
    this.#waiting.clear();
  }
}
