import type { Cancel, Clock } from '../clock.ts';

/** Who may owe an acknowledgement. */
export interface AckDebtor {
  /** Acknowledges what it has owed since the turn before `turn`, or longer. True: it owes something newer, look again. */
  settleAck(turn: number): boolean;
}

/**
 * Acknowledgements that wait for a frame to take them along: looked at together, twice in their delay. Under load, a timer for
 * each would be set and cleared with every frame.
 */
export class AckSweep {
  readonly #clock: Clock;
  readonly #periodMs: number;
  /** Those who came since the last turn, and those who came before it. */
  #young: AckDebtor[] = [];
  #old: AckDebtor[] = [];
  #turn = 0;
  #cancel: Cancel | undefined;

  /** What is owed is acknowledged between half of `delayMs` and `delayMs` later. */
  constructor(clock: Clock, delayMs: number) {
    this.#clock = clock;
    this.#periodMs = delayMs / 2;
  }

  /** Counts the looks. */
  get turn(): number {
    return this.#turn;
  }

  /** The debtor is looked at until it says that it owes nothing. Not to be called again before. */
  add(debtor: AckDebtor): void {
    this.#young.push(debtor);
    this.#schedule();
  }

  /** Nobody is looked at any more. */
  stop(): void {
    this.#cancel?.();
    this.#young = [];
    this.#old = [];
  }

  #schedule(): void {
    this.#cancel ??= this.#clock.after(this.#periodMs, () => {
      this.#cancel = undefined;
      this.#look();
    });
  }

  #look(): void {
    this.#turn += 1;
    const due = this.#old;
    this.#old = this.#young;
    this.#young = [];
    for (const debtor of due) if (debtor.settleAck(this.#turn)) this.#old.push(debtor);
    if (this.#old.length > 0 || this.#young.length > 0) this.#schedule();
  }
}
