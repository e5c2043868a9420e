import type { Participant } from '../participant.ts';
import type { TrackSource } from '../vocabulary.ts';

/**
 * Where the connection to a peer stands. 'new': nothing was done. 'connecting': offer, answer, candidates are under way.
 * 'connected': media and data flow. 'interrupted': they did, and a way is being looked for. 'failed': no way was found; it
 * is tried again from time to time. 'closed': for good, or until the peer offers again.
 */
export type PeerState = 'new' | 'connecting' | 'connected' | 'interrupted' | 'failed' | 'closed';

/**
 * Why a connection failed. 'no_answer': the peer's client did not answer in 30 s. 'no_path': no candidates of the two ends
 * reach each other; a relay (TURN) would help. 'lost': it was connected, and the path is gone. 'refused': the peer's client
 * cannot take what was offered.
 */
export type PeerFailure = 'no_answer' | 'no_path' | 'lost' | 'refused';

/** The connection to one participant. It keeps its identity when the participant comes back under a new id. */
export interface Peer {
  /** The entry of the roster, as it was last seen. */
  readonly participant: Participant;
  readonly state: PeerState;
  /** With the state 'failed'. */
  readonly failure: PeerFailure | undefined;
  /** `Signal.connection_id` of the connection; '' while there is none. */
  readonly connectionId: string;
  /** Undefined while there is none, as before the first offer of the peer. */
  readonly rtc: RTCPeerConnection | undefined;
  /** What the peer sends. */
  readonly tracks: readonly PeerTrack[];
  /** Looks for a new path, or has the peer look for one. Where one of the two cannot restart ICE: a new connection. */
  restartIce(): void;
  /** Makes a new connection in the place of one that is not connected, now instead of at the next attempt. */
  reconnect(): void;
  /** After a change to `rtc` that the mesh did not make. */
  renegotiate(): void;
}

/** A track of a peer. */
export interface PeerTrack {
  readonly peer: Peer;
  readonly participant: Participant;
  readonly track: MediaStreamTrack;
  readonly source: TrackSource;
  /** `Track.id` in the participant's roster entry; '' where its client does not tell. */
  readonly trackId: string;
  /** Name of the publication; may be empty. */
  readonly name: string;
}
