import type { JsonSettings } from './framing.ts';

/** Settings of an endpoint. */
export interface EnvelopeOptions extends JsonSettings {
  /** Longest message that is accepted, in bytes, compressed or not. Default 1 MiB. Beyond: RESOURCE_EXHAUSTED. */
  readonly maxMessageBytes?: number;
  /**
   * When responses are compressed: `requested`, for callers that say so in the metadata `signalbox-compress: gzip` and
   * accept it; `accepted`, for all that accept it. Default `requested`.
   */
  readonly compress?: 'requested' | 'accepted';
  /** Shorter messages are sent as they are. Bytes, default 1024. */
  readonly compressMinBytes?: number;
  /** How long a request of one message may take to arrive, in ms. Default 10,000. Beyond: DEADLINE_EXCEEDED. */
  readonly requestTimeoutMs?: number;
  /**
   * How long a caller may take to read the end of a response, in ms. Default 2,000: what is left is small, and whoever reads nothing
   * costs memory. Beyond: the stream is reset.
   */
  readonly lingerMs?: number;
  /** Told of what a handler throws that is not meant for the caller. Default: nobody. */
  readonly onError?: (reason: unknown) => void;
}

/** Settings with their defaults. */
export type ResolvedOptions = Required<Omit<EnvelopeOptions, 'registry'>> & JsonSettings;

/** Fills in the defaults. */
export function resolveOptions(options: EnvelopeOptions): ResolvedOptions {
  return {
    maxMessageBytes: 1024 * 1024,
    compress: 'requested',
    compressMinBytes: 1024,
    requestTimeoutMs: 10_000,
    lingerMs: 2_000,
    onError: () => {},
    ...options,
  };
}

/** Request metadata by which a caller asks for compressed responses. */
export const compressHeader = 'signalbox-compress';
