/** A value of protobuf's JSON mapping. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [name: string]: Json };
export type JsonObject = { readonly [name: string]: Json };

/** What a client needs to open a session. */
export interface Opening {
  readonly url: string;
  /** '' opens without a token. */
  readonly token: string;
  /** ClientFrames that go with Hello, or right behind it, without waiting for Welcome. */
  readonly first: readonly JsonObject[];
}

/** A ServerFrame as the client's own runtime has read it. */
export interface Heard {
  readonly frame: JsonObject;
  /** The encoded response. */
  readonly response: Uint8Array;
  /** `response` is what was on the wire; else what the client has read, encoded again: its runtime gives no access. */
  readonly isWire: boolean;
}

export interface ForeignSessionEvents {
  heard(heard: Heard): void;
  /** Once. `status`: name of the gRPC code, lower case. */
  ended(status: string): void;
}

/** A session of a client that nobody here wrote. */
export interface ForeignSession {
  /** Sends a ClientFrame; resolves with its bytes, as the client's runtime encoded them. */
  say(frame: JsonObject): Promise<Uint8Array>;
  /** The client gives up its stream. */
  hangUp(): void;
}

/** One kind of client, with whatever process it runs in. */
export interface ForeignClient {
  /** Whether frames go by SendFrames: a call that fails then rejects `say` with an Error whose message is the status. */
  readonly inHalves: boolean;
  open(opening: Opening, events: ForeignSessionEvents): Promise<ForeignSession>;
  close(): Promise<void>;
}
