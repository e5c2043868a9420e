import type { NewHello, ServerFrame } from '../codec/messages.ts';
import type { TransportName } from '../options.ts';

/**
 * The port between a session and a transport. A transport knows framing and status codes of its protocol, and nothing of
 * sessions: what it drops with a connection, the session sends again.
 */
export interface Transport {
  readonly name: TransportName;
  /** Starts a connection. No event comes before this has returned. Never throws: what fails comes by `closed`. */
  open(opening: Opening, events: LinkEvents): Link;
}

/** What a connection begins with. */
export interface Opening {
  /** Of the gateway: http or https, without a slash at its end. */
  readonly url: string;
  readonly hello: NewHello;
  /** Encoded ClientFrames to follow Hello at once, in order. */
  readonly frames: readonly Uint8Array[];
}

/** A connection. Calls after its end do nothing. */
export interface Link {
  /** Hands over one encoded ClientFrame, with `ack` beside it where that is not 0; no frame: the bare ack. */
  send(frame: Uint8Array | undefined, ack: number): void;
  /** Bytes wait in the transport: do not add what may be dropped. */
  readonly congested: boolean;
  /** The page goes away: see that what was handed over still leaves, and go on. */
  flush(): void;
  /** Ends the connection; what was handed over before may be lost. No event follows. */
  close(): void;
}

/** What a connection reports. */
export interface LinkEvents {
  /** `bytes`: size of the message that brought it; 0: none did. */
  frame(frame: ServerFrame, bytes: number): void;
  /** The connection is gone. Once; nothing follows. */
  closed(end: LinkEnd): void;
}

/** How a connection ended, where no Closed frame told. */
export interface LinkEnd {
  /** gRPC status code, where the protocol has one; undefined for a lost connection. */
  readonly code: number | undefined;
  /** English, for developers. */
  readonly detail: string;
}
