import { createHmac } from 'node:crypto';

/** Digest of the HMAC. coturn takes sha1, and sha256 where it is told so; sha1 is not broken as an HMAC. */
export type TurnDigest = 'sha1' | 'sha256';

/** A user name and password of a TURN server. */
export interface TurnCredentials {
  readonly username: string;
  readonly credential: string;
}

/**
 * TURN REST credentials (draft-uberti-behave-turn-rest-00; coturn: `use-auth-secret`): the user name is
 * `<expiry>:<user>`, the password the HMAC of it. Nothing is stored on either side.
 *
 * `expiresAt` in milliseconds since 1970 is cut to whole seconds.
 */
export function turnCredentials(
  secret: string,
  user: string,
  expiresAt: number,
  digest: TurnDigest,
): TurnCredentials {
  const username = `${Math.floor(expiresAt / 1000)}:${user}`;
  return { username, credential: createHmac(digest, secret).update(username).digest('base64') };
}
