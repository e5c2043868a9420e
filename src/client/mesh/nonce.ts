/** 48 random bits: names one connection or track among those of one participant. */
export function nonce(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(6)), (byte) =>
    byte.toString(16).padStart(2, '0'),
  ).join('');
}
