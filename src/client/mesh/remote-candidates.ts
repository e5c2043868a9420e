import type { Logger } from '../options.ts';
import type { Candidate } from '../signal.ts';
import { iceFragments } from './sdp.ts';

/** Most candidates kept for a description that has not come: several times what a host with many addresses has. */
const HELD_CANDIDATES = 512;

/**
 * The peer's candidates. One that comes before its description is held and added after it. A candidate belongs to an ICE
 * generation, which outlives rounds: its user name fragment tells which, else its round.
 */
export class RemoteCandidates {
  readonly #rtc: RTCPeerConnection;
  readonly #logger: Logger | undefined;
  #held: { readonly round: number; readonly candidate: Candidate }[] = [];
  /** Round of the remote description in force; 0: none yet. */
  #round = 0;
  #fragments: ReadonlySet<string> = new Set();

  constructor(rtc: RTCPeerConnection, logger: Logger | undefined) {
    this.#rtc = rtc;
    this.#logger = logger;
  }

  /** A remote description is in force: what waited for it is added. */
  async described(round: number, sdp: string): Promise<void> {
    this.#round = round;
    this.#fragments = iceFragments(sdp);
    const due = this.#held.filter((entry) => entry.round <= round);
    this.#held = this.#held.filter((entry) => entry.round > round);
    for (const { candidate } of due) await this.#add(candidate);
  }

  async arrived(round: number, candidate: Candidate): Promise<void> {
    const fragment = fragmentOf(candidate);
    const isCurrent = fragment !== undefined && this.#fragments.has(fragment);
    if (this.#round > 0 && (isCurrent || round <= this.#round)) return this.#add(candidate);
    this.#held.push({ round, candidate });
    if (this.#held.length > HELD_CANDIDATES) this.#held.shift();
  }

  async #add(candidate: Candidate): Promise<void> {
    const fragment = fragmentOf(candidate);
    // Of a generation that is over, or of an offer that was ignored.
    if (fragment !== undefined && !this.#fragments.has(fragment)) return;
    // An empty candidate ends one section; not every stack takes that, and none needs it.
    if (candidate.candidate === '') return;
    try {
      await this.#rtc.addIceCandidate({ ...candidate });
    } catch (error) {
      // One path less: a stack refuses, for example, transports that it does not have.
      this.#logger?.debug?.('a remote candidate was not taken', candidate.candidate, error);
    }
  }
}

/** RFC 8839 writes it as an extension attribute where the init does not carry it. */
function fragmentOf({ candidate, usernameFragment }: Candidate): string | undefined {
  return usernameFragment || / ufrag (\S+)/.exec(candidate)?.[1];
}
