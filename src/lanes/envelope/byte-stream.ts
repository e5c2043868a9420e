import type { HeaderFields } from './metadata.ts';

/**
 * One HTTP exchange as the lanes see it: a status and fields, then bytes, then trailers.
 *
 * This is the port between the lanes and the HTTP implementation. No method throws, whatever the state of the exchange
 * is: after it is gone, they do nothing.
 */
export interface ByteStream {
  readonly httpVersion: '1.0' | '1.1' | '2';
  /** True from the first `respond`. */
  readonly responded: boolean;
  /** Bytes that were written and are not yet in the socket's hands. */
  readonly pendingBytes: number;
  /** Nothing that was written is read any more. */
  readonly isFlushed: boolean;
  /** Starts reporting to `events`. Once. */
  open(events: ByteStreamEvents): void;
  /** Sends status and fields. `trailers`: `end` will be given some (HTTP/2 only). */
  respond(status: number, fields: HeaderFields, trailers: boolean): void;
  /** Returns false above the high-water mark; `drained` follows once. Never mutates or copies `bytes`. */
  write(bytes: Uint8Array): boolean;
  /** Ends the response, after `last` bytes; whatever still arrives of the request is thrown away. */
  end(last: Uint8Array | undefined, trailers: HeaderFields | undefined): void;
  pause(): void;
  resume(): void;
  /** Gives the exchange up at once. */
  destroy(): void;
}

/** An exchange of one message for another. */
export type UnaryStream = Pick<ByteStream, 'httpVersion' | 'open' | 'respond' | 'end' | 'destroy'>;

/** What becomes of an exchange. Never called from within a method of `ByteStream`. */
export interface ByteStreamEvents {
  /** Lent: it holds something else once this has returned. */
  data(chunk: Uint8Array): void;
  /** The request is complete. */
  ended(): void;
  drained(): void;
  /** The exchange is over: completed, reset by the peer or cut. Once, and last. */
  closed(cause: 'reset' | 'dropped'): void;
}
