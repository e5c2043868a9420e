import type { Crypto } from '../../src/core/crypto.ts';

/** Counts instead of rolling dice, so that a seed tells a whole run. Digests are their own text: nobody attacks here. */
export function modelCrypto(): Crypto {
  let made = 0;
  return {
    random() {
      made += 1;
      return `x${made}`;
    },
    sha256: (text) => `sha(${text})`,
    hmac: (key, text) => `hmac(${key},${text})`,
    equal: (a, b) => a === b,
  };
}
