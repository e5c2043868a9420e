import type { DescMethod } from '@bufbuild/protobuf';
import type { ConnectError } from '@connectrpc/connect';
import type { Framing, LaneCloseCause, LaneViolation } from '../../core/lane.ts';
import type { Codec, EnvelopeProtocol } from './connect-protocol.ts';

/** One call of a method, as its handler sees it. Messages are binary protobuf, whatever the codec of the wire is. */
export interface EnvelopeCall {
  readonly method: DescMethod;
  readonly protocol: EnvelopeProtocol;
  readonly codec: Codec;
  readonly httpVersion: '1.1' | '2';
  /** Request metadata, without pseudo-headers. Built at the first use. */
  readonly requestHeaders: Headers;
  /** One field of the request metadata, without building `requestHeaders`. Name in lower case. */
  requestHeader(name: string): string | undefined;
  /** The caller's deadline, counted from the start of the call. The call ends by itself when it passes. */
  readonly timeoutMs: number | undefined;
  /** IP address of the peer, as the gateway trusts it. */
  readonly address: string;
  /** Response metadata; may be set before the first write. */
  readonly responseHeaders: Headers;
  /** How one message is put on the wire. The same object for all calls that put the same bytes there. */
  readonly framing: Framing;
  /** Frames one message and writes it. False: over the high-water mark, `drained` follows. */
  send(message: Uint8Array): boolean;
  /** Writes bytes that are framed already and may be shared with other calls: nobody writes into them. */
  writeFramed(bytes: Uint8Array): boolean;
  /** Nothing that was written is read any more. */
  readonly isFlushed: boolean;
  /** Goes on reading after `EnvelopeHandler.message` returned false. Messages may be delivered before this returns. */
  resume(): void;
  /** Ends the call: status, trailers. Idempotent, and nothing is reported to the handler after it. */
  end(error?: ConnectError, trailers?: Headers): void;
}

/**
 * What a call reports. Calls come one at a time, never from within a method of `EnvelopeCall` but `resume`, and not at
 * all after `EnvelopeCall.end`.
 */
export interface EnvelopeHandler {
  /**
   * One message; it may be a view of a read buffer, so whoever keeps it copies it. `compressed`: it came compressed.
   * Returns false when no more can be taken yet: this message was taken, the following wait for `EnvelopeCall.resume`.
   *
   * A method whose request is one message gets it when the request is complete.
   */
  message(bytes: Uint8Array, compressed: boolean): boolean;
  /** The client has sent all it will. The response may still go on. */
  halfClosed(): void;
  /** The transport can be written again. */
  drained(): void;
  /** The caller is gone, its deadline has passed, or the handler threw. Once, and last. There is nothing left to end. */
  closed(cause: LaneCloseCause): void;
  /** The peer broke the protocol. Nothing more is read; the handler ends the call, with `error` if it knows no better. */
  violated(error: ConnectError, reason: LaneViolation['reason']): void;
}

/** Opens the handler of a call. A ConnectError that it throws ends the call. */
export type OpenEnvelope = (call: EnvelopeCall) => EnvelopeHandler;

/** What a unary handler knows of its caller. */
export type UnaryCaller = Pick<
  EnvelopeCall,
  'protocol' | 'codec' | 'httpVersion' | 'address' | 'timeoutMs' | 'requestHeaders' | 'requestHeader'
>;

/**
 * Answers one request: binary protobuf in, binary protobuf (or an error) out, by calling `done` once. The request may
 * be a view of a read buffer. An answer to a caller that is gone is dropped.
 */
export type UnaryHandler = (
  request: Uint8Array,
  caller: UnaryCaller,
  done: (result: Uint8Array | ConnectError) => void,
) => void;
