import type { Participant } from '../participant.ts';
import type { IncomingSignal, SignalPayload } from '../signal.ts';
import { SignalboxError } from '../signalbox-error.ts';
import type { Reason } from '../vocabulary.ts';
import { Connection, type ConnectionOwner } from './connection.ts';
import { isMain, newConnectionId } from './connection-id.ts';
import type { LinkHost } from './link-host.ts';
import { Mender, type Patient } from './mender.ts';
import { OfferWait } from './offer-wait.ts';
import { pathOf } from './path.ts';
import type { Peer, PeerFailure, PeerState, PeerTrack } from './peer.ts';
import type { LivePublication } from './publication.ts';
import { peerTrack, type RemoteTrack, type TrackChange } from './remote-tracks.ts';
import { rolesOf } from './roles.ts';
import { kindsOf } from './senders.ts';
import { SetUpReport } from './set-up-report.ts';
import { SignalSender } from './signal-sender.ts';
import { Standing } from './standing.ts';

/** A departed peer whose connection is no longer connected has this long to come back. */
const LINGER_MS = 10_000;
/** Signals kept for a connection whose offer has not come. */
const STRAY_SIGNALS = 32;

/**
 * The relation to one participant: who begins, which RTCPeerConnection is the current one, what becomes of it when the
 * participant goes and comes back. Negotiation proper is the Connection's.
 */
export class PeerLink implements Peer, ConnectionOwner {
  readonly #host: LinkHost;
  readonly #sender: SignalSender;
  readonly #mender: Mender;
  readonly #standing: Standing;
  readonly #wait: OfferWait;
  /** The roster does not show this participant, and will not tell when it goes. */
  readonly #unlisted: boolean;
  #participant: Participant;
  #connection: Connection | undefined;
  #report: SetUpReport | undefined;
  /** Not in the roster any more; kept because it is connected. */
  #departed = false;
  /** The peer closed the connection on purpose: it is for the peer to begin again. */
  #hungUp = false;
  /** Reserved for the connection that a request to offer speaks of. */
  #reservedId = '';
  #strays: IncomingSignal[] = [];
  #lingerTimer: ReturnType<typeof setTimeout> | undefined;
  #disposed = false;

  constructor(host: LinkHost, participant: Participant, unlisted = false) {
    this.#host = host;
    this.#participant = participant;
    this.#unlisted = unlisted;
    this.#mender = new Mender(this.#patient());
    this.#standing = new Standing(() => host.stateChanged(this));
    this.#wait = new OfferWait(
      () => this.#askForOffer(),
      () => this.#offer(),
    );
    this.#sender = new SignalSender(
      host.room,
      (connectionId) => connectionId === this.connectionId,
      (error) => host.failed(error, this),
    );
  }

  // What the application sees.

  get participant(): Participant {
    return this.#participant;
  }

  get state(): PeerState {
    return this.#standing.state;
  }

  get failure(): PeerFailure | undefined {
    return this.#standing.failure;
  }

  get connectionId(): string {
    return this.#connection?.id ?? '';
  }

  get rtc(): RTCPeerConnection | undefined {
    return this.#connection?.rtc;
  }

  get tracks(): readonly PeerTrack[] {
    return (this.#connection?.tracks.all ?? []).map((track) => peerTrack(this, track));
  }

  restartIce(): void {
    if (this.#connection === undefined) return;
    const ends = [this.#host.room.self, this.#participant];
    // A stack that cannot restart ICE gets a new connection: with two of werift 0.25 no data comes through after a restart.
    if (ends.every(({ features }) => features.includes('ice_restart'))) this.#connection.restartIce();
    else this.#renew();
  }

  reconnect(): void {
    if (this.#disposed || this.#departed || this.connected) return;
    this.#hungUp = false;
    this.#renew();
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
    this.#standing.seeking();
    this.#mender.watch();
    const { offersFirst, offerers } = rolesOf(this.#host.room.self, this.#participant);
    if (offersFirst) this.#offer();
    else this.#wait.begin(urgent, offerers !== 'other');
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
    this.#hungUp = false;
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
    if (this.#hungUp) return;
    this.#drop();
    this.begin();
  }

  /** Signals from or to this participant may be missing. */
  signalsLost(): void {
    if (this.connected || this.#connection?.offering === true) this.#connection?.repeat();
    else if (!this.#hungUp) this.#renew();
  }

  /** The participant is no longer in the roster, yet connected: keep it until that ends. */
  linger(): void {
    this.#departed = true;
  }

  accept(signal: IncomingSignal): void {
    if (this.#disposed) return;
    const { connectionId, payload } = signal;
    const current = this.#connection;
    if (current !== undefined && connectionId === current.id) {
      this.#report?.signalled(payload);
      if (payload.kind === 'control' && payload.action === 'close') this.#closedByPeer();
      else current.accept(signal);
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
      this.#reject(signal, 'stale_negotiation', 'this connection is over');
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
    this.#sender.close();
    this.#standing.closed();
  }

  // What the connection says.

  get publications(): ReadonlySet<LivePublication> {
    return this.#host.publications;
  }

  get expected(): Readonly<Record<'audio' | 'video', number>> {
    return kindsOf(this.#host.options.dataOnly === true ? [] : this.#participant.tracks);
  }

  send(connection: Connection, round: number, payload: SignalPayload): void {
    if (connection !== this.#connection) return;
    this.#report?.signalled(payload);
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
        this.#standing.seeking();
        return;
      case 'failed':
      case 'closed':
        this.#report?.reached('failed', `${path} (${connection.rtc.iceConnectionState})`);
        this.#linger();
        this.#standing.failed('no_path');
        this.#mender.mend();
        return;
      case 'connecting':
        if (this.#standing.state === 'connected') this.#standing.seeking();
    }
  }

  tracksChanged(_connection: Connection, { added, removed }: TrackChange): void {
    const told = (track: RemoteTrack) => peerTrack(this, track);
    this.#host.tracksChanged(removed.map(told), added.map(told));
  }

  dataChannel(channel: RTCDataChannel): void {
    this.#host.channelArrived(this, channel);
  }

  opened(connection: Connection): void {
    if (connection !== this.#connection) return;
    this.#report?.reached('first_frame');
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
    if (!connection.established) this.#standing.failed('refused');
  }

  // Within.

  /** A new connection, and the first offer of it. */
  #offer(): void {
    this.#open(this.#reservedId || newConnectionId(), true).negotiate();
  }

  #askForOffer(): void {
    this.#reservedId = newConnectionId();
    this.#signal(this.#reservedId, 0, { kind: 'control', action: 'request_offer' });
  }

  /** The first offer of a connection that the peer made. */
  #offered(signal: IncomingSignal): void {
    const { connectionId } = signal;
    const { room, retired } = this.#host;
    if (!isMain(connectionId)) {
      this.#reject(signal, 'unsupported', 'this client has one connection to a peer, of the purpose main');
      return;
    }
    if (retired.has(connectionId)) {
      this.#reject(signal, 'stale_negotiation', 'this connection is over');
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
    this.#report?.signalled(signal.payload);
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
    this.#hungUp = false;
    this.#report = new SetUpReport(room, id, () => this.#participant.id);
    this.#standing.seeking();
    this.#mender.watch();
    this.#host.connectionMade(this, connection);
    return connection;
  }

  /** Lets go of the connection and of everything that waits. */
  #drop(): void {
    this.#wait.stop();
    this.#mender.pause();
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
    this.#mender.healed();
    clearTimeout(this.#lingerTimer);
    this.#lingerTimer = undefined;
    this.#report?.reached('ice_connected');
    this.#report?.reached('dtls_connected');
    this.#standing.connected();
  }

  #closedByPeer(): void {
    this.#drop();
    this.#hungUp = true;
    this.#standing.closed();
    if (this.#departed || this.#unlisted) this.#host.expired(this);
  }

  #patient(): Patient {
    return {
      isWell: () => this.connected || this.#departed || this.#connection === undefined,
      isMendable: () => this.#connection?.established === true && pathOf(this.#connection.rtc) !== 'closed',
      restartIce: () => this.restartIce(),
      renew: () => this.#renew(),
      timedOut: () => {
        this.#report?.reached('failed', 'no connection in time');
        this.#linger();
        const answered = this.#connection?.established === true;
        this.#standing.failed(answered ? 'no_path' : 'no_answer');
        if (answered) this.#mender.mend();
      },
    };
  }

  /** Of one that the roster does not have, a connection that stays lost is the only sign that it went. */
  #linger(): void {
    if (!(this.#departed || this.#unlisted) || this.#lingerTimer !== undefined) return;
    this.#lingerTimer = setTimeout(() => {
      this.#lingerTimer = undefined;
      if ((this.#departed || this.#unlisted) && !this.connected) this.#host.expired(this);
    }, LINGER_MS);
  }

  #reject({ connectionId, negotiationId }: IncomingSignal, reason: Reason, detail: string): void {
    this.#signal(connectionId, negotiationId, { kind: 'control', action: 'reject', reason, detail });
  }

  #signal(connectionId: string, round: number, payload: SignalPayload): void {
    if (this.#departed || this.#disposed) return;
    this.#sender.send(this.#participant.id, connectionId, round, payload);
  }
}
