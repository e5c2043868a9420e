import { Deferred } from '../../src/client/deferred.ts';
import { LiveEmitter } from '../../src/client/emitter.ts';
import type {
  DataMessage,
  LobbyEntry,
  MeshEvents,
  Participant,
  ParticipantChange,
  Peer,
  PeerFailure,
  PeerMesh,
  PeerState,
  PeerTrack,
  Room,
  RoomEvents,
  Sent,
  SessionEvents,
  SessionState,
  TrackSource,
} from '../../src/client/index.ts';
import { roomInfoFromWire } from '../../src/client/room-info.ts';
import { entry } from '../client/mesh/fake-room.ts';
import type { FakeTrack } from './fake-media.ts';

function thrown(error: unknown): void {
  throw error;
}

/** A room that does what the test says. */
export class FakeRoom extends LiveEmitter<RoomEvents> {
  self: Participant = entry('me', 1);
  readonly participants = new Map<string, Participant>();
  readonly retained = new Map<string, DataMessage>();
  readonly lobby = new Map<string, LobbyEntry>();
  history: DataMessage[] = [];
  info = roomInfoFromWire('fake', undefined);
  closed = false;
  readonly sessionEvents = new LiveEmitter<SessionEvents>(thrown);
  readonly session = {
    on: this.sessionEvents.on.bind(this.sessionEvents),
    iceServers: [] as { urls: string[] }[],
    state: { status: 'connected', transport: 'websocket' } as SessionState,
  };
  /** What was sent, and how it comes out. */
  readonly sends: { readonly text: string; readonly sent: Deferred<Sent> }[] = [];
  readonly counts: string[] = [];
  readonly updates: ParticipantChange[] = [];
  /** What moderators did, as `action argument`. */
  readonly actions: string[] = [];
  /** What the next action is refused with. */
  refusal: unknown;
  #offset = 0;

  constructor() {
    super(thrown);
  }

  get room(): Room {
    return this as unknown as Room;
  }

  get count(): number {
    return this.participants.size + 1;
  }

  readonly moderate = new Proxy(
    {},
    {
      get:
        (_target, action) =>
        async (...values: readonly unknown[]): Promise<void> => {
          this.actions.push([String(action), ...values].join(' '));
          if (this.refusal !== undefined) throw this.refusal;
        },
    },
  );

  send(_type: string, text: string): Promise<Sent> {
    const sent = new Deferred<Sent>();
    this.sends.push({ text, sent });
    return sent.promise;
  }

  addCount(type: string, key: string): void {
    this.counts.push(`${type} ${key}`);
  }

  async update(change: ParticipantChange): Promise<void> {
    this.updates.push(change);
    if (this.refusal !== undefined) throw this.refusal;
  }

  put(participant: Participant): void {
    const known = this.participants.has(participant.id);
    this.participants.set(participant.id, participant);
    this.emit(known ? 'participantChanged' : 'joined', participant);
  }

  drop(id: string, reason: RoomEvents['left']['reason'] = 'left', replacedBy = ''): void {
    const participant = this.participants.get(id);
    if (participant === undefined) return;
    this.participants.delete(id);
    this.emit('left', { id, participant, reason, replacedBy });
  }

  says(change: Partial<DataMessage>): DataMessage {
    this.#offset += 1;
    const message: DataMessage = {
      type: 'chat',
      key: '',
      delivery: 'reliable',
      content: 'hello',
      sender: 'bo',
      identity: 'bo',
      name: 'Bo',
      own: false,
      direct: false,
      offset: this.#offset,
      total: 0,
      acceptedAt: new Date(1_000 * this.#offset),
      ...change,
    };
    this.emit('message', message);
    return message;
  }
}

/** A mesh that does what the test says. */
export class FakePeers extends LiveEmitter<MeshEvents> {
  readonly peers = new Map<string, FakePeer>();

  constructor() {
    super(thrown);
  }

  get mesh(): PeerMesh {
    return this as unknown as PeerMesh;
  }

  meet(participant: Participant): FakePeer {
    const peer = new FakePeer(this, participant);
    this.peers.set(participant.id, peer);
    this.emit('peer', peer.peer);
    return peer;
  }
}

export class FakePeer {
  participant: Participant;
  state: PeerState = 'connecting';
  failure: PeerFailure | undefined;
  tracks: PeerTrack[] = [];
  reconnects = 0;
  readonly #mesh: FakePeers;

  constructor(mesh: FakePeers, participant: Participant) {
    this.#mesh = mesh;
    this.participant = participant;
  }

  get peer(): Peer {
    return this as unknown as Peer;
  }

  is(state: PeerState, failure?: PeerFailure): void {
    this.state = state;
    this.failure = failure;
    this.#mesh.emit('peerState', { peer: this.peer, state });
  }

  sends(source: TrackSource, track: FakeTrack, trackId: string = source): void {
    const { participant, peer } = this;
    const sent = { peer, participant, track: track.track, source, trackId, name: '' };
    this.tracks.push(sent);
    this.#mesh.emit('track', sent);
  }

  /** Under a new participant id, as the mesh does it. */
  follow(participant: Participant): void {
    this.#mesh.peers.delete(this.participant.id);
    this.participant = participant;
    this.#mesh.peers.set(participant.id, this);
  }

  reconnect(): void {
    this.reconnects += 1;
  }
}
