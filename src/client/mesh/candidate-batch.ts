import type { Candidate } from '../signal.ts';

/** Candidates found within so long of one another travel in one signal, in milliseconds. */
const BATCH_MS = 20;

/**
 * Local candidates on their way out. The first one leaves at once, those that follow closely are joined. While held,
 * nothing leaves: a candidate never comes before the description that it belongs to.
 */
export class CandidateBatch {
  readonly #send: (candidates: readonly Candidate[], end: boolean) => void;
  #waiting: Candidate[] = [];
  #ended = false;
  #held = true;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(send: (candidates: readonly Candidate[], end: boolean) => void) {
    this.#send = send;
  }

  add(candidate: Candidate): void {
    this.#waiting.push(candidate);
    this.#pump();
  }

  /** Gathering is complete. */
  end(): void {
    this.#ended = true;
    this.#pump();
  }

  hold(): void {
    this.#held = true;
  }

  release(): void {
    this.#held = false;
    this.#pump();
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#held = true;
    this.#waiting = [];
  }

  #pump(): void {
    if (this.#held || this.#timer !== undefined) return;
    if (this.#waiting.length === 0 && !this.#ended) return;
    const candidates = this.#waiting;
    const ended = this.#ended;
    this.#waiting = [];
    this.#ended = false;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#pump();
    }, BATCH_MS);
    this.#send(candidates, ended);
  }
}
