import { createHmac, hash, timingSafeEqual } from 'node:crypto';
import type { Crypto } from '../core/crypto.ts';
import { RandomBytes } from './random-bytes.ts';

const randomness = new RandomBytes();

/** Randomness and digests of Node. */
export const nodeCrypto: Crypto = {
  random: (bytes) => randomness.base64url(bytes),
  sha256: (text) => hash('sha256', text, 'base64url'),
  hmac: (key, text) => createHmac('sha256', key).update(text).digest('base64url'),
  equal(a, b) {
    const left = Buffer.from(a);
    const right = Buffer.from(b);
    return left.length === right.length && timingSafeEqual(left, right);
  },
};
