/** A claim of a token has a value that it must not have. The message is a sentence for developers. */
export class ClaimError extends Error {
  override readonly name = 'ClaimError';
  /** The claim at fault, such as `perm.publish`. */
  readonly claim: string;

  constructor(claim: string, problem: string) {
    super(`${claim}: ${problem}`);
    this.claim = claim;
  }
}
