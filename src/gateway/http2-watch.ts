import { type Rate, TokenBucket } from '../core/token-bucket.ts';
import { ErrorCode } from '../lanes/http2/protocol.ts';
import type { GatewayLimits } from './limits.ts';

export type Http2WatchLimits = Pick<
  GatewayLimits,
  | 'resets'
  | 'resetBurst'
  | 'resetRate'
  | 'requests'
  | 'settings'
  | 'protocolBytes'
  | 'contentFrameBytes'
  | 'unreadAnswers'
  | 'unreadMs'
  | 'clientsPerProxyConnection'
  | 'invalidStreams'
  | 'rejectedStreams'
>;

/** What connections of one kind may do: a proxy carries many clients. */
export class Http2Allowance {
  readonly limits: Http2WatchLimits;
  readonly requests: Rate;
  /** Streams that end by a reset, whoever sends it; and those that the peer sends. */
  readonly resets: Rate;
  readonly peerResets: Rate;
  readonly settings: Rate;
  readonly protocol: Rate;
  /** Bytes of content that frames of it may owe. */
  readonly unworthyBytes: number;
  readonly unreadAnswers: number;

  constructor(limits: Http2WatchLimits, clients: number) {
    const times = ({ burst, perSecond }: Rate) => ({
      burst: burst * clients,
      perSecond: perSecond * clients,
    });
    this.limits = limits;
    this.requests = times(limits.requests);
    this.resets = times(limits.resets);
    this.peerResets = { burst: limits.resetBurst, perSecond: limits.resetRate };
    this.settings = times(limits.settings);
    this.protocol = times(limits.protocolBytes);
    this.unworthyBytes = limits.protocolBytes.burst * clients;
    this.unreadAnswers = limits.unreadAnswers * clients;
  }
}

/**
 * Judges what the peer of one HTTP/2 connection does.
 *
 * Each frame may be what an honest peer sends; what none does is to send so many of them: requests, resets, SETTINGS, and bytes
 * that are no content of any request (pings, window updates, headers that say nothing).
 */
export class Http2Watch {
  readonly #allowance: Http2Allowance;
  readonly #now: () => number;
  readonly #flooded: (what: string) => void;
  readonly #requests: TokenBucket;
  readonly #resets: TokenBucket;
  readonly #peerResets: TokenBucket;
  readonly #settings: TokenBucket;
  /** Bytes of protocol, as far as content does not make up for them. */
  readonly #protocol: TokenBucket;
  #invalid = 0;
  #rejected = 0;
  #bytes = 0;
  /** Bytes since the last look. */
  #received = 0;
  /** What content paid since the last look; below zero: it came in too small frames. */
  #content = 0;
  /** Since when too many answers are not read. */
  #unreadSince: number | undefined;
  #isFlooded = false;

  /**
   * @param now milliseconds of a clock that never goes back
   * @param flooded the peer does what no client does: its connection is to be cut. Called once
   */
  constructor(allowance: Http2Allowance, now: () => number, flooded: (what: string) => void) {
    const at = now();
    this.#allowance = allowance;
    this.#now = now;
    this.#flooded = flooded;
    this.#requests = new TokenBucket(allowance.requests, at);
    this.#resets = new TokenBucket(allowance.resets, at);
    this.#peerResets = new TokenBucket(allowance.peerResets, at);
    this.#settings = new TokenBucket(allowance.settings, at);
    this.#protocol = new TokenBucket(allowance.protocol, at);
  }

  opened(): void {
    this.#pay(this.#requests, 'requests');
  }

  settings(): void {
    this.#pay(this.#settings, 'SETTINGS');
  }

  /** A request was let in: those that were refused before were not of an attack. */
  served(): void {
    this.#rejected = 0;
  }

  reset(by: 'peer' | 'gateway', code: number): void {
    const { invalidStreams, rejectedStreams } = this.#allowance.limits;
    if (by === 'peer') this.#pay(this.#peerResets, 'resets');
    if (code !== ErrorCode.NO_ERROR) this.#pay(this.#resets, 'resets');
    if (by === 'peer') return;
    if (code === ErrorCode.REFUSED_STREAM) this.#rejected += 1;
    if (code === ErrorCode.PROTOCOL_ERROR || code === ErrorCode.FLOW_CONTROL_ERROR) this.#invalid += 1;
    if (this.#rejected > rejectedStreams) this.#flood('streams beyond the limit');
    if (this.#invalid > invalidStreams) this.#flood('frames that break the protocol');
  }

  /** So many bytes came. Returns whether they are too many to wait for the next look. */
  received(bytes: number): boolean {
    this.#received += bytes;
    return this.#received - Math.max(0, this.#content) > this.#allowance.protocol.burst;
  }

  /** A frame of content that is worth its frame pays for as much protocol as it has bytes. */
  content(bytes: number): void {
    this.#content += 2 * bytes - this.#allowance.limits.contentFrameBytes;
    if (this.#content < -this.#allowance.unworthyBytes) this.#flood('content a few bytes at a time');
  }

  /** Answers that may wait for the peer to make room: fewer need not be counted. */
  get unreadAnswers(): number {
    return this.#allowance.unreadAnswers;
  }

  /**
   * To be called now and then.
   * @param bytesRead of the socket, ever
   * @param unread answers that are complete and wait for the peer to make room
   */
  look(bytesRead: number, unread: number): void {
    const bytes = bytesRead - this.#bytes;
    this.#bytes = bytesRead;
    const unpaid = bytes - this.#content;
    this.#content = 0;
    this.#received = 0;
    const at = this.#now();
    this.#protocol.waitMs(at);
    this.#protocol.spend(Math.max(0, unpaid));
    if (this.#protocol.waitMs(at) > 0) this.#flood('protocol without content');
    this.#unreadSince = unread > this.unreadAnswers ? (this.#unreadSince ?? at) : undefined;
    if (at - (this.#unreadSince ?? at) >= this.#allowance.limits.unreadMs)
      this.#flood('answers that are not read');
  }

  #pay(bucket: TokenBucket, what: string): void {
    if (bucket.take(1, this.#now()) > 0) this.#flood(what);
  }

  #flood(what: string): void {
    if (this.#isFlooded) return;
    this.#isFlooded = true;
    this.#flooded(what);
  }
}
