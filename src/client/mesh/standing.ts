import type { PeerFailure, PeerState } from './peer.ts';

/** Where the connection to a peer stands. `told` is called at each change, also when a failure has another reason. */
export class Standing {
  readonly #told: () => void;
  #state: PeerState = 'new';
  #failure: PeerFailure | undefined;
  #connectedOnce = false;

  constructor(told: () => void) {
    this.#told = told;
  }

  get state(): PeerState {
    return this.#state;
  }

  /** With the state 'failed'. */
  get failure(): PeerFailure | undefined {
    return this.#failure;
  }

  /** A way is looked for: the first one, or another one. */
  seeking(): void {
    this.#set(this.#connectedOnce ? 'interrupted' : 'connecting');
  }

  connected(): void {
    this.#connectedOnce = true;
    this.#set('connected');
  }

  /** What was connected is lost, whatever else is known. */
  failed(failure: PeerFailure): void {
    this.#set('failed', this.#connectedOnce && failure !== 'refused' ? 'lost' : failure);
  }

  closed(): void {
    this.#set('closed');
  }

  #set(state: PeerState, failure?: PeerFailure): void {
    if (state === this.#state && failure === this.#failure) return;
    this.#state = state;
    this.#failure = failure;
    this.#told();
  }
}
