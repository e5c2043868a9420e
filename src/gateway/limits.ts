import type { Rate } from '../core/token-bucket.ts';

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
  /** HTTP/2: a peer that has said GOAWAY and sends nothing for so long, twice at most, is gone, whatever it has open. */
  readonly departureMs: number;
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
  /** The same for a trusted proxy, announced once it is known for one. */
  readonly streamsPerProxyConnection: number;
  /** HTTP/2: unread bytes a peer may send on one stream. */
  readonly streamWindowBytes: number;
  /** HTTP/2: bytes a peer may have under way on one connection. */
  readonly connectionWindowBytes: number;
  /** HTTP/2, a connection: streams that broke the protocol. */
  readonly invalidStreams: number;
  /** HTTP/2, a connection: streams beyond those that may be open, one after the other. */
  readonly rejectedStreams: number;
  /** HTTP/2: resets that a trusted proxy may send at once, on one connection. */
  readonly resetBurst: number;
  /** HTTP/2: resets that it may send a second after that. */
  readonly resetRate: number;
  /** How often connections are looked at for what a single event does not show: what the following may be late by. */
  readonly watchMs: number;
  /** HTTP/2, a connection: streams that end by a reset, whoever sends it. Trusted proxies: see `resetBurst`. */
  readonly resets: Rate;
  /** HTTP/2, a connection: requests. */
  readonly requests: Rate;
  /** HTTP/1.1, a connection: requests that are sent ahead of the answers to those before. */
  readonly pipelinedRequests: number;
  /** HTTP/2, a connection: SETTINGS frames. */
  readonly settings: Rate;
  /**
   * HTTP/2, a connection: bytes that are not content of a request (headers, pings, window updates, the frames around the
   * content), beyond as many as there is content. A frame of content counts as `contentFrameBytes` of them.
   */
  readonly protocolBytes: Rate;
  readonly contentFrameBytes: number;
  /** HTTP/2, a connection: answers that are complete and wait for the peer to make room, for `unreadMs` at the most. */
  readonly unreadAnswers: number;
  readonly unreadMs: number;
  /** A trusted proxy carries so many clients on a connection: these limits of a connection are as many times as large. */
  readonly clientsPerProxyConnection: number;
  /** Before the first request is complete: fewer bytes than this between two looks are a trickle, twice in all. */
  readonly trickleBytes: number;
  /** Connections of one address. */
  readonly connectionRate: Rate;
  /** Connections that a connection counts for when it is cut because of what its peer did. */
  readonly cutCost: number;
  /** The longest that an address pays for what its connections did: after it, it may open one again. */
  readonly lockoutMs: number;
  /** TLS handshakes of one address that are under way; one beyond is dropped. */
  readonly handshakesPerAddress: number;
  /** Share of `maxConnections` that one address may hold. */
  readonly addressShare: number;
  /** Sessions that one address may ask for, new or resumed. */
  readonly sessionRate: Rate;
  /** Sessions that a Hello counts for whose token is refused. */
  readonly refusedHelloCost: number;
  /** Sessions that a client counts for who sends what cannot be read. */
  readonly violationCost: number;
  /** Unary calls of one address, without SendFrames, which is the session's matter. */
  readonly callRate: Rate;
  /** Unary calls of one address that are not answered, or whose answer was not read. */
  readonly callsInFlight: number;
  /** Delay of the event loop above which no new sessions are opened … */
  readonly busyMs: number;
  /** … and above which none are resumed either. */
  readonly overloadedMs: number;
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
  // Who has a session answers its pings, ten seconds apart; no other call takes as long.
  departureMs: 20_000,
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
  // Browsers open at most a hundred. A request costs 0.1 ms: so many that come at once keep the others waiting for 25 ms.
  streamsPerConnection: 256,
  // It carries many sessions on one connection; a stream costs us about 25 KB, so 1,000 cost 25 MB.
  streamsPerProxyConnection: 1_000,
  // HTTP/2's default. A lane that is not read stalls its own stream after this much.
  streamWindowBytes: 64 * KIB - 1,
  // HTTP/2's default of 64 KiB would let 1,000 sessions behind one edge share one packet train a round trip.
  connectionWindowBytes: 1024 * KIB,
  // Well-behaved peers send none; a few are bugs, a hundred are an attack.
  invalidStreams: 100,
  rejectedStreams: 100,
  // An edge that loses its clients resets all their streams at once: one full connection's worth, and again.
  resetBurst: 2_000,
  // Above it the peer is opening streams to reset them (CVE-2023-44487).
  resetRate: 100,
  // 10,000 connections cost half a percent of a core. When the event loop is late, it is looked at once.
  watchMs: 250,
  // A page that closes gives up what it has open, a dozen requests; a native client its few sessions.
  resets: { burst: 100, perSecond: 50 },
  // A session in halves makes some 10 calls a second, a busy backend some hundred. 500 a second are 5 % of a core.
  requests: { burst: 1_000, perSecond: 500 },
  // Hardly any client sends two.
  pipelinedRequests: 64,
  // Clients send one at the beginning, and another when they widen their windows.
  settings: { burst: 50, perSecond: 5 },
  // A thousand calls at once have 200 KB of headers. 256 KiB a second are 15,000 pings, about 3 % of a core.
  protocolBytes: { burst: 256 * KIB, perSecond: 256 * KIB },
  // What is said in fewer bytes must be said less often: 4,000 acknowledgements a second.
  contentFrameBytes: 64,
  // A client that reads takes them as they come. Their memory is a small matter, their number is not.
  unreadAnswers: 128,
  // A round trip of a bad network.
  unreadMs: 500,
  // See streamsPerProxyConnection: the busiest 32 of a thousand clients.
  clientsPerProxyConnection: 32,
  // One packet of a bad network has 500 bytes, a request without a token as many. Whoever types has less.
  trickleBytes: 128,
  // A stadium or a provider's gateway behind one address, all of them coming back at once; measured storms have 5,000.
  connectionRate: { burst: 20_000, perSecond: 1_000 },
  // A flood is let four times, and then once in five seconds.
  cutCost: 5_000,
  // Others may be behind the same address.
  lockoutMs: 5_000,
  // A handshake costs 1 ms: so many keep everybody else waiting for 0.1 s.
  handshakesPerAddress: 100,
  // Whoever takes half leaves half.
  addressShare: 0.5,
  // As connectionRate.
  sessionRate: { burst: 20_000, perSecond: 1_000 },
  // A verification costs about 50 µs, as an HMAC; clients whose token was refused fetch another one first.
  refusedHelloCost: 20,
  // A hundred at once, and then five a second: a client that is broken may be behind the same address as many that are not.
  violationCost: 200,
  // A backend that creates a room for each of a thousand classes at eight o'clock. A call costs about 200 µs.
  callRate: { burst: 1_000, perSecond: 500 },
  // What a backend has under way at a time; 256 answers of the usual size take less than 10 MB.
  callsInFlight: 256,
  // Everything takes so much longer than it should, and goes on to: those who are in a call have noticed.
  busyMs: 500,
  // Resumed sessions cost less than lost ones, until nothing is carried any more.
  overloadedMs: 2_000,
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
