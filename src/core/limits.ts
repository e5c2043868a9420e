import type { Rate } from './token-bucket.ts';

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
   * be resumed. With the time to look and to end it, a reader that has stopped costs memory for less than 10 s; a link is fast
   * enough that takes `gatherBytes` in it, 13 KB a second.
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
  /** Signals of a session. A session that sends more than any of these rates is not read until it may go on. */
  readonly signalRate: Rate;
  /** Messages of a session to rooms, RELIABLE, LATEST and COUNTED. */
  readonly messageRate: Rate;
  /** LOSSY messages of a session; what is beyond is dropped. */
  readonly lossyRate: Rate;
  /** What a session asks for itself or others: joins, leaves, updates, moderation, tokens, wills. */
  readonly controlRate: Rate;
  /** What needs no delivery or is known: acknowledgements, pings, reports, frames sent again, LOSSY that was dropped. */
  readonly lightRate: Rate;
  /** Bytes of all frames of a session. */
  readonly byteRate: Rate;
  /**
   * Deliveries of a room on this node: a message costs as many as sessions read the room. Beyond it senders wait, and are
   * told RATE_LIMITED where they would wait for longer than `roomWaitMs`.
   */
  readonly roomRate: Rate;
  readonly roomWaitMs: number;
  /** A SendFrames call waits so long for its session to be allowed to go on, in milliseconds, and is then to be made again. */
  readonly callWaitMs: number;
  /** An acknowledgement waits so long for a frame that takes it along, in milliseconds. */
  readonly ackDelayMs: number;
  /** … or until so many frames wait for it, or so many bytes of them. */
  readonly ackFrames: number;
  readonly ackBytes: number;
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
  // A media node rejoins: for each of 1,000 clients an answer and 15 candidates at once. A signal costs 3 µs: 2 % of a core.
  signalRate: { burst: 20_000, perSecond: 8_000 },
  // A teacher's script, a game's state 60 times a second in ten rooms. Chat is a thousand times less.
  messageRate: { burst: 4_000, perSecond: 1_000 },
  // Cursors and levels of ten rooms, 60 times a second each; a room thins them to its own rate.
  lossyRate: { burst: 2_000, perSecond: 1_000 },
  // A moderator mutes a class of 1,000 one by one; a client that comes back joins 32 rooms. A join costs 0.1 ms.
  controlRate: { burst: 2_000, perSecond: 500 },
  // 256 frames sent again after each of eight resumes; an acknowledgement for each of 2,000 frames a second.
  lightRate: { burst: 4_000, perSecond: 2_000 },
  // Descriptions of 256 KiB to 64 peers at once, and a full 64 Mbit/s line after that.
  byteRate: { burst: 16 * 1024 * 1024, perSecond: 8 * 1024 * 1024 },
  // A delivery costs 1 to 3 µs: half a core. 1,000 messages at once to a room of 1,000, and 200 a second after that.
  roomRate: { burst: 1_000_000, perSecond: 200_000 },
  // Signals of the sender wait with the message.
  roomWaitMs: 2_000,
  // The SDK gives up a call after 10 s.
  callWaitMs: 1_000,
  // At ten signals a second each way, two in five acknowledgements were a write of their own after 100 ms, and one in seven is
  // after 250. A sender may have 256 frames or 1 MiB on their way.
  ackDelayMs: 250,
  ackFrames: 32,
  ackBytes: 64 * 1024,
});
