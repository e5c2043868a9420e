import type { InboxRecord, RoomRecord } from '../../../gen/signalbox/state/v1/state_pb.ts';
import type { LobbyEntry, Participant, Participant_State } from '../../../gen/signalbox/v1/participant_pb.ts';
import { Reason } from '../../../gen/signalbox/v1/reason_pb.ts';
import type { Room, RoomSettings } from '../../../gen/signalbox/v1/room_pb.ts';
import type { Clock } from '../../core/clock.ts';
import type { Crypto } from '../../core/crypto.ts';
import type {
  AppendOutcome,
  Attached,
  AttachRefusal,
  AttachRequest,
  Engine,
  EngineEvents,
  FlaggedFrame,
  InboxFrame,
  NewSession,
} from '../../core/engine.ts';
import type { CoreLimits } from '../../core/limits.ts';
import { type Refusal, refuse } from '../../core/refusal.ts';
import { admit, deny, type JoinOutcome, type JoinRequest, join } from '../../core/room/admission.ts';
import type { RoomBan } from '../../core/room/bans.ts';
import type { Member } from '../../core/room/member.ts';
import { type Audience, audienceOf, publish } from '../../core/room/messages.ts';
import type { RoomOutlet } from '../../core/room/outlet.ts';
import { applyPatch, type ParticipantPatch } from '../../core/room/participant-patch.ts';
import type { Publication, Published } from '../../core/room/publication.ts';
import { patchRoom, type RoomPatch } from '../../core/room/room-patch.ts';
import { type Removal, RoomState } from '../../core/room/room-state.ts';
import { participantsAfter, type RosterPosition } from '../../core/room/roster-page.ts';
import { type RoomKey, roomKey, roomNameOf } from '../../core/room-key.ts';
import { Inbox } from './inbox.ts';

/** A session as the store keeps it. */
export interface StoredSession {
  readonly info: NewSession;
  readonly inbox: Inbox;
  readonly rooms: Map<RoomKey, string>;
  attempt: number;
}

/** How often senders that are gone are forgotten, in milliseconds: all marks of all logs are looked at. */
const marksIntervalMs = 60_000;

export interface MemoryEngineOptions {
  readonly clock: Clock;
  readonly crypto: Crypto;
  readonly limits: CoreLimits;
}

/** All that a memory engine holds. */
export interface MemoryState {
  readonly sessions: ReadonlyMap<string, StoredSession>;
  readonly rooms: ReadonlyMap<RoomKey, RoomState>;
}

/** The embedded engine: one process, one store that lives as long as it. Every operation completes at once. */
export class MemoryEngine implements Engine {
  readonly #clock: Clock;
  readonly #crypto: Crypto;
  readonly #limits: CoreLimits;
  #sessions = new Map<string, StoredSession>();
  #rooms = new Map<RoomKey, RoomState>();
  #events: EngineEvents | undefined;
  #marksSweptAt = Number.NEGATIVE_INFINITY;

  constructor({ clock, crypto, limits }: MemoryEngineOptions) {
    this.#clock = clock;
    this.#crypto = crypto;
    this.#limits = limits;
  }

  start(events: EngineEvents): void {
    this.#events = events;
  }

  stop(): void {
    this.#events = undefined;
    this.#sessions.clear();
    this.#rooms.clear();
  }

  /** Gives everything away: from here on it holds nothing, and nobody changes what was given. */
  handOver(): MemoryState {
    const state = { sessions: this.#sessions, rooms: this.#rooms };
    this.#sessions = new Map();
    this.#rooms = new Map();
    return state;
  }

  /** A session goes on, in the rooms that are restored after it. */
  restoreSession(saved: InboxRecord): void {
    const { id, tenant, identity, device, bornAt, secretHash, sendKeyHash, attempt } = saved;
    const info = { id, tenant, identity, device, bornAt, secretHash, sendKeyHash, attempt };
    const inbox = new Inbox(saved.epoch, this.#limits);
    inbox.restore(saved);
    this.#sessions.set(id, { info, inbox, rooms: new Map(), attempt });
  }

  /** A room goes on. Throws where somebody is in it whose session was not restored before. */
  restoreRoom(saved: RoomRecord): void {
    const key = roomKey(saved.tenant, saved.name);
    const room = RoomState.restore(saved, this.#limits, this.#outletOf(key));
    for (const member of [...room.members.all(), ...room.lobby.members()]) {
      const session = this.#sessions.get(member.session.id);
      if (session === undefined) throw new Error(`the session of ${member.id} in ${saved.name} is missing`);
      session.rooms.set(key, member.id);
    }
    this.#rooms.set(key, room);
  }

  openSession(info: NewSession): void {
    const inbox = new Inbox(this.#newEpoch(), this.#limits);
    this.#sessions.set(info.id, { info, inbox, rooms: new Map(), attempt: info.attempt });
  }

  attachSession(request: AttachRequest): Attached | AttachRefusal {
    const session = this.#sessions.get(request.session);
    if (session === undefined) return refused(Reason.WINDOW_EXPIRED, 'the session has ended');
    if (!this.#crypto.equal(session.info.secretHash, request.secretHash)) {
      return refused(Reason.DENIED, 'the resume token is not that of the session');
    }
    if (session.info.identity !== request.identity || session.info.tenant !== request.tenant) {
      return refused(Reason.DENIED, 'the session belongs to another identity');
    }
    if (request.attempt < session.attempt) {
      return refused(Reason.REPLACED, `attempt ${session.attempt} owns the session`);
    }
    session.attempt = request.attempt;
    return { status: 'attached', epoch: session.inbox.epoch };
  }

  detachSession(): void {
    // The node that owns the session keeps its window; with one process there is nobody else to tell.
  }

  endSession(id: string): readonly FlaggedFrame[] {
    const unread = this.#sessions.get(id)?.inbox.unread() ?? [];
    this.#sessions.delete(id);
    return unread;
  }

  inbox(session: string): Inbox | undefined {
    return this.#sessions.get(session)?.inbox;
  }

  memberships(session: string): ReadonlyMap<RoomKey, string> {
    return this.#sessions.get(session)?.rooms ?? new Map();
  }

  append(target: string, frame: InboxFrame): AppendOutcome {
    const session = this.#sessions.get(target);
    if (session === undefined) return 'gone';
    const outcome = session.inbox.append(frame, this.#clock.now());
    if (outcome === 'appended') this.#events?.inboxChanged(target);
    return outcome;
  }

  appendOwn(target: string, body: Uint8Array): void {
    const session = this.#sessions.get(target);
    if (session === undefined) return;
    session.inbox.appendOwn(body);
    this.#events?.inboxChanged(target);
  }

  acknowledge(session: string, seq: number): readonly FlaggedFrame[] {
    return this.#sessions.get(session)?.inbox.acknowledge(seq) ?? [];
  }

  view(key: RoomKey): RoomState | undefined {
    return this.#rooms.get(key);
  }

  join(key: RoomKey, request: JoinRequest, create: RoomSettings | undefined): JoinOutcome {
    const session = this.#sessions.get(request.session.id);
    if (session === undefined) {
      return { status: 'refused', refusal: refuse(Reason.WINDOW_EXPIRED, 'the session has ended') };
    }
    let room = this.#rooms.get(key);
    if (room === undefined && create !== undefined) room = this.#newRoom(key, create);
    if (room === undefined) {
      const name = roomNameOf(key);
      const refusal = refuse(
        Reason.ROOM_NOT_FOUND,
        `there is no room ${name}, and this token may not create it`,
        {
          room: name,
        },
      );
      return { status: 'refused', refusal };
    }
    const outcome = join(room, request, this.#clock.now());
    if (outcome.status !== 'refused') session.rooms.set(key, outcome.participant);
    return outcome;
  }

  leave(key: RoomKey, session: string, removal: Removal): boolean {
    const room = this.#rooms.get(key);
    const member = room?.members.ofSession(session);
    if (room !== undefined && member !== undefined) {
      room.remove(member, removal, this.#clock.now());
      return true;
    }
    const waiting = room?.lobby.findSession(session);
    if (room === undefined || waiting === undefined) return false;
    room.lobby.take(waiting.id, room.members.moderators());
    room.expel(waiting, removal);
    return true;
  }

  remove(key: RoomKey, participant: string, removal: Removal): boolean {
    const room = this.#rooms.get(key);
    const member = room?.members.get(participant) ?? room?.lobby.find(participant);
    return member !== undefined && this.leave(key, member.session.id, removal);
  }

  setState(key: RoomKey, session: string, attempt: number, state: Participant_State): void {
    const room = this.#rooms.get(key);
    const member = room?.members.ofSession(session) ?? room?.lobby.findSession(session);
    if (room === undefined || member === undefined || attempt < member.attempt) return;
    member.attempt = attempt;
    const edit = (participant: Participant) => {
      participant.state = state;
    };
    if (room.members.get(member.id) === member) room.change(member, this.#clock.now(), edit);
    // Who waits is in no roster yet; it comes in as what it is then.
    else member.change(edit);
  }

  admit(key: RoomKey, participant: string): boolean {
    const room = this.#rooms.get(key);
    return room !== undefined && admit(room, participant, this.#clock.now());
  }

  deny(key: RoomKey, participant: string, note: string): boolean {
    const room = this.#rooms.get(key);
    return room !== undefined && deny(room, participant, note);
  }

  change(key: RoomKey, participant: string, patch: ParticipantPatch): Readonly<Participant> | undefined {
    const room = this.#rooms.get(key);
    const member = room?.members.get(participant);
    if (room === undefined || member === undefined) return undefined;
    const now = this.#clock.now();
    room.change(member, now, (next) => applyPatch(next, patch, now));
    return member.participant;
  }

  publish(key: RoomKey, message: Publication): Published | Refusal {
    const room = this.#rooms.get(key);
    if (room === undefined)
      return refuse(Reason.ROOM_NOT_FOUND, 'there is no such room', { room: roomNameOf(key) });
    return publish(room, message, this.#clock.now());
  }

  audience(key: RoomKey, audience: Audience): readonly Member[] {
    const room = this.#rooms.get(key);
    return room === undefined ? [] : audienceOf(room, audience);
  }

  ban(key: RoomKey, ban: RoomBan): boolean {
    const room = this.#rooms.get(key);
    room?.bans.set(ban);
    return room !== undefined;
  }

  liftBan(key: RoomKey, identity: string): boolean {
    return this.#rooms.get(key)?.bans.lift(identity) ?? false;
  }

  bans(key: RoomKey): readonly RoomBan[] {
    return this.#rooms.get(key)?.bans.list(this.#clock.now()) ?? [];
  }

  room(key: RoomKey): Room | undefined {
    return this.#rooms.get(key)?.info();
  }

  participant(key: RoomKey, participant: string): Readonly<Participant> | undefined {
    return this.#rooms.get(key)?.members.get(participant)?.participant;
  }

  participants(
    key: RoomKey,
    after: RosterPosition | undefined,
    limit: number,
  ): readonly Readonly<Participant>[] | undefined {
    const room = this.#rooms.get(key);
    return room === undefined ? undefined : participantsAfter(room.members.all(), after, limit);
  }

  lobby(key: RoomKey): readonly LobbyEntry[] {
    return this.#rooms.get(key)?.lobbyEntries() ?? [];
  }

  createRoom(key: RoomKey, settings: RoomSettings): { room: RoomState; created: boolean } {
    const room = this.#rooms.get(key);
    return room === undefined
      ? { room: this.#newRoom(key, settings), created: true }
      : { room, created: false };
  }

  updateRoom(key: RoomKey, patch: RoomPatch): RoomState | Refusal | undefined {
    const room = this.#rooms.get(key);
    return room === undefined ? undefined : (patchRoom(room, patch, this.#clock.now()) ?? room);
  }

  deleteRoom(key: RoomKey, reason: Reason, detail: string): boolean {
    const room = this.#rooms.get(key);
    if (room === undefined) return false;
    room.end(reason, detail);
    this.#rooms.delete(key);
    return true;
  }

  listRooms(tenant: string, prefix: string, after: string, limit: number): readonly RoomState[] {
    const start = roomKey(tenant, '');
    const rooms: RoomState[] = [];
    for (const [key, room] of this.#rooms) {
      if (key.startsWith(start) && room.name.startsWith(prefix) && room.name > after) rooms.push(room);
    }
    return rooms.sort((a, b) => (a.name < b.name ? -1 : 1)).slice(0, limit);
  }

  sweep(): void {
    const now = this.#clock.now();
    for (const [key, room] of this.#rooms) {
      room.log.expire(now);
      if (room.board.owesCount && room.board.isCountDue(now)) this.#events?.roomChanged(key);
      if (room.isOver(now)) this.deleteRoom(key, Reason.ROOM_CLOSED, 'the room has ended');
    }
    if (now - this.#marksSweptAt < marksIntervalMs) return;
    this.#marksSweptAt = now;
    const { holdMs, resumeWindowMs } = this.#limits;
    const stale = now - holdMs - resumeWindowMs - 60_000;
    const isOver = (sender: string) => !this.#sessions.has(sender);
    for (const { inbox } of this.#sessions.values()) inbox.forgetMarks(stale, isOver);
    for (const room of this.#rooms.values()) room.marks.forget(stale, isOver);
  }

  #newRoom(key: RoomKey, settings: RoomSettings): RoomState {
    const name = roomNameOf(key);
    const outlet = this.#outletOf(key);
    const room = new RoomState(name, this.#newEpoch(), settings, this.#limits, this.#clock.now(), outlet);
    this.#rooms.set(key, room);
    return room;
  }

  #newEpoch(): string {
    return `${this.#clock.now().toString(36)}.${this.#crypto.random(3)}`;
  }

  #outletOf(key: RoomKey): RoomOutlet {
    return {
      deliver: (session, frame) => this.appendOwn(session, frame),
      entered: (session, participant) => {
        this.#sessions.get(session)?.rooms.set(key, participant);
        this.#events?.membershipsChanged(session);
      },
      departed: (session) => {
        this.#sessions.get(session)?.rooms.delete(key);
        this.#events?.membershipsChanged(session);
      },
      changed: () => this.#events?.roomChanged(key),
      changedInBulk: () => this.#events?.bulkChanged(key),
      lossy: (frame) => this.#events?.lossy(key, frame),
    };
  }
}

function refused(reason: Reason, detail: string): AttachRefusal {
  return { status: 'refused', reason, detail };
}
