import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { timestampFromMs } from '@bufbuild/protobuf/wkt';
import type { RoomRecord, RoomRecordSchema } from '../../../gen/signalbox/state/v1/state_pb.ts';
import type { LobbyEntry, Participant } from '../../../gen/signalbox/v1/participant_pb.ts';
import { Reason } from '../../../gen/signalbox/v1/reason_pb.ts';
import {
  Recording,
  type Room,
  RoomSchema,
  type RoomSettings,
  RoomUpdatedSchema,
  RoomSettings_Topology as Topology,
} from '../../../gen/signalbox/v1/room_pb.ts';
import type { CoreLimits } from '../limits.ts';
import { SenderMarks } from '../sender-marks.ts';
import { encodeBody } from '../server-frame.ts';
import { Bans } from './bans.ts';
import { Board } from './board.ts';
import { Hubs } from './hubs.ts';
import { Lobby } from './lobby.ts';
import { LossyRate } from './lossy-rate.ts';
import type { Member } from './member.ts';
import { Members } from './members.ts';
import type { RoomOutlet } from './outlet.ts';
import { encodeLeft, encodeRosterChange, type RosterChange } from './room-frames.ts';
import { type CatchUp, RoomLog } from './room-log.ts';
import { resolveSettings } from './settings.ts';
import { encodeSnapshot, type RoomSnapshot } from './snapshot.ts';

/** Why somebody goes, and what it is told. */
export interface Removal {
  readonly reason: Reason;
  /** Participant id that takes its place, or ''. */
  readonly replacedBy?: string;
  /** English, for developers, or a moderator's note. */
  readonly detail?: string;
  /** MOVED: where to, and the token for it. */
  readonly movedTo?: string;
  readonly token?: string;
}

/**
 * One room: who is in it, what was said in it, who may come in. Pure: time comes with each call, and what happens
 * outside goes through the outlet. What the pieces own: `Members` who is here, `RoomLog` what happened, `Board` what is
 * shown beside it, `Hubs` who is whose hub, `Lobby` who waits. Joining is in `admission`, messages in `messages`.
 */
export class RoomState {
  readonly name: string;
  readonly epoch: string;
  readonly createdAt: number;
  readonly limits: CoreLimits;
  readonly outlet: RoomOutlet;
  readonly members = new Members();
  readonly log: RoomLog;
  readonly board: Board;
  readonly hubs: Hubs;
  readonly lobby: Lobby;
  readonly bans = new Bans();
  /** What each session was heard to say here: a frame that comes again is a duplicate. */
  readonly marks = new SenderMarks();
  readonly #lossyRate = new LossyRate();
  #settings: RoomSettings;
  #locked = false;
  #recording: Recording = Recording.OFF;
  #version = 1;
  #rosterFloor = 0;
  #lastOrdinal = 0;
  /** Since when nobody is here, in milliseconds. */
  #emptySince: number;
  #everJoined = false;

  constructor(
    name: string,
    epoch: string,
    settings: RoomSettings,
    limits: CoreLimits,
    now: number,
    outlet: RoomOutlet,
  ) {
    this.name = name;
    this.epoch = epoch;
    this.createdAt = now;
    this.limits = limits;
    this.outlet = outlet;
    this.log = new RoomLog(limits);
    this.board = new Board(name, limits, () => this.members.counted);
    this.hubs = new Hubs(name, outlet);
    this.lobby = new Lobby(name, outlet);
    this.#settings = settings;
    this.#emptySince = now;
  }

  /** Goes on from the state file. */
  static restore(saved: RoomRecord, limits: CoreLimits, outlet: RoomOutlet): RoomState {
    const settings = saved.settings ?? resolveSettings();
    const room = new RoomState(saved.name, saved.epoch, settings, limits, saved.createdAt, outlet);
    if (saved.log !== undefined) room.log.restore(saved.log);
    if (saved.board !== undefined) room.board.restore(saved.board);
    room.members.restore(saved);
    room.hubs.restore(saved.hubs, room.members.all());
    room.lobby.restore(saved.lobby);
    for (const { identity, until, note } of saved.bans) room.bans.set({ identity, until, note });
    room.marks.restore(saved.marks);
    room.#locked = saved.locked;
    room.#recording = saved.recording;
    room.#version = saved.version;
    room.#rosterFloor = saved.rosterFloor;
    room.#lastOrdinal = saved.lastOrdinal;
    room.#emptySince = saved.emptySince;
    room.#everJoined = saved.everJoined;
    return room;
  }

  /** For the state file; the tenant is in the room's key. */
  save(now: number): MessageInitShape<typeof RoomRecordSchema> {
    return {
      ...{ name: this.name, epoch: this.epoch, createdAt: this.createdAt, settings: this.#settings },
      ...{ locked: this.#locked, recording: this.#recording, version: this.#version },
      ...{ rosterFloor: this.#rosterFloor, lastOrdinal: this.#lastOrdinal },
      ...{ emptySince: this.#emptySince, everJoined: this.#everJoined },
      ...this.members.save(),
      log: this.log.save(),
      board: this.board.save(now),
      hubs: this.hubs.save(),
      lobby: this.lobby.save(),
      bans: this.bans.save(),
      marks: this.marks.save(),
    };
  }

  get settings(): Readonly<RoomSettings> {
    return this.#settings;
  }

  get locked(): boolean {
    return this.#locked;
  }

  get version(): number {
    return this.#version;
  }

  /** Rosters are shown differently since this offset: cursors below it need a snapshot. */
  get rosterFloor(): number {
    return this.#rosterFloor;
  }

  get hasHubs(): boolean {
    return this.#settings.topology === Topology.HUB;
  }

  shows(member: Member): boolean {
    return member.isShown(this.#settings.presence);
  }

  /** The order of joining: never restarts, not even when the store is wiped, as it follows the clock. */
  nextOrdinal(now: number): number {
    const tenths = Math.floor((now - Date.UTC(2026, 0, 1)) / 100);
    this.#lastOrdinal = Math.max(this.#lastOrdinal + 1, tenths);
    return this.#lastOrdinal;
  }

  /** Whether the room has been empty for as long as its settings keep it, or has ended. */
  isOver(now: number): boolean {
    const { endsAt, emptyTimeout, departureTimeout } = this.#settings;
    if (endsAt !== undefined && Number(endsAt.seconds) * 1000 <= now) return true;
    if (this.members.size > 0 || this.lobby.size > 0) return false;
    const timeout = this.#everJoined ? departureTimeout : emptyTimeout;
    const fallback = this.#everJoined ? 60_000 : 300_000;
    const keep = timeout === undefined ? fallback : Number(timeout.seconds) * 1000 + timeout.nanos / 1e6;
    return now - this.#emptySince >= keep;
  }

  /** A member comes in: everybody who may see it is told. */
  enter(member: Member, now: number): void {
    this.#everJoined = true;
    this.members.add(member);
    if (this.hasHubs) {
      if (member.isHub) this.hubs.open(member, this.members.all());
      else this.hubs.assign(member);
    }
    this.outlet.entered(member.session.id, member.id);
    this.#tell(member, now, { joined: [member.encoded] });
    if (member.moderates) this.lobby.showTo(member);
  }

  /** A member goes: the others are told, and, unless it left by itself, the member. */
  remove(member: Member, removal: Removal, now: number): void {
    this.members.remove(member, removal.reason);
    this.hubs.release(member);
    if (member.isHub) this.hubs.close(member, this.members.all());
    if (this.members.size === 0) this.#emptySince = now;
    const { reason, replacedBy = '' } = removal;
    this.#tell(member, now, { left: { id: member.id, reason, replacedBy } });
    this.expel(member, removal);
  }

  /** Tells a session that it is neither a member nor waiting. */
  expel(member: Member, { reason, detail = '', movedTo = '', token = '' }: Removal): void {
    this.outlet.departed(member.session.id);
    const left = encodeLeft({ room: this.name, reason, detail, movedTo, token });
    this.outlet.deliver(member.session.id, left);
  }

  /** Changes a member and tells those who may see it, before or after. No change: nobody is told. */
  change(member: Member, now: number, edit: (participant: Participant) => void): void {
    const wasShown = this.shows(member);
    const wasHidden = member.hidden;
    const wasHub = member.isHub;
    const moderated = member.moderates;
    if (!this.members.change(member, edit)) return;
    if (this.hasHubs && wasHub !== member.isHub) {
      if (member.isHub) this.hubs.open(member, this.members.all());
      else this.hubs.close(member, this.members.all());
    }
    if (!moderated && member.moderates) this.lobby.showTo(member);
    const isShown = this.shows(member);
    const { encoded } = member;
    if (isShown) this.#append(wasShown ? { updated: encoded } : { joined: [encoded] }, now);
    else if (wasShown) this.#append({ left: { id: member.id, reason: Reason.LEFT } }, now);
    // Who is shown to nobody still learns what it may do.
    else this.#deliverTo(member, { updated: encoded });
    if (wasHidden !== member.hidden) this.#tellCount(now);
  }

  changeSettings(settings: RoomSettings, now: number): void {
    const reshown = settings.presence !== this.#settings.presence;
    const rewired = settings.topology !== this.#settings.topology;
    this.#settings = settings;
    if (rewired && this.hasHubs) this.hubs.openAll(this.members.all());
    else if (rewired) this.hubs.closeAll(this.members.all());
    this.#updated(now);
    if (reshown || rewired) this.#rosterFloor = this.log.hi;
  }

  setLocked(locked: boolean, now: number): void {
    if (locked === this.#locked) return;
    this.#locked = locked;
    this.#updated(now);
  }

  setRecording(recording: Recording, now: number): void {
    if (recording === this.#recording) return;
    this.#recording = recording;
    this.#updated(now);
  }

  /** Everybody goes. The room is over after this. */
  end(reason: Reason, detail: string): void {
    for (const id of this.lobby.ids()) {
      const waiting = this.lobby.take(id, []);
      if (waiting !== undefined) this.expel(waiting, { reason, detail });
    }
    for (const member of [...this.members.all()]) {
      this.members.remove(member, reason);
      this.expel(member, { reason, detail });
    }
  }

  info(): Room {
    return create(RoomSchema, this.#info());
  }

  lobbyEntries(): LobbyEntry[] {
    return this.lobby.entries();
  }

  /** Whether one more LOSSY message goes out now. */
  takesLossy(now: number): boolean {
    return this.#lossyRate.take(this.#settings.maxLossyPerSecond || this.limits.lossyPerSecond, now);
  }

  /**
   * Joined (and pages) for a member. `since` is its cursor where it had one: then the history holds what it has not read,
   * as its cursor jumps over it.
   */
  snapshot(member: Member, history: number, since: number | undefined): RoomSnapshot {
    const others: Member[] = [];
    for (const other of this.members.shown(this.#settings.presence)) if (other !== member) others.push(other);
    const { messages, missed } = since === undefined ? nothingMissed : this.log.catchUp(since);
    const asked = this.log.history(history);
    return encodeSnapshot(
      {
        room: this.#info(),
        epoch: this.epoch,
        offset: this.log.hi,
        version: this.board.version,
        count: this.members.counted,
        self: member,
        others,
        missedMessages: missed,
        retained: this.board.values(),
        history: asked.length > messages.length ? asked : messages,
      },
      this.limits.rosterPage,
    );
  }

  #info() {
    return {
      ...this.#publicInfo(),
      count: this.members.counted,
      countByRole: this.members.countByRole(),
    };
  }

  #publicInfo() {
    return {
      name: this.name,
      epoch: this.epoch,
      settings: this.#settings,
      createdAt: timestampFromMs(this.createdAt),
      locked: this.#locked,
      recording: this.#recording,
      version: this.#version,
    };
  }

  #updated(now: number): void {
    this.#version += 1;
    const value = create(RoomUpdatedSchema, {
      info: create(RoomSchema, this.#publicInfo()),
      offset: this.log.hi + 1,
    });
    this.log.append(encodeBody({ case: 'roomUpdated', value }), now);
    this.outlet.changed();
  }

  #tell(member: Member, now: number, change: RosterChange): void {
    if (this.shows(member)) this.#append(change, now);
    else if (!member.hidden) this.#tellCount(now);
  }

  /** One that is not due yet changes nothing for its readers: they are not looked at for it. */
  #tellCount(now: number): void {
    this.board.oweCount();
    if (this.board.isCountDue(now)) this.outlet.changed();
  }

  #append(change: RosterChange, now: number): void {
    const where = { offset: this.log.hi + 1, count: this.members.counted };
    this.log.append(encodeRosterChange(this.name, { ...where, ...change }), now);
    this.board.countIsInLog();
    this.outlet.changed();
  }

  #deliverTo(member: Member, change: RosterChange): void {
    // Without the count: it would stand in the inbox while newer ones go by beside it.
    this.outlet.deliver(member.session.id, encodeRosterChange(this.name, change));
  }
}

const nothingMissed: CatchUp = { messages: [], missed: false };
