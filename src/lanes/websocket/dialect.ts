import type { Framing } from '../../core/lane.ts';

/**
 * What a message of a subprotocol holds: the bytes of one `ClientFrame`, or what is wrong with it.
 * `code` is the close code when the WebSocket itself was misused; else the core's own status decides.
 */
export type DecodedMessage = Uint8Array | { readonly detail: string; readonly code?: number };

/** How `ConnectRequest` and `ConnectResponse` travel as WebSocket messages under one subprotocol. */
export interface Dialect {
  /** Name in `sec-websocket-protocol`. */
  readonly subprotocol: string;
  readonly framing: Framing;
  /** Reads one message, `bytes[start, end)`; the result may be a view of it. */
  decode(isText: boolean, bytes: Uint8Array, start: number, end: number): DecodedMessage;
}
