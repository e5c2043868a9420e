import type { Room } from '../room.ts';
import type { Connection } from './connection.ts';
import type { MeshOptions } from './mesh-options.ts';
import type { PeerTrack } from './peer.ts';
import type { PeerLink } from './peer-link.ts';
import type { LivePublication } from './publication.ts';

/** What a link needs of its mesh. */
export interface LinkHost {
  readonly room: Room;
  readonly options: MeshOptions;
  readonly publications: ReadonlySet<LivePublication>;
  createRtc(): RTCPeerConnection;
  /** Ids of connections that this client closed: the peer must not go on with them. */
  readonly retired: { has(id: string): boolean; add(id: string): unknown };
  /** A connection was made; its data channels are due. */
  connectionMade(link: PeerLink, connection: Connection): void;
  connectionLost(link: PeerLink): void;
  channelArrived(link: PeerLink, channel: RTCDataChannel): void;
  stateChanged(link: PeerLink): void;
  tracksChanged(removed: readonly PeerTrack[], added: readonly PeerTrack[]): void;
  /** A departed peer is not coming back. */
  expired(link: PeerLink): void;
  failed(error: unknown, link: PeerLink): void;
}
