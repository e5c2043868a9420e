/** First byte of bytes that are to be sent back in reverse order, and of those that were. */
export const ASKED = 0;
export const ANSWERED = 1;

/** One end of a call that a test drives: a native client or a page. */
export interface End {
  join(): Promise<void>;
  /** The data channel to the one peer is open. */
  open(): Promise<boolean>;
  say(text: string): Promise<void>;
  /** Every text that came. */
  heard(): Promise<readonly string[]>;
  /** Sends bytes, which the other end answers in reverse order. */
  reversed(bytes: readonly number[]): Promise<readonly number[]>;
  /** Renegotiates at this moment, in milliseconds since 1970. */
  renegotiate(at: number): Promise<void>;
  /** State of the peer and of its signaling. */
  settled(): Promise<string>;
  /** Own offers taken back so far: each is a collision. */
  rollbacks(): Promise<number>;
  leave(): Promise<void>;
}
