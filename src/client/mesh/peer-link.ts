import type { Participant } from '../participant.ts';
import type { Room } from '../room.ts';
import type { IncomingSignal, SignalPayload } from '../signal.ts';
import { SignalboxError } from '../signalbox-error.ts';
import type { Reason } from '../vocabulary.ts';
import type { ConnectionOwner } from './connection.ts';
import { Connection } from './connection.ts';
import type { MeshOptions } from './mesh-options.ts';
import type { Peer, PeerState, PeerTrack } from './peer.ts';
import type { LivePublication } from './publication.ts';
import type { RemoteTrack, TrackChange } from './remote-tracks.ts';
import { rolesOf } from './roles.ts';
import { SetUpReport } from './set-up-report.ts';

/** The earlier of a pair waits so long for an offer, asks, waits as long again, then offers itself; in milliseconds. */
const OFFER_WAIT_MS = 3_000;
/** A connection that nobody answered, or that finds no path, is called failed after this long. */
const CONNECT_MS = 30_000;
/** Time between attempts to mend a failed connection; the last one repeats. */
const MEND_MS = [0, 5_000, 10_000, 20_000, 30_000];
/** Attempts by ICE restart before the connection is made anew. */
const ICE_RESTARTS = 2;
/** A signal that the gateway could not take for the moment is sent again after this long, or what it asks for. */
const RESEND_MS = 1_000;
/** A departed peer whose connection is no longer connected has this long to come back. */
const LINGER_MS = 10_000;
/** Signals kept for a connection whose offer has not come. */
const STRAY_SIGNALS = 32;

/** What a link needs of its mesh. */
export interface LinkHost {
  readonly room: Room;
  readonly options: MeshOptions;
  readonly publications: ReadonlySet<LivePublication>;
  createRtc(): RTCPeerConnection;
  newConnectionId(): string;
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

/**
 * The relation to one participant: who begins, which RTCPeerConnection is the current one, what becomes of it when the
 * participant goes and comes back. Negotiation proper is the Connection's.
 */
export class PeerLink implements Peer, ConnectionOwner {
  readonly #host: LinkHost;
  #participant: Participant;
  #state: PeerState = 'new';
  #connection: Connection | undefined;
  #report: SetUpReport | undefined;
  #connectedOnce = false;
  /** Not in the roster any more; kept because it is connected. */
  #departed = false;
  /** Reserved for the connection that a request to offer speaks of. */
  #reservedId = '';
  #strays: IncomingSignal[] = [];
  #mends = 0;
  #waitTimer: ReturnType<typeof setTimeout> | undefined;
  #connectTimer: ReturnType<typeof setTimeout> | undefined;
  #mendTimer: ReturnType<typeof setTimeout> | undefined;
  #lingerTimer: ReturnType<typeof setTimeout> | undefined;
  readonly #resends = new Set<ReturnType<typeof setTimeout>>();
  #disposed = false;

  constructor(host: LinkHost, participant: Participant) {
    this.#host = host;
    this.#participant = participant;
  }

  // What the application sees.

  get participant(): Participant {
    return this.#participant;
  }

  get state(): PeerState {
    return this.#state;
  }

  get connectionId(): string {
    return this.#connection?.id ?? '';
  }

  get rtc(): RTCPeerConnection | undefined {
    return this.#connection?.rtc;
  }

  get tracks(): readonly PeerTrack[] {
    return (this.#connection?.tracks.all ?? []).map((track) => this.#told(track));
  }

  restartIce(): void {
    this.#connection?.restartIce();
  }

  renegotiate(): void {
    this.#connection?.negotiate();
  }

  // What the mesh says.

  get connection(): Connection | undefined {
    return this.#connection;
  }

  get connected(): boolean {
    return this.#connection !== undefined && pathOf(this.#connection.rtc) === 'connected';
  }

  get departed(): boolean {
    return this.#departed;
  }

  /** Makes the first offer, or waits for it. `urgent`: asks for it at once. */
  begin(urgent = false): void {
    if (this.#disposed || this.#connection !== undefined) return;
    this.#setState(this.#connectedOnce ? 'interrupted' : 'connecting');
    this.#watchConnecting();
    const { offersFirst, offerers } = rolesOf(this.#host.room.self, this.#participant);
    if (offersFirst) {
      this.#offer();
      return;
    }
    const ask = () => {
      this.#reservedId = this.#host.newConnectionId();
      this.#signal(this.#reservedId, 0, { kind: 'control', action: 'request_offer' });
      if (offerers !== 'other') this.#waitTimer = setTimeout(() => this.#offer(), OFFER_WAIT_MS);
    };
    clearTimeout(this.#waitTimer);
    if (urgent) ask();
    else this.#waitTimer = setTimeout(ask, OFFER_WAIT_MS);
  }

  /** The participant's roster entry changed. */
  updated(participant: Participant): void {
    const lost = participant.resyncs > this.#participant.resyncs;
    this.#participant = participant;
    if (lost) this.signalsLost();
  }

  /** The participant came back under a new id: a connected RTCPeerConnection is kept. */
  follow(successor: Participant): void {
    this.#participant = successor;
    this.#departed = false;
    clearTimeout(this.#lingerTimer);
    this.rejoined();
  }

  /** One of the two has a new id: what is connected stays, anything else begins again. */
  rejoined(): void {
    if (this.connected) {
      this.#connection?.repeat();
      return;
    }
    if (this.#state === 'closed' && !this.#connectedOnce) return;
    this.#drop();
    this.begin();
  }

  /** Signals from or to this participant may be missing. */
  signalsLost(): void {
    if (this.connected || this.#connection?.offering === true) this.#connection?.repeat();
    else if (this.#state !== 'closed') this.#renew();
  }

  /** The participant is no longer in the roster, yet connected: keep it until that ends. */
  linger(): void {
    this.#departed = true;
  }

  accept(signal: IncomingSignal): void {
    if (this.#disposed) return;
    const { connectionId, negotiationId, payload } = signal;
    const current = this.#connection;
    if (current !== undefined && connectionId === current.id) {
      if (payload.kind === 'control' && payload.action === 'close') {
        this.#closedByPeer();
        return;
      }
      this.#note(payload);
      current.accept(signal);
      return;
    }
    if (payload.kind === 'candidates') {
      this.#strays.push(signal);
      if (this.#strays.length > STRAY_SIGNALS) this.#strays.shift();
    } else if (payload.kind === 'description' && payload.type === 'offer') {
      this.#offered(signal);
    } else if (payload.kind === 'control' && payload.action === 'request_offer') {
      if (current?.offering === true && !current.established) current.repeat();
      else this.#offer();
    } else if (payload.kind === 'control' && payload.action === 'request_ice_restart') {
      this.#reject(connectionId, negotiationId, 'stale_negotiation', 'this connection is over');
    }
  }

  /** Ends it. `tell`: the peer is told that it is on purpose. */
  dispose(tell: boolean): void {
    if (this.#disposed) return;
    if (tell && this.#connection !== undefined) {
      this.#signal(this.#connection.id, 0, { kind: 'control', action: 'close', reason: 'left' });
    }
    this.#disposed = true;
    this.#drop();
    clearTimeout(this.#lingerTimer);
    for (const timer of this.#resends) clearTimeout(timer);
    this.#setState('closed');
  }

  // What the connection says.

  get publications(): ReadonlySet<LivePublication> {
    return this.#host.publications;
  }

  get expected(): Readonly<Record<'audio' | 'video', number>> {
    if (this.#host.options.dataOnly === true) return { audio: 0, video: 0 };
    const sources = this.#participant.tracks.map(({ source }) => source);
    return {
      audio: sources.filter((source) => source === 'microphone' || source === 'screen_audio').length,
      video: sources.filter((source) => source === 'camera' || source === 'screen').length,
    };
  }

  send(connection: Connection, round: number, payload: SignalPayload): void {
    if (connection !== this.#connection) return;
    this.#note(payload);
    this.#signal(connection.id, round, payload);
  }

  changed(connection: Connection): void {
    if (connection !== this.#connection) return;
    const path = pathOf(connection.rtc);
    switch (path) {
      case 'connected':
        this.#arrived();
        return;
      case 'interrupted':
        this.#linger();
        this.#setState(this.#connectedOnce ? 'interrupted' : 'connecting');
        return;
      case 'failed':
      case 'closed':
        this.#report?.reached(
          'failed',
          this.#participant.id,
          `${path} (${connection.rtc.iceConnectionState})`,
        );
        this.#linger();
        this.#setState('failed');
        this.#mend();
        return;
      case 'connecting':
        if (this.#state === 'connected') this.#setState('interrupted');
    }
  }

  tracksChanged(_connection: Connection, { added, removed }: TrackChange): void {
    this.#host.tracksChanged(
      removed.map((track) => this.#told(track)),
      added.map((track) => this.#told(track)),
    );
  }

  dataChannel(channel: RTCDataChannel): void {
    this.#host.channelArrived(this, channel);
  }

  opened(connection: Connection): void {
    if (connection !== this.#connection) return;
    this.#report?.reached('first_frame', this.#participant.id);
    this.changed(connection);
  }

  failed(error: unknown): void {
    this.#host.failed(error, this);
  }

  rejected(connection: Connection, reason: Reason, detail: string): void {
    if (connection !== this.#connection) return;
    if (reason === 'stale_negotiation') {
      this.#renew();
      return;
    }
    this.#host.failed(new SignalboxError({ reason, detail: `the peer refused an offer: ${detail}` }), this);
    if (!connection.established) this.#setState('failed');
  }

  // Within.

  /** A new connection, and the first offer of it. */
  #offer(): void {
    const id = this.#reservedId || this.#host.newConnectionId();
    this.#open(id, true).negotiate();
  }

  /** The first offer of a connection that the peer made. */
  #offered(signal: IncomingSignal): void {
    const { connectionId, negotiationId } = signal;
    const { room, retired } = this.#host;
    if (!/^(main\.|[^.]*$)/.test(connectionId)) {
      const detail = 'this client has one connection to a peer, of the purpose main';
      this.#reject(connectionId, negotiationId, 'unsupported', detail);
      return;
    }
    if (retired.has(connectionId)) {
      this.#reject(connectionId, negotiationId, 'stale_negotiation', 'this connection is over');
      return;
    }
    const current = this.#connection;
    // Both made a first offer: that of the one whose duty it is counts.
    const { offersFirst } = rolesOf(room.self, this.#participant);
    if (current?.offering === true && !current.established && offersFirst) {
      current.repeat();
      return;
    }
    const connection = this.#open(connectionId, false);
    this.#note(signal.payload);
    connection.accept(signal);
    for (const stray of this.#strays.splice(0)) {
      if (stray.connectionId === connectionId) connection.accept(stray);
    }
  }

  #open(id: string, firstOfferer: boolean): Connection {
    this.#drop();
    const { options, room } = this.#host;
    const { polite, offerers } = rolesOf(room.self, this.#participant);
    const mayOffer = offerers === 'both' || offerers === 'self' || (offerers === 'first' && firstOfferer);
    const facts = { rtc: this.#host.createRtc(), id, firstOfferer, polite, mayOffer, options };
    const connection = new Connection(facts, this);
    this.#connection = connection;
    this.#report = new SetUpReport(room, id);
    this.#setState(this.#connectedOnce ? 'interrupted' : 'connecting');
    this.#watchConnecting();
    this.#host.connectionMade(this, connection);
    return connection;
  }

  /** Lets go of the connection and of everything that waits. */
  #drop(): void {
    clearTimeout(this.#waitTimer);
    clearTimeout(this.#connectTimer);
    clearTimeout(this.#mendTimer);
    this.#mendTimer = undefined;
    this.#reservedId = '';
    const connection = this.#connection;
    if (connection === undefined) return;
    this.#host.retired.add(connection.id);
    connection.close();
    this.#connection = undefined;
    this.#host.connectionLost(this);
  }

  /** The connection is beyond repair. */
  #renew(): void {
    this.#drop();
    this.begin(true);
  }

  #arrived(): void {
    clearTimeout(this.#connectTimer);
    clearTimeout(this.#mendTimer);
    clearTimeout(this.#lingerTimer);
    this.#mendTimer = undefined;
    this.#lingerTimer = undefined;
    this.#mends = 0;
    this.#connectedOnce = true;
    this.#report?.reached('ice_connected', this.#participant.id);
    this.#report?.reached('dtls_connected', this.#participant.id);
    this.#setState('connected');
  }

  #closedByPeer(): void {
    this.#drop();
    this.#connectedOnce = false;
    this.#setState('closed');
    if (this.#departed) this.#host.expired(this);
  }

  #watchConnecting(): void {
    clearTimeout(this.#connectTimer);
    this.#connectTimer = setTimeout(() => {
      if (this.connected) return;
      this.#report?.reached('failed', this.#participant.id, 'no connection in time');
      this.#setState('failed');
      if (this.#connection?.established === true) this.#mend();
    }, CONNECT_MS);
  }

  /** Tries again, and again while it fails: by ICE restart first, then with a new connection. */
  #mend(): void {
    if (this.#mendTimer !== undefined || this.#departed || this.#disposed) return;
    const wait = MEND_MS[Math.min(this.#mends, MEND_MS.length - 1)] ?? 0;
    this.#mendTimer = setTimeout(() => {
      this.#mendTimer = undefined;
      const connection = this.#connection;
      if (connection === undefined || this.connected || this.#departed) return;
      this.#mends += 1;
      if (pathOf(connection.rtc) === 'closed' || this.#mends > ICE_RESTARTS) return this.#renew();
      if (connection.established) connection.restartIce();
      this.#mend();
    }, wait);
  }

  /** A departed peer has no way to negotiate. */
  #linger(): void {
    if (!this.#departed || this.#lingerTimer !== undefined) return;
    this.#lingerTimer = setTimeout(() => {
      if (this.#departed && !this.connected) this.#host.expired(this);
    }, LINGER_MS);
  }

  #reject(connectionId: string, round: number, reason: Reason, detail: string): void {
    this.#signal(connectionId, round, { kind: 'control', action: 'reject', reason, detail });
  }

  #signal(connectionId: string, round: number, payload: SignalPayload): void {
    if (this.#departed || this.#disposed) return;
    const { room } = this.#host;
    room
      .signal(this.#participant.id, { connectionId, negotiationId: round, payload })
      .catch((error: unknown) => this.#unsent(error, connectionId, round, payload));
  }

  #unsent(error: unknown, connectionId: string, round: number, payload: SignalPayload): void {
    if (this.#disposed || this.#host.room.closed) return;
    const { reason, retryable, retryAfterMs } =
      error instanceof SignalboxError
        ? error
        : { reason: undefined, retryable: false, retryAfterMs: undefined };
    if (retryable) {
      const timer = setTimeout(() => {
        this.#resends.delete(timer);
        if (this.#connection?.id === connectionId) this.#signal(connectionId, round, payload);
      }, retryAfterMs ?? RESEND_MS);
      this.#resends.add(timer);
      return;
    }
    // The roster tells of the first three, and a rejoin repeats what the last one leaves open.
    const told = ['recipient_left', 'unknown_recipient', 'not_joined', 'outcome_unknown'];
    if (reason === undefined || !told.includes(reason)) this.#host.failed(error, this);
  }

  #note(payload: SignalPayload): void {
    if (payload.kind === 'candidates') this.#report?.reached('candidate', this.#participant.id);
    else if (payload.kind === 'description' && (payload.type === 'offer' || payload.type === 'answer')) {
      this.#report?.reached(payload.type, this.#participant.id);
    }
  }

  #told({ track, trackId, source }: RemoteTrack): PeerTrack {
    const participant = this.#participant;
    const name = participant.tracks.find(({ id }) => id === trackId)?.name ?? '';
    return { peer: this, participant, track, source, trackId, name };
  }

  #setState(state: PeerState): void {
    if (state === this.#state) return;
    this.#state = state;
    this.#host.stateChanged(this);
  }
}

/** One word for the two states of a connection, of which stacks keep one better than the other. */
function pathOf(rtc: RTCPeerConnection): 'connecting' | 'connected' | 'interrupted' | 'failed' | 'closed' {
  const { connectionState, iceConnectionState } = rtc;
  if (connectionState === 'closed' || iceConnectionState === 'closed') return 'closed';
  if (connectionState === 'failed' || iceConnectionState === 'failed') return 'failed';
  if (connectionState === 'disconnected' || iceConnectionState === 'disconnected') return 'interrupted';
  return connectionState === 'connected' ? 'connected' : 'connecting';
}
