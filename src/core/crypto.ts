/** Randomness and digests. Injected, so that tests are deterministic and the core stays free of I/O. */
export interface Crypto {
  /** `bytes` random bytes, base64url without padding. */
  random(bytes: number): string;
  /** SHA-256 of the UTF-8 text, base64url without padding. */
  sha256(text: string): string;
  /** HMAC-SHA-256 of the UTF-8 text under the UTF-8 key, base64url without padding. */
  hmac(key: string, text: string): string;
  /** Compares in a time that does not depend on where the texts differ. */
  equal(a: string, b: string): boolean;
}
