/**
 * The port between a transport and the core.
 *
 * A lane is one attached connection: a gRPC stream, a WebSocket, the receiving half of a Connect-Web session. It knows
 * framing, flow control and the status codes of its protocol, and nothing of rooms. The core hands it bytes that are
 * already framed; the lane hands the core the bytes of one `ClientFrame` at a time.
 */

/** The protocol a lane speaks. It is told to operators and clients; nothing in the core branches on it. */
export type Transport = 'grpc' | 'grpc-web' | 'connect' | 'websocket' | 'classic';

/** Where a connection came from, as far as the gateway can trust it. */
export interface Peer {
  /** Textual IP address: of the socket, or forwarded by a trusted proxy. */
  readonly address: string;
  /** `user-agent` of the request, or ''. */
  readonly userAgent: string;
  /** Bearer token of the request's metadata, '' when there is none. `Hello.token` wins over it. */
  readonly bearerToken: string;
}

/**
 * How a lane turns the bytes of one `ServerFrame` into bytes on its wire.
 *
 * Two lanes with the same `Framing` object put the same bytes on the wire for the same frame: the pump joins a run of
 * frames once and shares the result between them, so framings are singletons for each variant (gRPC, gRPC with gzip,
 * WebSocket, JSON …), never one a connection.
 */
export type Framing = PrefixFraming | TranscodeFraming;

/** The frame is copied as it is behind a short prefix: the hot path. */
export interface PrefixFraming {
  readonly kind: 'prefix';
  readonly name: string;
  /** Bytes of prefix needed before a frame of `frameLength` bytes. */
  prefixSize(frameLength: number): number;
  /** Writes the prefix at `position`; returns the position behind it. */
  writePrefix(out: Uint8Array, position: number, frameLength: number): number;
}

/** The frame is rewritten (JSON, compression): slower, still one call a frame and shared between lanes. */
export interface TranscodeFraming {
  readonly kind: 'transcode';
  readonly name: string;
  encode(frame: Uint8Array): Uint8Array;
}

/** What a lane offers to the core. */
export interface Lane {
  readonly transport: Transport;
  readonly framing: Framing;
  readonly peer: Peer;
  /** The client asks for an end with Closed(RESUME) after so many milliseconds; absent: it does not. */
  readonly maxDurationMs?: number | undefined;
  /**
   * Hands framed bytes to the transport, which takes all of them. The caller never touches `bytes` again, and may hand
   * the same array to other lanes: a lane must not write into it.
   * Returns false when the transport is over its high-water mark; `LaneEvents.drained` follows once.
   */
  write(bytes: Uint8Array): boolean;
  /**
   * All that was written is out of the transport's hands, which reads none of it any more. Absent: nothing is known of it, and
   * what was written is never used again.
   */
  readonly isFlushed?: boolean;
  /** Go on reading after `LaneEvents.frame` returned false. Frames may be delivered before this returns. */
  resume(): void;
  /** Ends the connection after all that was written. Idempotent. No event follows. */
  end(end: LaneEnd): void;
}

/**
 * Why the gateway ends a lane. The `Closed` or `GoAway` frame that tells the client was written before; this is for the
 * protocol's own status (gRPC trailers, WebSocket close code).
 */
export interface LaneEnd {
  readonly status: LaneEndStatus;
  /** English, for developers; no secrets. */
  readonly message: string;
}

/** `ok` the client left; the others map to the gRPC codes of the same names (WebSocket: 1000, 4000 + gRPC code). */
export type LaneEndStatus =
  | 'ok'
  | 'invalid_argument'
  | 'unauthenticated'
  | 'permission_denied'
  | 'aborted'
  | 'unavailable'
  | 'resource_exhausted'
  | 'deadline_exceeded'
  | 'internal';

/** What a lane reports to the core. Calls come one at a time and never from within `Lane.write`. */
export interface LaneEvents {
  /**
   * One `ClientFrame`, encoded. The array may be a view of a larger read buffer: whoever keeps it copies it.
   * Returns false when the session cannot take further frames yet: the lane then stops reading its transport and
   * holds what it has already read until `Lane.resume`.
   */
  frame(bytes: Uint8Array): boolean;
  /** The transport can be written again. */
  drained(): void;
  /**
   * The connection is gone (reset, dropped socket, cancelled, half-closed, deadline). Once; nothing follows. The
   * session is detached by this, never left.
   */
  closed(cause: LaneCloseCause): void;
  /**
   * The peer broke the lane's own protocol (a message that cannot be parsed, one that is too large). The lane has not
   * ended yet: the core answers with `Closed` and calls `Lane.end`.
   */
  violated(violation: LaneViolation): void;
}

export type LaneCloseCause = 'half-closed' | 'reset' | 'dropped' | 'deadline';

export interface LaneViolation {
  readonly reason: 'malformed' | 'too-large';
  /** What is wrong and where, for the developer of the client. */
  readonly detail: string;
}

/** Opens the core's side of a lane. The core expects `Hello` as the first frame within its handshake deadline. */
export type OpenLane = (lane: Lane) => LaneEvents;
