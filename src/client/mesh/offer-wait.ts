/** The earlier of a pair waits so long for an offer, asks, waits as long again, then offers itself; in milliseconds. */
const OFFER_WAIT_MS = 3_000;

/** The patience of the one that does not make the first offer. */
export class OfferWait {
  readonly #ask: () => void;
  readonly #offer: () => void;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(ask: () => void, offer: () => void) {
    this.#ask = ask;
    this.#offer = offer;
  }

  /** `urgent`: asks at once. `mayOffer`: false for one that can only answer. */
  begin(urgent: boolean, mayOffer: boolean): void {
    this.stop();
    const ask = () => {
      this.#ask();
      if (mayOffer) this.#timer = setTimeout(this.#offer, OFFER_WAIT_MS);
    };
    if (urgent) ask();
    else this.#timer = setTimeout(ask, OFFER_WAIT_MS);
  }

  stop(): void {
    clearTimeout(this.#timer);
  }
}
