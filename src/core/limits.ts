/**
 * Every limit of the core, with its reason. What a client needs to know is announced in `Welcome.limits`; each is proven
 * through a real socket in `test/hostile`.
 */
export interface CoreLimits {
  /** Bytes of one ClientFrame. A Signal of the largest size with room for its envelope and trace context. */
  readonly frameBytes: number;
  /** Bytes of one Signal: an SFU's description for 50 people passes 100 KB. */
  readonly signalBytes: number;
  /** Bytes of one DataMessage: chat and state, not files. */
  readonly messageBytes: number;
  /** Frames that wait in an inbox: four times what a client may leave unacknowledged. */
  readonly inboxFrames: number;
  /** Bytes that wait in an inbox; one frame is always taken, however large. */
  readonly inboxBytes: number;
  /** Rooms that a session may be in at once. */
  readonly rooms: number;
  /** Bytes of keys and values in a participant's attributes. */
  readonly attributesBytes: number;
  /** Keys in a participant's attributes. */
  readonly attributeKeys: number;
  /** Tracks of a participant. */
  readonly tracks: number;
  /** Entries of a room log. */
  readonly roomEntries: number;
  /** Bytes of a room log. */
  readonly roomBytes: number;
  /** Age of the oldest entry of a room log, in milliseconds. */
  readonly roomAgeMs: number;
  /** RELIABLE messages kept apart for `Join.history`, whatever the roster's churn. */
  readonly historyMessages: number;
  /** Keys of a room's keyed table (LATEST and COUNTED together). */
  readonly tableKeys: number;
  /** Bytes of a room's keyed table. */
  readonly tableBytes: number;
  /** Participants of a room whose settings say nothing. */
  readonly participants: number;
  /** Participants that wait in a room's lobby: a moderator looks at each of them. */
  readonly lobby: number;
  /** LOSSY messages a second of a room whose settings say nothing. */
  readonly lossyPerSecond: number;
  /**
   * Bytes gathered for one lane in one tick: what is more waits for the next, so that nobody waits for one reader. It is also what a
   * reader that has stopped holds in memory, beside its inbox and what its transport took before.
   */
  readonly gatherBytes: number;
  /** Participants in a Joined; further ones follow in pages. */
  readonly rosterPage: number;
  /** Milliseconds from the connection to its Hello. */
  readonly handshakeMs: number;
  /**
   * A Ping follows so long after the last byte received, in milliseconds. Proxies cut idle streams at 60 s; with the Pong's
   * time and a look a second at each, a half-open peer is AWAY within 20 s.
   */
  readonly pingIntervalMs: number;
  /** Milliseconds that the gateway waits for a Pong. */
  readonly pongTimeoutMs: number;
  /**
   * A lane that has taken nothing of what was written for so long is closed with SLOW_CONSUMER, in milliseconds; its session may
   * be resumed. With the time to look and to end it, a reader that has stopped costs memory for less than 10 s.
   */
  readonly slowConsumerMs: number;
  /** How long a session outlives its connection, in milliseconds. */
  readonly resumeWindowMs: number;
  /** Longest hold that a SUSPENDED client may ask for, in milliseconds. */
  readonly holdMs: number;
  /**
   * How long after the beginning of a session the gateway renews its token by itself, in milliseconds, where the token's claim
   * `renew` permits that: a person who left a page open does not stay for ever.
   */
  readonly renewalMs: number;
  /** An acknowledgement waits so long for a frame that takes it along, in milliseconds. */
  readonly ackDelayMs: number;
  /** … or until so many frames wait for it. */
  readonly ackFrames: number;
}

export const defaultLimits: CoreLimits = Object.freeze({
  frameBytes: 272 * 1024,
  signalBytes: 256 * 1024,
  messageBytes: 16 * 1024,
  inboxFrames: 1024,
  inboxBytes: 256 * 1024,
  rooms: 32,
  attributesBytes: 4096,
  attributeKeys: 64,
  tracks: 32,
  roomEntries: 2048,
  roomBytes: 2 * 1024 * 1024,
  roomAgeMs: 3_600_000,
  historyMessages: 100,
  tableKeys: 1024,
  tableBytes: 1024 * 1024,
  participants: 100_000,
  lobby: 1000,
  lossyPerSecond: 1000,
  gatherBytes: 64 * 1024,
  rosterPage: 200,
  handshakeMs: 10_000,
  pingIntervalMs: 10_000,
  pongTimeoutMs: 7_000,
  slowConsumerMs: 5_000,
  resumeWindowMs: 30_000,
  holdMs: 3_600_000,
  renewalMs: 7 * 86_400_000,
  ackDelayMs: 100,
  ackFrames: 32,
});
