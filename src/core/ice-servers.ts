import type { IceServer } from '../../gen/signalbox/v1/ice_pb.ts';

/** Whom the credentials are for. */
export interface IceSession {
  readonly sessionId: string;
  readonly identity: string;
  readonly tenant: string;
  /** Milliseconds since 1970; Infinity when the token does not end. */
  readonly tokenExpiresAt: number;
}

export interface IceServerList {
  readonly servers: IceServer[];
  /** When the first of the credentials ends, in milliseconds since 1970; Infinity when none does. */
  readonly expiresAt: number;
  /** Connections through these servers go on when the credentials that they were made with end. Absent: they end. */
  readonly keepsRelays?: boolean;
}

/** Chooses the STUN and TURN servers of a session, with fresh credentials. Implemented in `ice`. */
export interface IceServers {
  for(session: IceSession): IceServerList;
}
