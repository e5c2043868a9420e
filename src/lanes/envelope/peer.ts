import type { Peer } from '../../core/lane.ts';
import type { UnaryCaller } from './call.ts';

/** Where a call came from, and the token in its metadata. */
export function peerOf(caller: UnaryCaller): Peer {
  const authorization = caller.requestHeader('authorization') ?? '';
  return {
    address: caller.address,
    // Browsers may not set `user-agent`; gRPC-Web clients say it in `x-user-agent` too.
    userAgent: caller.requestHeader('user-agent') ?? caller.requestHeader('x-user-agent') ?? '',
    bearerToken: /^bearer +(\S+)\s*$/i.exec(authorization)?.[1] ?? '',
  };
}
