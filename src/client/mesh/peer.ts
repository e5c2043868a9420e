import type { Participant } from '../participant.ts';
import type { TrackSource } from '../vocabulary.ts';

/**
 * Where the connection to a peer stands. 'new': nothing was done. 'connecting': offer, answer, candidates are under way.
 * 'connected': media and data flow. 'interrupted': they did, and a way is being looked for. 'failed': no way was found; it
 * is tried again from time to time. 'closed': for good, or until the peer offers again.
 */
export type PeerState = 'new' | 'connecting' | 'connected' | 'interrupted' | 'failed' | 'closed';

/** The connection to one participant. It keeps its identity when the participant comes back under a new id. */
export interface Peer {
  /** The entry of the roster, as it was last seen. */
  readonly participant: Participant;
  readonly state: PeerState;
  /** `Signal.connection_id` of the connection; '' while there is none. */
  readonly connectionId: string;
  /** Undefined while there is none, as before the first offer of the peer. */
  readonly rtc: RTCPeerConnection | undefined;
  /** What the peer sends. */
  readonly tracks: readonly PeerTrack[];
  /** Looks for a new path, or has the peer look for one. Where one of the two cannot restart ICE: a new connection. */
  restartIce(): void;
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
