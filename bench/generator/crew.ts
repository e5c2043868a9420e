import { setTimeout as delay } from 'node:timers/promises';
import { cpuMicros, writeCalls } from '../harness/accounting.ts';
import type { Pipe } from './pipe.ts';

/** The longest time that a received frame goes without an acknowledgement. */
const ackMs = 1_000;

/** One connection of a trial. */
export interface Participant {
  readonly pipe: Pipe;
  /** Everything that was sent is acknowledged, where the protocol has acknowledgements. */
  readonly isSettled: boolean;
  onFault: (error: Error) => void;
  /** Acknowledges what was not acknowledged for a while. */
  acknowledge(): void;
  close(): Promise<void>;
}

/** What the kernel and the connections have counted so far. */
export interface Reading {
  readonly at: number;
  readonly cpuMicros: number;
  /** Undefined where the kernel does not tell. */
  readonly writes: number | undefined;
  readonly toServer: number;
  readonly fromServer: number;
  readonly bytesIn: number;
}

/** The connections of a trial: acknowledges for them, fails with them, adds them up. */
export class Crew {
  readonly #pid: number;
  readonly #members = new Set<Participant>();
  readonly #fault = Promise.withResolvers<never>();
  readonly #acknowledging: NodeJS.Timeout;

  /** @param pid the server's process */
  constructor(pid: number) {
    this.#pid = pid;
    // A fault between two rounds is found by the next one.
    this.#fault.promise.catch(() => {});
    this.#acknowledging = setInterval(() => {
      for (const member of this.#members) member.acknowledge();
    }, ackMs);
  }

  add<Member extends Participant>(members: readonly Member[]): readonly Member[] {
    for (const member of members) {
      member.onFault = this.#fault.reject;
      this.#members.add(member);
    }
    return members;
  }

  async dismiss(members: readonly Participant[]): Promise<void> {
    for (const member of members) this.#members.delete(member);
    await Promise.all(members.map((member) => member.close()));
  }

  /** The outcome of `work`, unless a connection fails before. */
  guard<Outcome>(work: Promise<Outcome>): Promise<Outcome> {
    return Promise.race([this.#fault.promise, work]);
  }

  /** Waits until `isDone` and all is acknowledged. Rejects with what `missing` says when that takes too long. */
  async settle(isDone: () => boolean, patienceMs: number, missing: () => string): Promise<void> {
    const unsettled = () => [...this.#members].filter((member) => !member.isSettled).length;
    await until(
      () => isDone() && this.#isSettled,
      patienceMs,
      () => `${missing()}; ${unsettled()} clients lack acknowledgements`,
    );
  }

  read(): Reading {
    let toServer = 0;
    let fromServer = 0;
    let bytesIn = 0;
    for (const { pipe } of this.#members) {
      toServer += pipe.messagesOut;
      fromServer += pipe.messagesIn;
      bytesIn += pipe.bytesIn;
    }
    return {
      at: performance.now(),
      cpuMicros: cpuMicros(this.#pid),
      writes: writeCalls(this.#pid),
      toServer,
      fromServer,
      bytesIn,
    };
  }

  async close(): Promise<void> {
    clearInterval(this.#acknowledging);
    await this.dismiss([...this.#members]);
  }

  get #isSettled(): boolean {
    for (const member of this.#members) if (!member.isSettled) return false;
    return true;
  }
}

/** Waits until `isDone`. Rejects with what `missing` says when that takes too long. */
export async function until(isDone: () => boolean, patienceMs: number, missing: () => string): Promise<void> {
  const end = performance.now() + patienceMs;
  while (!isDone()) {
    if (performance.now() > end) throw new Error(`after ${patienceMs} ms: ${missing()}`);
    await delay(5);
  }
}
