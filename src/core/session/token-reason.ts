import { Reason } from '../../../gen/signalbox/v1/reason_pb.ts';
import type { TokenRefusal } from '../grants.ts';

/** The schema's word for why a token was refused. */
export function tokenReason({ reason }: TokenRefusal): Reason {
  if (reason === 'expired') return Reason.TOKEN_EXPIRED;
  return reason === 'revoked' ? Reason.TOKEN_REVOKED : Reason.TOKEN_INVALID;
}
