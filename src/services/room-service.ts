import type { ServiceImpl } from '@connectrpc/connect';
import type { RoomService } from '../../gen/signalbox/v1/room_service_pb.ts';
import type { Clock } from '../core/clock.ts';
import type { Crypto } from '../core/crypto.ts';
import type { Engine } from '../core/engine.ts';
import type { CoreLimits } from '../core/limits.ts';
import type { RoomProfiles } from '../core/room/room-profiles.ts';
import type { TokenIssuer } from '../core/token-issuer.ts';
import { roomLifecycle } from './room-lifecycle.ts';
import { roomMessages } from './room-messages.ts';
import { roomParticipants } from './room-participants.ts';
import { roomRemoval } from './room-removal.ts';

export interface RoomServiceOptions {
  readonly engine: Engine;
  /** What rooms are like whose creator does not say. */
  readonly profiles: RoomProfiles;
  readonly clock: Pick<Clock, 'now'>;
  readonly limits: CoreLimits;
  /** Names this service as a sender, once. */
  readonly crypto: Pick<Crypto, 'random'>;
  /** Signs the tokens of those who are moved; undefined: they get none. */
  readonly issuer: TokenIssuer | undefined;
}

/**
 * RoomService, for backends. Every room is one of the tenant of the caller's token; a token that is bound to rooms reaches
 * only those. Refusals are Connect errors with a FrameError as detail.
 */
export function roomService(options: RoomServiceOptions): ServiceImpl<typeof RoomService> {
  return {
    ...roomLifecycle(options),
    ...roomParticipants(options),
    ...roomRemoval(options),
    ...roomMessages(options),
  };
}
