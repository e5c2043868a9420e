import { Reason } from '../../../gen/signalbox/v1/reason_pb.ts';
import type { Grants, TokenRefusal } from '../grants.ts';
import { type Ending, endingOf } from '../refusal.ts';
import type { SessionHost } from './session-host.ts';

const reasons = {
  invalid: Reason.TOKEN_INVALID,
  expired: Reason.TOKEN_EXPIRED,
  revoked: Reason.TOKEN_REVOKED,
  unavailable: Reason.ENGINE_UNAVAILABLE,
} as const satisfies Record<TokenRefusal['reason'], Reason>;

/** The schema's word for why a token was refused. */
export function tokenReason({ reason }: TokenRefusal): Reason {
  return reasons[reason];
}

/** Why a session may not go on with its token: it has ended, was revoked, or its key is gone. Undefined: it may. */
export function endingOfToken(
  { clock, verifier }: Pick<SessionHost, 'clock' | 'verifier'>,
  grants: Grants,
): Ending | undefined {
  if (grants.expiresAt <= clock.now()) {
    return endingOf(Reason.TOKEN_EXPIRED, 'the token of this session has ended: resume with a new one');
  }
  const refusal = verifier.recheck(grants);
  return refusal && endingOf(tokenReason(refusal), refusal.detail);
}
