import { LiveEmitter } from '../../../src/client/emitter.ts';
import type {
  Departure,
  Feature,
  IncomingSignal,
  OutgoingSignal,
  Participant,
  ParticipantChange,
  Permissions,
  Reason,
  Receipt,
  Room,
  RoomEvents,
  RoomInfo,
  Session,
  SessionEvents,
  SetupReport,
  Track,
} from '../../../src/client/index.ts';
import { SignalboxError } from '../../../src/client/index.ts';
import { roomInfoFromWire } from '../../../src/client/room-info.ts';

const PERMISSIONS: Permissions = {
  signal: true,
  hub: false,
  moderate: false,
  listed: false,
  updateSelf: true,
  hidden: false,
  publish: [],
  deliveries: [],
  sendTypes: [],
  muteMessages: false,
};

export interface FakeMember {
  readonly identity?: string;
  readonly features?: readonly Feature[];
  readonly permissions?: Partial<Permissions>;
  readonly replaces?: string;
}

/** A room without a gateway: signals and roster changes arrive after a random delay, in the order of their sender. */
export class FakeRoom {
  readonly members = new Map<string, FakeMembership>();
  readonly #info: RoomInfo;
  readonly #delayMs: number;
  #ordinal = 0;

  constructor(options: { readonly delayMs?: number; readonly topology?: 'mesh' | 'hub' } = {}) {
    this.#delayMs = options.delayMs ?? 5;
    this.#info = { ...roomInfoFromWire('fake', undefined), topology: options.topology ?? 'mesh' };
  }

  get info(): RoomInfo {
    return this.#info;
  }

  join(id: string, member: FakeMember = {}): FakeMembership {
    this.#ordinal += 1;
    const participant = entry(id, this.#ordinal, member);
    const membership = new FakeMembership(this, participant, this.delays());
    for (const other of this.members.values()) {
      membership.others.set(other.self.id, other.self);
      other.hear(() => other.sees(participant));
    }
    this.members.set(id, membership);
    return membership;
  }

  leave(id: string, reason: Reason = 'left', replacedBy = ''): void {
    this.members.delete(id);
    for (const other of this.members.values()) other.hear(() => other.misses(id, reason, replacedBy));
  }

  /** A random delay that never lets one overtake what came before. */
  delays(): (deliver: () => void) => void {
    let last = Promise.resolve();
    return (deliver) => {
      const ripe = new Promise((resolve) => setTimeout(resolve, Math.random() * this.#delayMs));
      last = Promise.all([last, ripe]).then(deliver);
    };
  }
}

/** One participant's view of a fake room. */
export class FakeMembership extends LiveEmitter<RoomEvents> implements Partial<Room> {
  readonly name = 'fake';
  readonly others = new Map<string, Participant>();
  readonly reports: SetupReport[] = [];
  /** Every signal that this one sent. */
  readonly sent: (OutgoingSignal & { readonly to: string })[] = [];
  readonly sessionEvents = new LiveEmitter<SessionEvents>(() => {});
  readonly session: Session;
  /** Signals that this says true of are lost on their way. */
  loses: (signal: OutgoingSignal) => boolean = () => false;
  hubId = '';
  closed = false;
  restored = false;
  readonly #fake: FakeRoom;
  readonly hear: (deliver: () => void) => void;
  #self: Participant;

  constructor(fake: FakeRoom, self: Participant, hear: (deliver: () => void) => void) {
    super(
      (error) => {
        throw error;
      },
      ['signal'],
    );
    this.#fake = fake;
    this.#self = self;
    this.hear = hear;
    const { sessionEvents } = this;
    this.session = {
      iceServers: [],
      on: sessionEvents.on.bind(sessionEvents),
      off: sessionEvents.off.bind(sessionEvents),
    } as unknown as Session;
  }

  /** As what PeerMesh takes. */
  get room(): Room {
    return this as unknown as Room;
  }

  get self(): Participant {
    return this.#self;
  }

  get participants(): ReadonlyMap<string, Participant> {
    return this.others;
  }

  get info(): RoomInfo {
    return this.#fake.info;
  }

  get hub(): Participant | undefined {
    return this.others.get(this.hubId);
  }

  async signal(to: Participant | string, signal: OutgoingSignal): Promise<Receipt> {
    const id = typeof to === 'string' ? to : to.id;
    this.sent.push({ ...signal, to: id });
    const target = this.#fake.members.get(id);
    if (target === undefined) throw new SignalboxError({ reason: 'recipient_left', detail: id });
    if (this.loses(signal)) return { status: 'accepted' };
    const copy = structuredClone(signal.payload);
    const incoming: IncomingSignal = {
      sender: this.#self.id,
      acceptedAt: new Date(),
      connectionId: signal.connectionId,
      negotiationId: signal.negotiationId,
      payload: copy,
      traceparent: '',
    };
    target.hear(() => target.emit('signal', incoming));
    return { status: 'accepted' };
  }

  async update(change: ParticipantChange): Promise<void> {
    const tracks = new Map<string, Track>(this.#self.tracks.map((track) => [track.id, track]));
    for (const track of change.tracks ?? []) tracks.set(track.id, track);
    for (const id of change.dropTracks ?? []) tracks.delete(id);
    const self = { ...this.#self, tracks: [...tracks.values()] };
    this.#self = { ...self, muted: (source) => !self.tracks.some((t) => t.source === source && !t.muted) };
    for (const other of this.#fake.members.values()) {
      if (other !== this) other.hear(() => other.learns(this.#self));
    }
  }

  report(report: SetupReport): void {
    this.reports.push(report);
  }

  sees(participant: Participant): void {
    this.others.set(participant.id, participant);
    this.emit('joined', participant);
  }

  learns(participant: Participant): void {
    if (!this.others.has(participant.id)) return;
    this.others.set(participant.id, participant);
    this.emit('participantChanged', participant);
  }

  misses(id: string, reason: Reason, replacedBy: string): void {
    const participant = this.others.get(id);
    if (participant === undefined) return;
    this.others.delete(id);
    const departure: Departure = { id, participant, reason, replacedBy };
    this.emit('left', departure);
  }

  /** The own session was lost: the same room under a new id. */
  rejoinAs(self: Participant): void {
    const previousId = this.#self.id;
    this.#self = self;
    this.#fake.members.delete(previousId);
    this.#fake.members.set(self.id, this);
    this.emit('resync', { cause: 'rejoined', missedMessages: false, previousId });
  }
}

export function entry(id: string, ordinal: number, member: FakeMember = {}): Participant {
  return {
    id,
    identity: member.identity ?? id,
    name: id,
    role: '',
    ordinal,
    state: 'active',
    kind: 'person',
    attributes: {},
    tracks: [],
    permissions: { ...PERMISSIONS, ...member.permissions },
    features: member.features ?? ['rollback', 'ice_restart'],
    joinedAt: undefined,
    handRaisedAt: undefined,
    replaces: member.replaces ?? '',
    resyncs: 0,
    muted: () => true,
  };
}
