import type { Candidate } from '../signal.ts';

/** Most candidates kept for a description that has not come: several times what a host with many addresses has. */
const HELD_CANDIDATES = 512;

/** Remote candidates that came before their description. */
export class EarlyCandidates {
  #held: { readonly round: number; readonly candidate: Candidate }[] = [];

  hold(round: number, candidate: Candidate): void {
    this.#held.push({ round, candidate });
    if (this.#held.length > HELD_CANDIDATES) this.#held.shift();
  }

  /** Hands over those of this round and of earlier ones. */
  take(round: number): Candidate[] {
    const due = this.#held.filter((entry) => entry.round <= round);
    this.#held = this.#held.filter((entry) => entry.round > round);
    return due.map(({ candidate }) => candidate);
  }
}
