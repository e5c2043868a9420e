import type { Emitter } from './emitter.ts';
import type { JoinOptions, TransportName } from './options.ts';
import type { Room } from './room.ts';
import type { NextStep, Reason } from './vocabulary.ts';

/**
 * Where a session stands. 'connecting': before the first Welcome. 'connected': frames flow. 'reconnecting': the connection
 * is lost and being restored; calls wait, media goes on. 'suspended': by `suspend()` or bfcache, until `resume()`.
 * 'closed': for good; `next` tells what the application may do.
 */
export type SessionState =
  | { readonly status: 'connecting' }
  | { readonly status: 'connected'; readonly transport: TransportName }
  | {
      readonly status: 'reconnecting';
      readonly since: Date;
      /** Tries since then, from 0. */
      readonly attempt: number;
      readonly reason: Reason;
    }
  | { readonly status: 'suspended' }
  | { readonly status: 'closed'; readonly reason: Reason; readonly next: NextStep; readonly detail: string };

/** What the gateway lets this session do. Sizes in bytes; 0: not announced. */
export interface Limits {
  /** Largest frame. */
  readonly frameBytes: number;
  readonly signalBytes: number;
  readonly messageBytes: number;
  /** Frames, and bytes, that wait for a client that is away. */
  readonly inboxFrames: number;
  readonly inboxBytes: number;
  /** Rooms at once. */
  readonly rooms: number;
  /** Keys and values of a participant's attributes. */
  readonly attributesBytes: number;
}

/** An RTCIceServer (W3C WebRTC 4.2.4). */
export interface IceServer {
  readonly urls: string[];
  readonly username?: string;
  readonly credential?: string;
}

/** The STUN and TURN servers were renewed. */
export interface IceServersChange {
  readonly iceServers: readonly IceServer[];
  readonly expiresAt: Date | undefined;
  /** Restart ICE on relayed connections. */
  readonly restartIce: boolean;
}

/** The application had no token to give. */
export interface TokenFailure {
  /** What its function rejected with. */
  readonly error: unknown;
  /** Times in a row. */
  readonly failures: number;
}

/** Events of a session. */
export interface SessionEvents {
  state: SessionState;
  iceServers: IceServersChange;
  /** The application's `token` function had none. It is called again, with backoff. */
  tokenFailed: TokenFailure;
}

/**
 * One device's presence on the gateway. It outlives its connections: a lost one is restored by itself, with backoff and
 * jitter, and nothing that was sent or received is lost or doubled while the gateway keeps the session.
 */
export interface Session extends Emitter<SessionEvents> {
  /** Changes only when the gateway could not keep the session and opened a fresh one. */
  readonly id: string;
  readonly state: SessionState;
  readonly limits: Limits;
  readonly iceServers: readonly IceServer[];
  /** Rooms that this session is in, by name. */
  readonly rooms: ReadonlyMap<string, Room>;
  /** Joins a room; the same room again while it is joined: that room. Rejects: SignalboxError. */
  join(room: string, options?: JoinOptions): Promise<Room>;
  /**
   * Before the application sleeps: asks the gateway to keep the session this long (default 10 min, cut to its limit) and
   * ends the connection. What is called meanwhile waits.
   */
  suspend(holdMs?: number): Promise<void>;
  /** After `suspend`; resolves when connected again. */
  resume(): Promise<void>;
  /**
   * Tells that the network changed: the connection is tested at once. Where it does not answer in half a second, another one
   * is opened beside it and takes over when it is there; nothing is lost or doubled by that.
   */
  networkChanged(): void;
  /**
   * For a button "Try now" while the session is reconnecting: the next try begins at once, not after a pause of up to 30 s, and
   * in the place of one that has no answer for half a second. A pause that the gateway asked for is kept. An open connection is
   * tested, a suspended or closed session stays so. The `online` event of the browser does the same by itself.
   */
  tryNow(): void;
  /** Leaves all rooms and ends the session. Resolves within 2 s, also when the gateway cannot be reached. */
  close(): Promise<void>;
}
