import type { TokenFailure } from './session.ts';

/** Where the session's token comes from. */
export class TokenSource {
  readonly #fetch: (() => Promise<string>) | undefined;
  readonly #failed: (failure: TokenFailure) => void;
  #failures = 0;
  #token: string | undefined;

  /** `failed` hears of each time that the application's function had none. */
  constructor(token: string | (() => Promise<string>), failed: (failure: TokenFailure) => void) {
    this.#failed = failed;
    if (typeof token === 'string') this.#token = token;
    else this.#fetch = token;
  }

  /** A newer token can be had. */
  get renewable(): boolean {
    return this.#fetch !== undefined;
  }

  /** The token at hand, or the first one. Rejects as the application's function does. */
  async get(): Promise<string> {
    return this.#token ?? (await this.renew());
  }

  /** A new token from the application; the same one where it cannot give another. */
  async renew(): Promise<string> {
    if (this.#fetch === undefined) return this.#token ?? '';
    try {
      this.#token = await this.#fetch();
      this.#failures = 0;
      return this.#token;
    } catch (error) {
      this.#failures += 1;
      this.#failed({ error, failures: this.#failures });
      throw error;
    }
  }

  /** The gateway renewed the token itself. */
  replace(token: string): void {
    this.#token = token;
  }

  /** The token at hand is of no use any more: `get` fetches another. */
  forget(): void {
    if (this.#fetch !== undefined) this.#token = undefined;
  }
}
