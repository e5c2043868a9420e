import type { AwakeTime } from '../awake-time.ts';
import type { Clock } from '../clock.ts';
import type { Crypto } from '../crypto.ts';
import type { Engine } from '../engine.ts';
import type { TokenVerifier } from '../grants.ts';
import type { IceServers } from '../ice-servers.ts';
import type { CoreLimits } from '../limits.ts';
import type { RoomProfiles } from '../room/room-profiles.ts';
import type { RoomKey } from '../room-key.ts';
import type { TokenIssuer } from '../token-issuer.ts';
import type { MemoryPool } from '../wire/memory-pool.ts';
import type { FrameScan } from '../wire/scan.ts';
import type { Slab } from '../wire/slab.ts';
import type { AckSweep } from './ack-sweep.ts';
import type { RoomBudgets } from './room-budgets.ts';
import type { Session } from './session.ts';

/** What the core tells its operator. */
export interface CoreLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** What a session needs of the node it lives on. */
export interface SessionHost {
  readonly engine: Engine;
  readonly clock: Clock;
  readonly awake: AwakeTime;
  readonly crypto: Crypto;
  readonly limits: CoreLimits;
  readonly profiles: RoomProfiles;
  readonly verifier: TokenVerifier;
  readonly issuer: TokenIssuer | undefined;
  readonly iceServers: IceServers;
  readonly log: CoreLog;
  /** Used for one frame at a time. */
  readonly scan: FrameScan;
  /** Memory of records, and of what is written. */
  readonly slab: Slab;
  readonly pool: MemoryPool;
  readonly roomBudgets: RoomBudgets;
  /** Sessions that owe an acknowledgement. */
  readonly acks: AckSweep;
  /** Sessions of this node that read the room. */
  readers(key: RoomKey): number;
  /** The session has something to write: it is pumped at the end of this tick. */
  markDirty(session: Session): void;
  /** The session has a connection, or has lost it: its rooms are told soon, when thousands come or go not at once. */
  announce(session: Session): void;
  /** The session reads the room from now on, or no longer. */
  follow(key: RoomKey, session: Session): void;
  unfollow(key: RoomKey, session: Session): void;
  /** The session is over. */
  forget(session: Session): void;
}
