import { Reason } from '../../../gen/signalbox/v1/reason_pb.ts';
import type { TokenRefusal } from '../grants.ts';

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
