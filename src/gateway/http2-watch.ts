import type { ServerHttp2Session, ServerHttp2Stream } from 'node:http2';
import type { Socket } from 'node:net';
import { Readable } from 'node:stream';
import { type Rate, TokenBucket } from '../core/token-bucket.ts';
import type { GatewayLimits } from './limits.ts';

export type Http2WatchLimits = Pick<
  GatewayLimits,
  | 'resets'
  | 'requests'
  | 'settings'
  | 'protocolBytes'
  | 'contentFrameBytes'
  | 'unreadAnswers'
  | 'unreadMs'
  | 'clientsPerProxyConnection'
>;

export interface Http2WatchOptions {
  readonly session: ServerHttp2Session;
  readonly socket: Socket;
  readonly limits: Http2WatchLimits;
  /** The peer is a trusted proxy: it carries many clients. */
  readonly isProxy: boolean;
  /** Milliseconds of a clock that never goes back. */
  readonly now: () => number;
  /** The peer does what no client does: its connection is to be cut. Called once. */
  readonly flooded: (what: string) => void;
}

/**
 * Judges what the peer of one HTTP/2 connection does.
 *
 * nghttp2 bounds single frames, and floods of some kinds. What it lets through it hides: pings, window updates, headers
 * that it throws away. They show as bytes that came and were no content of any request.
 */
export class Http2Watch {
  readonly #options: Http2WatchOptions;
  readonly #clients: number;
  readonly #streams = new Set<ServerHttp2Stream>();
  readonly #requests: TokenBucket;
  readonly #resets: TokenBucket;
  readonly #settings: TokenBucket;
  /** Bytes of protocol, as far as content does not make up for them. */
  readonly #protocol: TokenBucket;
  readonly #push: ServerHttp2Stream['push'];
  #bytes = 0;
  /** What content paid since the last look; below zero: it came in too small frames. */
  #content = 0;
  /** Since when too many answers are not read. */
  #unreadSince: number | undefined;
  #isFlooded = false;

  constructor(options: Http2WatchOptions) {
    const { session, limits, isProxy, now } = options;
    this.#options = options;
    this.#clients = isProxy ? limits.clientsPerProxyConnection : 1;
    const bucket = ({ burst, perSecond }: Rate) =>
      new TokenBucket({ burst: burst * this.#clients, perSecond: perSecond * this.#clients }, now());
    this.#requests = bucket(limits.requests);
    this.#resets = bucket(limits.resets);
    this.#settings = bucket(limits.settings);
    this.#protocol = bucket(limits.protocolBytes);
    this.#push = this.#counting(Readable.prototype.push);
    session.on('remoteSettings', () => this.#pay(this.#settings, 1, 'SETTINGS'));
    session.on('stream', (stream) => this.#opened(stream));
  }

  /** To be called now and then. */
  look(): void {
    const { socket, now } = this.#options;
    const bytes = socket.bytesRead - this.#bytes;
    this.#bytes = socket.bytesRead;
    const unpaid = bytes - this.#content;
    this.#content = 0;
    const at = now();
    this.#protocol.waitMs(at);
    this.#protocol.spend(Math.max(0, unpaid));
    if (this.#protocol.waitMs(at) > 0) this.#flood('protocol without content');
    this.#lookAtAnswers(at);
  }

  #lookAtAnswers(now: number): void {
    const { unreadAnswers, unreadMs } = this.#options.limits;
    const most = unreadAnswers * this.#clients;
    let unread = 0;
    if (this.#streams.size > most) {
      for (const { writableEnded, writableFinished } of this.#streams) {
        if (writableEnded && !writableFinished) unread += 1;
      }
    }
    this.#unreadSince = unread > most ? (this.#unreadSince ?? now) : undefined;
    if (now - (this.#unreadSince ?? now) >= unreadMs) this.#flood('answers that are not read');
  }

  #opened(stream: ServerHttp2Stream): void {
    this.#streams.add(stream);
    // A lane may have taken the place of the stream's buffer.
    stream.push = Object.hasOwn(stream, 'push') ? this.#counting(stream.push) : this.#push;
    this.#pay(this.#requests, 1, 'requests');
    stream.once('close', () => {
      this.#streams.delete(stream);
      // Unless all of them are closed with their connection.
      if (stream.rstCode !== 0 && !this.#options.session.destroyed) this.#pay(this.#resets, 1, 'resets');
    });
  }

  /**
   * Node hands each frame of content to `push`: a listener to `data` would make the stream flow before its time. One that
   * is worth its frame pays for as much protocol as it has bytes.
   */
  #counting(push: ServerHttp2Stream['push']): ServerHttp2Stream['push'] {
    const count = (chunk: Uint8Array) => this.#count(chunk);
    return function (this: ServerHttp2Stream, chunk: Uint8Array | null, encoding?: BufferEncoding): boolean {
      if (chunk !== null) count(chunk);
      return push.call(this, chunk, encoding);
    };
  }

  #count(chunk: Uint8Array): void {
    const { limits, session } = this.#options;
    this.#content += 2 * chunk.length - limits.contentFrameBytes;
    const mostUnworthy = -limits.protocolBytes.burst * this.#clients;
    if (this.#content < mostUnworthy && !session.destroyed) this.#flood('content a few bytes at a time');
  }

  #pay(bucket: TokenBucket, tokens: number, what: string): void {
    if (bucket.take(tokens, this.#options.now()) > 0) this.#flood(what);
  }

  #flood(what: string): void {
    if (this.#isFlooded) return;
    this.#isFlooded = true;
    this.#options.flooded(what);
  }
}
