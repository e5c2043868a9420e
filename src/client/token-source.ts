/** Where the session's token comes from. */
export class TokenSource {
  readonly #fetch: (() => Promise<string>) | undefined;
  #token: string | undefined;

  constructor(token: string | (() => Promise<string>)) {
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
    if (this.#fetch !== undefined) this.#token = await this.#fetch();
    return this.#token ?? '';
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
