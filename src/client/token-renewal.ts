import { Backoff } from './backoff.ts';
import type { Environment } from './environment.ts';
import type { Logger } from './options.ts';
import type { TokenSource } from './token-source.ts';

/** Where the gateway did not ask before: this part of the token's rest, so that a failed try has time for another. */
const PART = 0.8;
/** The longest that a timer takes. */
const LONGEST_MS = 2 ** 31 - 1;

/** Sees that the session's token is renewed before it ends. */
export class TokenRenewal {
  readonly #environment: Environment;
  readonly #source: TokenSource;
  readonly #logger: Logger;
  readonly #hand: (token: string) => void;
  readonly #backoff: Backoff;
  #stopTimer: (() => void) | undefined;
  #running = false;

  /** `hand` hands a newer token to the gateway. */
  constructor(environment: Environment, source: TokenSource, logger: Logger, hand: (token: string) => void) {
    this.#environment = environment;
    this.#source = source;
    this.#logger = logger;
    this.#hand = hand;
    this.#backoff = new Backoff(() => environment.random());
  }

  /** The token ends in `restMs`; undefined: never, as far as is known. */
  expiresIn(restMs: number | undefined): void {
    this.stop();
    if (restMs === undefined || !this.#source.renewable) return;
    this.#after(Math.max(0, restMs * PART));
  }

  /** The gateway says that the token ends soon, and may give the next one itself. */
  async expiring(token: string): Promise<void> {
    this.stop();
    if (token !== '') {
      this.#source.replace(token);
      this.#hand(token);
    } else if (this.#source.renewable) await this.#renew();
    else this.#logger.warn('the token ends soon and cannot be renewed: pass a function as `token`');
  }

  /** The gateway did not take the token that was handed to it. */
  refused(): void {
    if (this.#source.renewable) this.#after(this.#backoff.next());
  }

  /** … or it did. */
  taken(): void {
    this.#backoff.reset();
  }

  stop(): void {
    this.#stopTimer?.();
    this.#stopTimer = undefined;
  }

  #after(ms: number): void {
    this.stop();
    this.#stopTimer = this.#environment.after(Math.min(ms, LONGEST_MS), () => void this.#renew());
  }

  async #renew(): Promise<void> {
    if (this.#running) return;
    this.#running = true;
    try {
      this.#hand(await this.#source.renew());
    } catch (error) {
      this.#logger.warn('no new token, trying again', error);
      this.#after(this.#backoff.next());
    } finally {
      this.#running = false;
    }
  }
}
