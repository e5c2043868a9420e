import { SessionDescription_Type as SdpType, type Signal } from '../../../gen/signalbox/v1/signal_pb.ts';

/** Names a signal's RTCPeerConnection and its offer/answer round. */
export interface Round {
  readonly connectionId: string;
  readonly negotiationId: number;
}

/**
 * Keeps the `connection_id` and `negotiation_id` that a classic page knows nothing of, for its signals to and from one
 * participant.
 *
 * An offer of the page opens a round, one above all rounds of that connection; an answer takes the round of the offer
 * it answers; candidates go with the latest description. An offer whose `o=` line names another RTCPeerConnection than
 * before opens a new connection. Signals of older rounds are dropped for the page, which could not tell.
 */
export class Pair {
  readonly #nonce: () => string;
  /** Round of the latest description, either way. */
  #current: Round | undefined;
  /** The page's latest offer. */
  #own: Round | undefined;
  /** The participant's latest offer. */
  #remote: Round | undefined;
  /** `o=` session id of the page's latest description, '' before it. */
  #origin = '';
  /** Candidates overtook the page's first offer: it takes their round. */
  #reserved = false;

  /** `nonce`: a text of at most 24 bytes that no other connection of the page has. */
  constructor(nonce: () => string) {
    this.#nonce = nonce;
  }

  /** The round that an offer of the page opens. `origin`: session id of its `o=` line, '' without one. */
  offer(origin: string): Round {
    const isNew = origin !== '' && this.#origin !== '' && origin !== this.#origin;
    const current = isNew ? undefined : this.#current;
    if (origin !== '') this.#origin = origin;
    const negotiationId =
      this.#reserved && current !== undefined ? current.negotiationId : this.#newest(current) + 1;
    this.#reserved = false;
    this.#own = { connectionId: current?.connectionId ?? this.#newConnection(), negotiationId };
    this.#current = this.#own;
    return this.#own;
  }

  /** The round that an answer, provisional answer or rollback of the page belongs to; undefined: nothing was offered. */
  answer(origin: string): Round | undefined {
    if (this.#remote === undefined) return undefined;
    if (origin !== '') this.#origin = origin;
    this.#current = this.#remote;
    return this.#remote;
  }

  /** The round of candidates and requests of the page. */
  following(): Round {
    if (this.#current !== undefined) return this.#current;
    this.#reserved = true;
    this.#current = { connectionId: this.#newConnection(), negotiationId: 1 };
    return this.#current;
  }

  /** Takes note of a signal for the page; false when its round is over and the page must not see it. */
  accept(signal: Signal): boolean {
    const { connectionId, negotiationId, payload } = signal;
    if (payload.case !== 'description') return true;
    const isOffer = payload.value.sdpType === SdpType.OFFER;
    const known = isOffer ? this.#remote : this.#own;
    if (known?.connectionId === connectionId && negotiationId < known.negotiationId) return false;
    if (isOffer) {
      // A connection of the participant's own: the page's next offer belongs to it, whatever it offered before.
      if (this.#current?.connectionId !== connectionId) this.#origin = '';
      this.#remote = { connectionId, negotiationId };
      this.#current = this.#remote;
      this.#reserved = false;
    } else if (known !== undefined) this.#current = known;
    return true;
  }

  #newest(current: Round | undefined): number {
    const rounds = [current, this.#own, this.#remote].filter(
      (round) => round?.connectionId === current?.connectionId,
    );
    return Math.max(0, ...rounds.map((round) => round?.negotiationId ?? 0));
  }

  #newConnection(): string {
    return `main.${this.#nonce()}`;
  }
}
