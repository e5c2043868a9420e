import { create, fromBinary, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import {
  ClientFrameSchema,
  type ServerFrame,
  ServerFrameSchema,
} from '../../../gen/signalbox/v1/frame_pb.ts';
import { DeliveryClass } from '../../../gen/signalbox/v1/message_pb.ts';
import {
  Participant_Kind as Kind,
  PermissionsSchema,
  Participant_State as State,
} from '../../../gen/signalbox/v1/participant_pb.ts';
import { RoomSettingsSchema } from '../../../gen/signalbox/v1/room_pb.ts';
import type { Clock } from '../../../src/core/clock.ts';
import type { Crypto } from '../../../src/core/crypto.ts';
import type { Engine, InboxFrame, NewSession } from '../../../src/core/engine.ts';
import { type CoreLimits, defaultLimits } from '../../../src/core/limits.ts';
import type { JoinOutcome } from '../../../src/core/room/admission.ts';
import { resolveSettings } from '../../../src/core/room/settings.ts';
import { type RoomKey, roomKey } from '../../../src/core/room-key.ts';
import { OriginTemplate } from '../../../src/core/wire/origin.ts';
import { nodeCrypto } from '../../../src/runtime/node-crypto.ts';
import { VirtualClock } from '../../helpers/virtual-clock.ts';

/** Makes the engine under test. It is started and stopped by the kit. */
export type MakeEngine = (options: {
  readonly clock: Clock;
  readonly crypto: Crypto;
  readonly limits: CoreLimits;
}) => Engine | Promise<Engine>;

export type Settings = MessageInitShape<typeof RoomSettingsSchema>;

export interface Joiner extends Partial<Omit<NewSession, 'id'>> {
  readonly role?: string;
  readonly name?: string;
  readonly permissions?: MessageInitShape<typeof PermissionsSchema>;
  readonly kind?: Kind;
  readonly settings?: Settings;
  readonly knock?: string;
}

export interface Said {
  readonly seq?: number;
  readonly delivery?: DeliveryClass;
  readonly messageType?: string;
  readonly key?: string;
  readonly count?: bigint;
  readonly content?: { case: 'text'; value: string };
}

const usual = { signal: true, listed: true, updateSelf: true };

/** An engine with sessions and rooms to play with, and what it told its node. */
export class EngineKit {
  readonly engine: Engine;
  readonly clock: VirtualClock;
  readonly limits: CoreLimits;
  /** Sessions that were named by `inboxChanged`, and so on. */
  readonly told = {
    inboxes: [] as string[],
    rooms: [] as RoomKey[],
    lossy: [] as ServerFrame[],
    memberships: [] as string[],
  };
  readonly #joins = new Map<string, number>();
  readonly #seqs = new Map<string, number>();

  private constructor(engine: Engine, clock: VirtualClock, limits: CoreLimits) {
    this.engine = engine;
    this.clock = clock;
    this.limits = limits;
  }

  static async start(make: MakeEngine, limits: Partial<CoreLimits> = {}): Promise<EngineKit> {
    const clock = new VirtualClock();
    const all = { ...defaultLimits, ...limits };
    const kit = new EngineKit(await make({ clock, crypto: nodeCrypto, limits: all }), clock, all);
    const { told } = kit;
    await kit.engine.start({
      inboxChanged: (session) => void told.inboxes.push(session),
      roomChanged: (key) => void told.rooms.push(key),
      bulkChanged: (key) => void told.rooms.push(key),
      lossy: (_key, frame) => void told.lossy.push(fromBinary(ServerFrameSchema, frame)),
      membershipsChanged: (session) => void told.memberships.push(session),
    });
    return kit;
  }

  /** Opens a session; its identity is its id unless told otherwise. */
  async session(id: string, more: Partial<NewSession> = {}): Promise<void> {
    await this.engine.openSession({
      id,
      identity: id,
      tenant: '',
      device: id,
      bornAt: this.clock.now(),
      secretHash: nodeCrypto.sha256(`secret of ${id}`),
      sendKeyHash: nodeCrypto.sha256(`key of ${id}`),
      attempt: 1,
      ...more,
    });
  }

  /** Opens the session and joins; the room is created where there is none. */
  async join(room: string, session: string, joiner: Joiner = {}): Promise<JoinOutcome> {
    await this.session(session, joiner);
    return this.joinAgain(room, session, joiner);
  }

  /** Joins with a session that is open. */
  async joinAgain(room: string, session: string, joiner: Joiner = {}): Promise<JoinOutcome> {
    const joins = (this.#joins.get(session) ?? 0) + 1;
    this.#joins.set(session, joins);
    const { identity = session, tenant = '', device = session, bornAt = this.clock.now() } = joiner;
    return this.engine.join(
      roomKey(tenant, room),
      {
        session: { id: session, tenant, device, bornAt },
        attempt: joiner.attempt ?? 1,
        state: State.ACTIVE,
        joins,
        profile: {
          identity,
          name: joiner.name ?? '',
          role: joiner.role ?? '',
          kind: joiner.kind ?? Kind.PERSON,
          attributes: {},
          tracks: [],
          permissions: create(PermissionsSchema, { ...usual, ...joiner.permissions }),
          features: [],
          replaces: '',
        },
        knock: joiner.knock ?? '',
      },
      resolveSettings(create(RoomSettingsSchema, joiner.settings)),
    );
  }

  /** Joins, and returns the participant id. */
  async enter(room: string, session: string, joiner: Joiner = {}): Promise<string> {
    const outcome = await this.join(room, session, joiner);
    if (outcome.status === 'refused') throw new Error(`refused: ${outcome.refusal.detail}`);
    return outcome.participant;
  }

  /** Publishes a message as a member. */
  async say(room: string, session: string, { seq, ...message }: Said = {}) {
    const key = roomKey('', room);
    const self = this.view(room).members.ofSession(session);
    const next = seq ?? (this.#seqs.get(session) ?? 0) + 1;
    this.#seqs.set(session, Math.max(next, this.#seqs.get(session) ?? 0));
    const record = toBinary(
      ClientFrameSchema,
      create(ClientFrameSchema, { body: { case: 'message', value: { room, ...message } } }),
    );
    return this.engine.publish(key, {
      record,
      delivery: message.delivery ?? DeliveryClass.RELIABLE,
      messageType: message.messageType ?? '',
      key: message.key ?? '',
      hasContent: (message.content?.value?.length ?? 0) > 0,
      count: Number(message.count ?? 0),
      sender: {
        session,
        participant: self?.id ?? '',
        seq: next,
        origin: new OriginTemplate(self?.id ?? '', session),
      },
    });
  }

  /** A frame for an inbox; its body is a ModerationNotice with this note. */
  frame(sender: string, senderSeq: number, note = `${sender}:${senderSeq}`, wantReceipt = false): InboxFrame {
    const value = { note };
    const frame = create(ServerFrameSchema, { body: { case: 'moderationNotice', value } });
    return { sender, senderSeq, body: toBinary(ServerFrameSchema, frame), wantReceipt };
  }

  /** What waits in an inbox. */
  inbox(session: string): ServerFrame[] {
    const view = this.engine.inbox(session);
    const frames: ServerFrame[] = [];
    if (view === undefined) return frames;
    for (let seq = view.lo + 1; seq <= view.hi; seq += 1) {
      const entry = view.at(seq);
      if (entry === undefined) throw new Error(`entry ${seq} of the inbox of ${session} is missing`);
      frames.push(fromBinary(ServerFrameSchema, entry.body));
    }
    return frames;
  }

  /** Bodies of one kind in an inbox. */
  inboxOf<Case extends ServerFrame['body']['case']>(session: string, kind: Case) {
    return bodiesOf(this.inbox(session), kind);
  }

  view(room: string, tenant = '') {
    const view = this.engine.view(roomKey(tenant, room));
    if (view === undefined) throw new Error(`there is no room ${room}`);
    return view;
  }

  /** What stands in a room's log. Throws where an offset is missing or its frame tells another one. */
  log(room: string): ServerFrame[] {
    const { log } = this.view(room);
    const frames: ServerFrame[] = [];
    for (let offset = log.lo + 1; offset <= log.hi; offset += 1) {
      const entry = log.at(offset);
      if (entry === undefined) throw new Error(`entry ${offset} of the log is missing`);
      const frame = fromBinary(ServerFrameSchema, entry.frame);
      const { body } = frame;
      const told =
        body.case === 'message'
          ? frame.origin?.offset
          : body.case && 'offset' in body.value && body.value.offset;
      if (told !== offset) throw new Error(`entry ${offset} says that it is ${told}`);
      frames.push(frame);
    }
    return frames;
  }

  logOf<Case extends ServerFrame['body']['case']>(room: string, kind: Case) {
    return bodiesOf(this.log(room), kind);
  }

  /** What lies beside the log, above `version`. */
  board(room: string, version = 0): ServerFrame[] {
    const { board } = this.view(room);
    board.settle(this.clock.now());
    return board.since(version).map(({ frame }) => fromBinary(ServerFrameSchema, frame));
  }

  /** A member's snapshot: Joined first, then pages. */
  snapshot(room: string, session: string, history = 0, since?: number) {
    const view = this.view(room);
    const self = view.members.ofSession(session);
    if (self === undefined) throw new Error(`${session} is not in ${room}`);
    view.board.settle(this.clock.now());
    const { joined: first, pages } = view.snapshot(self, history, since);
    const frames = [first, ...pages].map((bytes) => fromBinary(ServerFrameSchema, bytes));
    const [joined] = bodiesOf(frames, 'joined');
    if (joined === undefined) throw new Error('a snapshot without Joined');
    return { joined, pages: bodiesOf(frames.slice(1), 'rosterDelta') };
  }
}

function bodiesOf<Case extends ServerFrame['body']['case']>(frames: readonly ServerFrame[], kind: Case) {
  type Value = Extract<ServerFrame['body'], { case: Case }>['value'];
  return frames.flatMap(({ body }) => (body.case === kind ? [body.value as Value] : []));
}
