import type { Claims } from '../../src/auth/token-claims.ts';
import { createToken } from '../../src/server.ts';
import { secretOf } from '../helpers/auth-kit.ts';

/** The key of all gateways of the fault runs. */
export const signingKey = { kid: 'fault', alg: 'HS256', secret: secretOf('fault') } as const;

/** A token that they take. */
export function faultToken(claims: Claims): Promise<string> {
  return createToken(signingKey, claims, { expiresIn: '1d' });
}
