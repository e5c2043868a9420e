import type { Track } from './participant.ts';
import type { Feature, Reason } from './vocabulary.ts';

/** Names of the transports. */
export type TransportName = 'grpc' | 'websocket' | 'connect-web';

/** Where the SDK says what it does. `console` fits. Default: warnings and errors to the console. */
export interface Logger {
  debug?(...data: readonly unknown[]): void;
  info?(...data: readonly unknown[]): void;
  warn(...data: readonly unknown[]): void;
  error(...data: readonly unknown[]): void;
}

/** How to connect. */
export interface ConnectOptions {
  /** JWT, or where to get one: called at the start, before the token ends, and when the gateway asks for a new one. */
  readonly token: string | (() => Promise<string>);
  /**
   * Default 'auto'. Node: gRPC, else WebSocket. Page: WebSocket when it came over HTTP/1.1, else Connect-Web; no Welcome
   * in 3 s: the other; what worked is remembered for a day.
   */
  readonly transport?: 'auto' | TransportName;
  /**
   * Stable per installation, at most 64 bytes: a newer session of the same identity and device replaces the older one.
   * Default: kept in localStorage; in Node and where there is no storage, one per process or page.
   */
  readonly deviceId?: string;
  /**
   * 'tab': the session survives a reload of its page, with what was on its way. The next page calls `connect` with the same
   * first URL, and `join` for the rooms; what it does not join within 5 s is left. A duplicated tab has a session and, unless
   * `deviceId` is given, a device of its own. One session a page and URL. Default 'memory': as long as the page.
   */
  readonly keepSession?: 'memory' | 'tab';
  /**
   * When the page goes for good. 'leave' (default): others see it leave after `pageGraceMs`, unless it is back by then (a
   * reload with `keepSession: 'tab'`). 'suspend': it stays in its rooms for 10 min, or what the gateway allows. A page that the browser
   * may bring back as it was (bfcache, frozen) is always suspended.
   */
  readonly onPageHide?: 'leave' | 'suspend';
  /** Default 5,000: long for others who see one that is gone, short for a reload that asks its visitor before it joins. */
  readonly pageGraceMs?: number;
  /** Joined in the same round trip that connects; get it with `session.join(name)`. */
  readonly join?: JoinOptions & { readonly room: string };
  /** What this client can do; PeerMesh users: what the WebRTC stack can do. Default: rollback and ice_restart. */
  readonly features?: readonly Feature[];
  /** Name and version of the application, for operators; at most 64 bytes. */
  readonly app?: string;
  /** `connect` gives up after this long, in milliseconds. Default 20,000. Afterwards the session never gives up by itself. */
  readonly connectTimeoutMs?: number;
  readonly logger?: Logger;
  /** Gives up connecting; an open session closes as by `close()`. */
  readonly signal?: AbortSignal;
}

/** This client waits to be let into a room. */
export interface Pending {
  /** 'lobby' or 'not_started'. */
  readonly reason: Reason;
  /** Place in the queue, from 1; 0: unknown. */
  readonly position: number;
}

/** How to join a room. */
export interface JoinOptions {
  /** Display name; at most 64 code points. Default: the token's. */
  readonly name?: string;
  readonly attributes?: Readonly<Record<string, string>>;
  /** Tracks that are published from the start. */
  readonly tracks?: readonly Track[];
  /** Newest messages to hand over in `room.history`; at most 100. Default 0. */
  readonly history?: number;
  /** Note to the moderators where the room has a lobby; at most 256 bytes. */
  readonly knock?: string;
  /** Called while the join waits, each time its place changes. */
  onPending?(pending: Pending): void;
}
