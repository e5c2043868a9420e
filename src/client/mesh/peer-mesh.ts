import { LiveEmitter } from '../emitter.ts';
import { consoleLogger } from '../environment.ts';
import type { Logger } from '../options.ts';
import type { Room } from '../room.ts';
import type { IceServersChange } from '../session.ts';
import type { TrackSource } from '../vocabulary.ts';
import { BoundedSet } from './bounded-set.ts';
import type { Connection } from './connection.ts';
import type { LinkHost } from './link-host.ts';
import { MeshChannel } from './mesh-channel.ts';
import type { MeshOptions } from './mesh-options.ts';
import { nonce } from './nonce.ts';
import type { Peer, PeerState, PeerTrack } from './peer.ts';
import type { PeerLink } from './peer-link.ts';
import { PeerLinks } from './peer-links.ts';
import type { PeerStats } from './peer-stats.ts';
import { statsOf } from './peer-stats.ts';
import type { Publication, PublishOptions } from './publication.ts';
import { LivePublication } from './publication.ts';

/** Ids of closed connections that are remembered. */
const REMEMBERED = 256;

/** Events of a mesh. Listen in the same turn that made it. */
export interface MeshEvents {
  /** A peer sends a track. */
  track: PeerTrack;
  /** … and no longer. */
  trackRemoved: PeerTrack;
  /** There is a peer. It goes with the peer state 'closed'. */
  peer: Peer;
  peerState: { readonly peer: Peer; readonly state: PeerState };
  /** A peer opened a data channel of a label that was not asked for here. */
  channel: { readonly channel: MeshChannel; readonly peer: Peer };
  /** Something did not work; the mesh goes on. `peer`: with whom. */
  error: { readonly error: Error; readonly peer: Peer | undefined };
}

/**
 * Direct connections to the other participants of a room: media and data, negotiated by signals of the room. In a HUB room
 * the hub is the only peer, and a hub has all others as peers.
 *
 * A connected RTCPeerConnection is never closed because signaling was lost: sessions and participants may be replaced, the
 * connection stays.
 */
export class PeerMesh extends LiveEmitter<MeshEvents> {
  readonly room: Room;
  readonly #options: MeshOptions;
  readonly #logger: Logger;
  readonly #links: PeerLinks;
  readonly #publications = new Set<LivePublication>();
  readonly #channels = new Map<string, MeshChannel>();
  /** Ids of tracks that are no longer published. */
  readonly #dropped = new BoundedSet<string>(REMEMBERED);
  #stop: (() => void) | undefined;
  #closed = false;

  constructor(room: Room, options: MeshOptions = {}) {
    const logger = options.logger ?? consoleLogger;
    super((error) => logger.error('a listener threw', error));
    this.room = room;
    this.#options = options;
    this.#logger = logger;
    this.#links = new PeerLinks(
      this.#linkHost(),
      (link) => this.emit('peer', link),
      () => this.close(),
    );
    queueMicrotask(() => this.#start());
  }

  /** By participant id. One that went while its connection lives on is listed under its last id. */
  get peers(): ReadonlyMap<string, Peer> {
    return this.#links.all;
  }

  get publications(): readonly Publication[] {
    return [...this.#publications];
  }

  get closed(): boolean {
    return this.#closed;
  }

  /**
   * Publishes a track to every peer, those to come included. The roster tells it first; of what is published in the turn
   * that made the mesh it tells beside the first offers, which take it along. Rejects with SignalboxError where the gateway
   * does not permit it.
   */
  async publish(track: MediaStreamTrack, options: PublishOptions = {}): Promise<Publication> {
    this.#check();
    if (this.#options.dataOnly === true) throw new TypeError('the mesh was made with dataOnly');
    if ([...this.#publications].some((publication) => publication.track === track)) {
      throw new TypeError('the track is published already');
    }
    const publication = new LivePublication(nonce(), track, options);
    if (this.#stop === undefined) this.#publications.add(publication);
    try {
      await this.room.update({ tracks: [publication.entry] });
    } catch (error) {
      if (this.#publications.delete(publication)) await this.#detach(publication);
      throw error;
    }
    this.#check();
    this.#publications.add(publication);
    await this.#everywhere((connection) =>
      connection.change((senders) => senders.attach(this.#publications, undefined, connection.mayOffer)),
    );
    return publication;
  }

  /** Sends it no longer. The track itself is not stopped. */
  async unpublish(publication: Publication): Promise<void> {
    const live = this.#live(publication);
    this.#publications.delete(live);
    this.#dropped.add(live.id);
    await this.#detach(live);
    if (!this.room.closed) await this.room.update({ dropTracks: [live.id] });
  }

  /** Sends another track of the same kind in its place; no peer needs to be asked. */
  async replace(publication: Publication, track: MediaStreamTrack): Promise<void> {
    const live = this.#live(publication);
    if (track.kind !== live.kind) throw new TypeError(`a track of kind ${live.kind} is needed`);
    live.replace(track);
    await this.#everywhere((connection) =>
      connection.change(async (senders) => {
        await senders.replace(live);
        return false;
      }),
    );
  }

  /** Mutes all tracks of a source: nothing is sent at once, and the roster tells. */
  async setMuted(source: TrackSource, muted: boolean): Promise<void> {
    const concerned = [...this.#publications].filter((publication) => publication.source === source);
    for (const publication of concerned) publication.mute(muted);
    if (concerned.length > 0) await this.room.update({ tracks: concerned.map(({ entry }) => entry) });
  }

  /**
   * Data channels of this label to every peer. The peers' applications ask for the same label, or hear of it by 'channel'.
   * With `negotiated` both sides have to ask, with the same `id`.
   */
  channel(label: string, init: RTCDataChannelInit = {}): MeshChannel {
    this.#check();
    const channel = this.#channelOf(label, init);
    channel.activate();
    for (const link of this.#links.all.values()) {
      if (link.connection !== undefined) channel.due(link, link.connection, link.connected);
    }
    return channel;
  }

  /** How each connection does, by participant id. */
  async stats(): Promise<ReadonlyMap<string, PeerStats>> {
    const entries = [...this.#links.all].flatMap(([id, { connection, state }]) =>
      connection === undefined ? [] : [statsOf(state, connection).then((stats) => [id, stats] as const)],
    );
    return new Map(await Promise.all(entries));
  }

  /** Closes every connection and tells the peers. The room is not left; published tracks are not stopped. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#stop?.();
    const tracks = [...this.#publications].map(({ id }) => id);
    this.#links.close(!this.room.closed);
    for (const channel of this.#channels.values()) channel.close();
    this.#publications.clear();
    if (tracks.length > 0 && !this.room.closed) this.room.update({ dropTracks: tracks }).catch(() => {});
  }

  #start(): void {
    if (this.#closed) return;
    const { room } = this;
    const { session } = room;
    const stops = [
      session.on('iceServers', (change) => this.#iceServers(change)),
      room.on('resync', ({ cause }) => {
        if (cause === 'rejoined') void this.#tellAgain();
      }),
    ];
    this.#stop = () => {
      for (const stop of stops) stop();
    };
    this.#links.start();
    if (room.closed) this.close();
  }

  /** What was told of the own tracks without a session may have been lost with it. */
  async #tellAgain(): Promise<void> {
    const told = new Map(this.room.self.tracks.map(({ id, muted }) => [id, muted]));
    const entries = [...this.#publications].map(({ entry }) => entry);
    const tracks = entries.filter(({ id, muted }) => told.get(id) !== muted);
    const dropTracks = [...told.keys()].filter((id) => this.#dropped.has(id));
    if (tracks.length === 0 && dropTracks.length === 0) return;
    try {
      await this.room.update({ tracks, dropTracks });
    } catch (error) {
      this.#logger.debug?.('the tracks were not told again', error);
    }
  }

  #iceServers({ restartIce }: IceServersChange): void {
    for (const { connection } of this.#links.all.values()) {
      try {
        connection?.rtc.setConfiguration(this.#configuration());
      } catch (error) {
        this.#logger.debug?.('the stack takes no new ICE servers', error);
      }
    }
    if (restartIce) void this.#restartRelayed();
  }

  /** The own relays of before are about to go; those of the peers are theirs to renew. */
  async #restartRelayed(): Promise<void> {
    for (const [id, { localCandidateType }] of await this.stats()) {
      if (localCandidateType === 'relay') this.#links.all.get(id)?.restartIce();
    }
  }

  // The links.

  #linkHost(): LinkHost {
    return {
      room: this.room,
      options: this.#options,
      publications: this.#publications,
      retired: new BoundedSet<string>(REMEMBERED),
      createRtc: () => this.#createRtc(),
      connectionMade: (link, connection) => {
        for (const channel of this.#channels.values()) channel.due(link, connection, false);
      },
      connectionLost: (link) => {
        for (const channel of this.#channels.values()) channel.lost(link);
      },
      channelArrived: (link, rtcChannel) => this.#channelArrived(link, rtcChannel),
      stateChanged: (link) => this.#stateChanged(link),
      tracksChanged: (removed, added) => {
        for (const track of removed) this.emit('trackRemoved', track);
        for (const track of added) this.emit('track', track);
      },
      expired: (link) => this.#links.expired(link),
      failed: (error, link) => this.#failed(error, link),
    };
  }

  #createRtc(): RTCPeerConnection {
    const Stack = this.#options.RTCPeerConnection ?? globalThis.RTCPeerConnection;
    if (Stack === undefined) throw new TypeError('no WebRTC here: pass MeshOptions.RTCPeerConnection');
    return new Stack(this.#configuration() as never) as RTCPeerConnection;
  }

  #configuration(): RTCConfiguration {
    const { rtcConfig, relayOnly = this.room.info.relayOnly } = this.#options;
    const iceServers = this.room.session.iceServers.map((server) => ({ ...server }));
    return { iceServers, ...rtcConfig, ...(relayOnly && { iceTransportPolicy: 'relay' }) };
  }

  #stateChanged(link: PeerLink): void {
    const { connection, state } = link;
    if (state === 'connected' && connection !== undefined) {
      for (const channel of this.#channels.values()) channel.due(link, connection, true);
    }
    this.emit('peerState', { peer: link, state });
  }

  #channelArrived(link: PeerLink, rtcChannel: RTCDataChannel): void {
    const known = this.#channels.has(rtcChannel.label);
    const channel = this.#channelOf(rtcChannel.label, {});
    channel.arrived(link, rtcChannel);
    if (!known) this.emit('channel', { channel, peer: link });
  }

  #channelOf(label: string, init: RTCDataChannelInit): MeshChannel {
    const known = this.#channels.get(label);
    if (known !== undefined) return known;
    const channel = new MeshChannel(label, init, (error) => this.#logger.error('a listener threw', error));
    this.#channels.set(label, channel);
    return channel;
  }

  async #everywhere(change: (connection: Connection) => Promise<void>): Promise<void> {
    const connections = [...this.#links.all.values()].flatMap(({ connection }) => connection ?? []);
    await Promise.all(connections.map(change));
  }

  #detach(publication: LivePublication): Promise<void> {
    return this.#everywhere((connection) => connection.change((senders) => senders.detach(publication)));
  }

  #live(publication: Publication): LivePublication {
    const live = [...this.#publications].find((found) => found === publication);
    if (live === undefined) throw new TypeError('this publication is not, or no longer, published');
    return live;
  }

  #check(): void {
    if (this.#closed) throw new TypeError('the mesh is closed');
  }

  #failed(cause: unknown, peer: PeerLink): void {
    const error = cause instanceof Error ? cause : new Error(String(cause), { cause });
    this.#logger.debug?.('mesh', error);
    this.emit('error', { error, peer });
  }
}
