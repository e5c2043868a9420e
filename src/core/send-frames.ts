import type { Peer } from './lane.ts';
import type { Ending } from './refusal.ts';

/** One `SendFrames` call, taken apart but not decoded. */
export interface SendFramesBatch {
  /** `Welcome.send_key`; '' when the caller gave none. */
  readonly sendKey: string;
  /** Last `ServerFrame.seq` that the client processed. */
  readonly ack: number;
  /** Encoded `ClientFrame`s in the client's order. They may be views of a read buffer: whoever keeps one copies it. */
  readonly frames: readonly Uint8Array[];
  readonly peer: Peer;
}

/** What became of a batch. */
export type SendFramesResult =
  /** Every frame up to `ack` is in its destination's log or was refused; `errors` are encoded `FrameError`s. */
  | { readonly kind: 'done'; readonly ack: number; readonly errors: readonly Uint8Array[] }
  /** The call as a whole is refused: unknown key, a session that has ended, an engine that is away. */
  | { readonly kind: 'refused'; readonly ending: Ending };

/**
 * Takes a batch of a client without full duplex. Calls `done` once, possibly before it returns. The adapter does not say
 * when the caller is gone: a batch is idempotent, and its client asks again.
 */
export type SendFrames = (batch: SendFramesBatch, done: (result: SendFramesResult) => void) => void;
