/**
 * Every limit of the port, in one place. A test may shorten the deadlines; nothing else changes them.
 *
 * Times are milliseconds, sizes are bytes unless the name says otherwise.
 */
export interface GatewayLimits {
  /** From accept (clear text) until the first bytes have told HTTP/2 from HTTP/1.1. The socket is dropped after it. */
  readonly prefaceMs: number;
  /** From accept until the TLS handshake is complete. */
  readonly tlsHandshakeMs: number;
  /** HTTP/1.1: from the first byte of a request (or accept) until its headers are complete. 408 after it. */
  readonly headersMs: number;
  /** HTTP/1.1: until the whole request is read; must not be less than `headersMs`. 408 after it. */
  readonly requestMs: number;
  /** HTTP/1.1: an idle keep-alive connection is closed after it. */
  readonly keepAliveMs: number;
  /** HTTP/1.1: how often the two deadlines above are looked at: what they may be late by. */
  readonly checkMs: number;
  /** HTTP/2: from the preface until the first request's headers are complete, SETTINGS included. */
  readonly firstStreamMs: number;
  /** HTTP/2: a connection without open streams is ended (GOAWAY) after it, whatever pings it sends. */
  readonly idleSessionMs: number;
  /** Any HTTP: until the body of a call that is not a stream of requests is complete. */
  readonly bodyMs: number;
  /** Any HTTP: from the request until a response that is not a stream has been read by its caller. */
  readonly responseMs: number;
  /** From the last thing said to a peer until its socket is destroyed, when it does not end its side. */
  readonly lingerMs: number;
  /** Names and values of one request's headers together. */
  readonly headerBytes: number;
  /** Header fields of one request. */
  readonly headerCount: number;
  /** Message of a unary call, after decompression. */
  readonly messageBytes: number;
  /** Message of a response of the unary services, before compression. */
  readonly responseBytes: number;
  /** Open sockets; one beyond it is dropped at accept. See `connectionBudget`. */
  readonly maxConnections: number;
  /** HTTP/2: open streams of one connection, announced in SETTINGS. */
  readonly streamsPerConnection: number;
  /** HTTP/2: unread bytes a peer may send on one stream. */
  readonly streamWindowBytes: number;
  /** HTTP/2: bytes a peer may have under way on one connection. */
  readonly connectionWindowBytes: number;
  /** HTTP/2: megabytes that one session may hold before new streams are refused. */
  readonly sessionMemoryMegabytes: number;
  /** HTTP/2: frames that break the protocol before the session is ended. */
  readonly invalidFrames: number;
  /** HTTP/2: streams that were refused at once before the session is ended. */
  readonly rejectedStreams: number;
  /** HTTP/2: resets allowed at once. */
  readonly resetBurst: number;
  /** HTTP/2: resets allowed a second after that. */
  readonly resetRate: number;
}

const KIB = 1024;

export const DEFAULT_LIMITS: GatewayLimits = {
  // Browsers open sockets ahead of need and use them within seconds; one that stays silent is not worth a descriptor.
  prefaceMs: 10_000,
  // A phone on a poor network needs several round trips of a second each.
  tlsHandshakeMs: 10_000,
  // Headers fit in a few packets: slower than this is a slow-headers attack or a dead link.
  headersMs: 10_000,
  // The largest body (a unary message, see messageBytes) passes in it on a 1 Mbit/s line with room to spare.
  requestMs: 30_000,
  // Above the 60 s of the usual load balancers, so that they and not we end an idle connection: no request meets a FIN.
  keepAliveMs: 75_000,
  // Node's own default of 30 s would let a 10 s deadline last 40 s.
  checkMs: 1_000,
  // As for headers, and the SETTINGS exchange before it; a client may also connect a little ahead of its first call.
  firstStreamMs: 20_000,
  // Above the keep-alive of proxies; a native client that idles longer reconnects on its next call.
  idleSessionMs: 300_000,
  // As requestMs, for what HTTP/2 does not limit by itself.
  bodyMs: 30_000,
  // The page and its script (100 KB) on a 10 kbit/s line take 80 s.
  responseMs: 120_000,
  // A few round trips on a poor network.
  lingerMs: 5_000,
  // A bearer token (at most 8 KiB) and the headers of a browser behind two proxies.
  headerBytes: 16 * KIB,
  // Browsers send about 20, proxies add 10; the rest is room.
  headerCount: 100,
  // The largest unary message is a batch of SendFrames; a signal is at most 256 KiB.
  messageBytes: 1024 * KIB,
  // A page of a large room's participants.
  responseBytes: 4 * 1024 * KIB,
  // For tests and embedded use; startGateway lowers it to what the descriptor limit allows.
  maxConnections: 100_000,
  // An edge proxy carries many sessions on one connection; a stream costs us about 25 KB, so 1,000 cost 25 MB.
  streamsPerConnection: 1_000,
  // HTTP/2's default. A lane that is not read stalls its own stream after this much.
  streamWindowBytes: 64 * KIB - 1,
  // HTTP/2's default of 64 KiB would let 1,000 sessions behind one edge share one packet train a round trip.
  connectionWindowBytes: 1024 * KIB,
  // Node's default of 10 MB is less than the streams of one edge connection need.
  sessionMemoryMegabytes: 64,
  // Well-behaved peers send none; a few are bugs, a hundred are an attack.
  invalidFrames: 100,
  rejectedStreams: 100,
  // An edge that loses its clients resets all their streams at once: one full connection's worth, and again.
  resetBurst: 2_000,
  // Above it the peer is opening streams to reset them (CVE-2023-44487).
  resetRate: 100,
};

/** Descriptors kept for what is not a client: files, Redis, DNS, logs, the listening sockets. */
const RESERVED_DESCRIPTORS = 256;

/** Share of `maxConnections` above which new connections are told to come back later instead of served. */
const POLITE_SHARE = 0.95;

/**
 * The connections that a descriptor limit allows: nine tenths of it less a reserve, never below 64. An accept that
 * fails for want of a descriptor fails for everybody, so the gateway refuses before that.
 */
export function connectionBudget(descriptorLimit: number): number {
  return Math.max(64, Math.floor((descriptorLimit - RESERVED_DESCRIPTORS) * 0.9));
}

/** Connections up to here are served; those between here and `maxConnections` get an answer that says "later". */
export function politeLimit(maxConnections: number): number {
  return Math.max(1, Math.floor(maxConnections * POLITE_SHARE));
}
