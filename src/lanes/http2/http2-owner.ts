import type { Http2Stream } from './http2-stream.ts';
import type { RequestHead } from './request-head.ts';

/** What the peer is told, and held to. */
export interface Http2Limits {
  /** Names and values of one request's headers, with 32 bytes for each field. */
  readonly headerBytes: number;
  readonly headerCount: number;
  /** Streams that are open at a time. */
  readonly streams: number;
  /** Bytes of DATA that the peer may have under way on a stream. */
  readonly streamWindowBytes: number;
  /** The same on the connection; at least 65,535. */
  readonly connectionWindowBytes: number;
}

/** Who has the connection: it decides what becomes of requests, and judges what the peer does. */
export interface Http2Owner {
  /** Serves a request. */
  serve(stream: Http2Stream, head: RequestHead): void;
  /** A request came, whatever becomes of it. */
  opened(): void;
  /** It is one of those that may be open. */
  admitted(): void;
  /** The last stream is over. */
  idle(): void;
  /** So many bytes came, and what of them was content has been told. */
  received(bytes: number): void;
  /** A frame of content came for an open stream. @param bytes more than 0 */
  content(bytes: number): void;
  /** A stream ended by a reset, whoever sent it. */
  reset(by: 'peer' | 'gateway', code: number): void;
  settings(): void;
  /** The peer leaves (GOAWAY): what is open goes on. */
  departing(): void;
  /** The peer does what no client does: it is to be cut. */
  flooded(what: string): void;
  /** The peer broke the protocol, and was told so. The socket is half-closed and what comes is thrown away. */
  failed(what: string): void;
}
