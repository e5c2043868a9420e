import { timestampFromMs } from '@bufbuild/protobuf/wkt';
import type { ServiceImpl } from '@connectrpc/connect';
import type { IceService } from '../../gen/signalbox/v1/ice_pb.ts';
import type { IceServers } from '../core/ice-servers.ts';
import { grantsOf } from './authenticate.ts';

/** IceService: the STUN and TURN servers that a client with the caller's token would be given. */
export function iceService(iceServers: IceServers) {
  return {
    listIceServers({ region }, context) {
      const { identity, tenant, tokenId, expiresAt: tokenExpiresAt } = grantsOf(context);
      const { servers, expiresAt } = iceServers.for({
        // There is no session: credentials are told apart by the token.
        sessionId: tokenId || identity || 'anonymous',
        identity,
        tenant,
        tokenExpiresAt,
      });
      const preferred = region === '' ? servers : servers.filter((server) => server.region === region);
      const others = region === '' ? [] : servers.filter((server) => server.region !== region);
      return {
        iceServers: [...preferred, ...others],
        ...(Number.isFinite(expiresAt) ? { expireAt: timestampFromMs(expiresAt) } : {}),
      };
    },
  } satisfies ServiceImpl<typeof IceService>;
}
