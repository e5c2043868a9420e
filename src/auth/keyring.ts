import type { Key, SecretKey } from './key.ts';

/** The part of a token that says which key it claims to be signed with. Not verified yet. */
export interface KeyHint {
  /** Header `kid`. */
  readonly kid: unknown;
  /** Claim `iss`. */
  readonly iss: unknown;
  /** Claim `aud`. */
  readonly aud: unknown;
}

/** The keys of one reading of the key file. Immutable. */
export class Keyring {
  readonly #keys: readonly Key[];

  constructor(keys: readonly Key[]) {
    this.#keys = keys;
  }

  get kids(): readonly string[] {
    return this.#keys.map(({ kid }) => kid);
  }

  get(kid: string): Key | undefined {
    return this.#keys.find((key) => key.kid === kid);
  }

  /** The first key that can sign. */
  get signing(): SecretKey | undefined {
    return this.#keys.find((key) => key.type === 'secret');
  }

  /**
   * The key that must have signed a token. An issuer's keys are found by `iss` (and `aud`, where one issuer serves
   * several tenants): their `kid` is the issuer's own and changes. Every other key is found by `kid`. What the hint says is
   * proven afterwards by the signature and by the key's own issuer and audience.
   */
  find({ kid, iss, aud }: KeyHint): Key | undefined {
    const ofIssuer = this.#keys.filter(
      (key) => key.type === 'remote' && iss !== undefined && key.issuer === iss,
    );
    return (
      ofIssuer.find(({ audience }) => audience !== undefined && isIn(aud, audience)) ??
      ofIssuer.find(({ audience }) => audience === undefined) ??
      ofIssuer[0] ??
      (typeof kid === 'string' ? this.get(kid) : undefined)
    );
  }
}

function isIn(aud: unknown, audience: string): boolean {
  return Array.isArray(aud) ? aud.includes(audience) : aud === audience;
}
