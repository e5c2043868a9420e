import type { LobbyEntry, Participant, Participant_State } from '../../gen/signalbox/v1/participant_pb.ts';
import type { Reason } from '../../gen/signalbox/v1/reason_pb.ts';
import type { Room, RoomSettings } from '../../gen/signalbox/v1/room_pb.ts';
import type { Eventually } from './eventually.ts';
import type { KeyedValue } from './keyed-table.ts';
import type { Refusal } from './refusal.ts';
import type { JoinOutcome, JoinRequest } from './room/admission.ts';
import type { RoomBan } from './room/bans.ts';
import type { Member } from './room/member.ts';
import type { Audience } from './room/messages.ts';
import type { ParticipantPatch } from './room/participant-patch.ts';
import type { Publication, Published } from './room/publication.ts';
import type { RoomEntry } from './room/room-log.ts';
import type { RoomPatch } from './room/room-patch.ts';
import type { Removal, RoomState } from './room/room-state.ts';
import type { RosterPosition } from './room/roster-page.ts';
import type { RoomSnapshot } from './room/snapshot.ts';
import type { RoomKey } from './room-key.ts';
import type { MemoryPool } from './wire/memory-pool.ts';

/**
 * The port to the store: it holds the logs (session inboxes, room logs, keyed tables) and the rooms. One contract test
 * covers all implementations (`test/engine/contract.ts`).
 *
 * An operation takes effect once, some time between its call and its answer. Those under way at the same time take effect in
 * any order, also on one log: where the core needs an order it waits for the answer (`test/model` holds it to that).
 * Writes are idempotent by (log, sender, seq). Reads of the hot path are synchronous, from a view that the engine keeps
 * true on this node; `EngineEvents` tell when a view has something new.
 */
export interface Engine {
  /** Called once, before anything else. */
  start(events: EngineEvents): Eventually<void>;
  stop(): Eventually<void>;

  openSession(session: NewSession): Eventually<void>;
  /** Takes the session over for this node and this attempt. */
  attachSession(attach: AttachRequest): Eventually<Attached | AttachRefusal>;
  /** The session's connection is lost; it ends at `dueAt`. Ignored when a later attempt owns the session. */
  detachSession(session: string, attempt: number, dueAt: number): Eventually<void>;
  /**
   * The session is over: its inbox is dropped. Its memberships were ended before. Returns those who want to know of what was
   * not read.
   */
  endSession(session: string): Eventually<readonly FlaggedFrame[]>;
  /** The session's inbox, as far as this node knows it: the same view for as long as the session lives. */
  inbox(session: string): InboxView | undefined;
  /** Rooms in which the session is, or waits. */
  memberships(session: string): ReadonlyMap<RoomKey, string>;
  /** Appends a frame to the target's inbox. */
  append(target: string, frame: InboxFrame): Eventually<AppendOutcome>;
  /** Appends a frame of the gateway's own (a refusal, a receipt) to the session's inbox, whatever its bounds. */
  appendOwn(target: string, body: Uint8Array): Eventually<void>;
  /** The client has processed frames up to `seq`: they are dropped. Returns those whose senders want to know. */
  acknowledge(session: string, seq: number): readonly FlaggedFrame[];

  /** The room as this node sees it; undefined when there is none. */
  view(key: RoomKey): RoomView | undefined;
  /** Joins; `create` holds the settings of the room that is made where there is none, undefined forbids that. */
  join(key: RoomKey, request: JoinRequest, create: RoomSettings | undefined): Eventually<JoinOutcome>;
  /** Leaves, or stops waiting. False: the session was neither. */
  leave(key: RoomKey, session: string, removal: Removal): Eventually<boolean>;
  /** Removes a participant, or turns somebody in the lobby away. False: there is none of that id. */
  remove(key: RoomKey, participant: string, removal: Removal): Eventually<boolean>;
  /** ACTIVE or AWAY; ignored when `attempt` is older than the one that set the state. */
  setState(key: RoomKey, session: string, attempt: number, state: Participant_State): Eventually<void>;
  admit(key: RoomKey, participant: string): Eventually<boolean>;
  deny(key: RoomKey, participant: string, note: string): Eventually<boolean>;
  /** Changes a participant; undefined when there is none of that id. */
  change(
    key: RoomKey,
    participant: string,
    patch: ParticipantPatch,
  ): Eventually<Readonly<Participant> | undefined>;
  publish(key: RoomKey, message: Publication): Eventually<Published | Refusal>;
  /** The members that a message to some is for. */
  audience(key: RoomKey, audience: Audience): Eventually<readonly Member[]>;
  ban(key: RoomKey, ban: RoomBan): Eventually<boolean>;
  liftBan(key: RoomKey, identity: string): Eventually<boolean>;
  bans(key: RoomKey): Eventually<readonly RoomBan[]>;

  /** The room with its counts, as of now; undefined when there is none. */
  room(key: RoomKey): Eventually<Room | undefined>;
  /** A participant, whoever may see it; undefined when there is none of that id. */
  participant(key: RoomKey, participant: string): Eventually<Readonly<Participant> | undefined>;
  /** At most `limit` participants behind `after` in order of joining, hidden ones too; undefined when there is no room. */
  participants(
    key: RoomKey,
    after: RosterPosition | undefined,
    limit: number,
  ): Eventually<readonly Readonly<Participant>[] | undefined>;
  /** Those who wait to be let in, in order of arrival. */
  lobby(key: RoomKey): Eventually<readonly LobbyEntry[]>;

  createRoom(key: RoomKey, settings: RoomSettings): Eventually<{ room: RoomState; created: boolean }>;
  /** Changes a room, or nothing at all; undefined when there is none. */
  updateRoom(key: RoomKey, patch: RoomPatch): Eventually<RoomState | Refusal | undefined>;
  /** Ends the room for all. False: there was none. */
  deleteRoom(key: RoomKey, reason: Reason, detail: string): Eventually<boolean>;
  /** Rooms of the tenant whose name is above `after` and begins with `prefix`, in order of name. */
  listRooms(tenant: string, prefix: string, after: string, limit: number): Eventually<readonly RoomState[]>;

  /** Whatever falls due with time. Called about once a second. */
  sweep(): Eventually<void>;
}

/** What an engine tells the node. Calls come from within an operation or between two; they must not block. */
export interface EngineEvents {
  /** The inbox of a session of this node has something to read. */
  inboxChanged(session: string): void;
  /** A room has something to read. */
  roomChanged(key: RoomKey): void;
  /** The same, and all that is new are LATEST values and COUNTED totals: under load readers may be told of several at once. */
  bulkChanged(key: RoomKey): void;
  /** A LOSSY frame for the members of a room that can be written right now. */
  lossy(key: RoomKey, frame: Uint8Array): void;
  /** `memberships` of the session changed otherwise than by its own join or leave. */
  membershipsChanged(session: string): void;
}

export interface NewSession {
  readonly id: string;
  readonly identity: string;
  readonly tenant: string;
  readonly device: string;
  readonly bornAt: number;
  /** SHA-256 of the resume secret and of the send key. */
  readonly secretHash: string;
  readonly sendKeyHash: string;
  readonly attempt: number;
}

export interface AttachRequest {
  readonly session: string;
  readonly secretHash: string;
  /** Identity and tenant of the token that came with the Hello; the session is bound to them. */
  readonly identity: string;
  readonly tenant: string;
  readonly attempt: number;
}

export interface Attached {
  readonly status: 'attached';
  readonly epoch: string;
}

export interface AttachRefusal {
  readonly status: 'refused';
  readonly reason: Reason;
  readonly detail: string;
}

/** A frame for somebody's inbox. */
export interface InboxFrame {
  /** Session of the sender, and the seq of its frame: the same frame is appended once. */
  readonly sender: string;
  readonly senderSeq: number;
  /** Encoded ServerFrame without seq and ack. Owned by the log from now on. */
  readonly body: Uint8Array;
  /** Where `body` may go back to when nobody reads it any more. */
  readonly pool?: MemoryPool;
  readonly wantReceipt: boolean;
}

/** `gone`: no such session; `overflow`: the inbox is full, also when the same frame comes again. */
export type AppendOutcome = 'appended' | 'duplicate' | 'overflow' | 'gone';

/** An acknowledged frame whose sender asked for a receipt. */
export interface FlaggedFrame {
  readonly sender: string;
  readonly senderSeq: number;
}

export interface InboxEntry {
  readonly body: Uint8Array;
  readonly size: number;
}

export interface InboxView {
  readonly epoch: string;
  readonly lo: number;
  readonly hi: number;
  readonly bytes: number;
  at(seq: number): InboxEntry | undefined;
}

/** What lanes read of a room. */
export interface RoomView {
  readonly name: string;
  readonly epoch: string;
  /** Rosters are shown differently since this offset: cursors below it need a snapshot. */
  readonly rosterFloor: number;
  readonly hasHubs: boolean;
  /** Whether the rosters of others show the member; what changes in one that they do not show is a count, at the most. */
  shows(member: Member): boolean;
  readonly log: { readonly lo: number; readonly hi: number; at(offset: number): RoomEntry | undefined };
  readonly board: {
    readonly version: number;
    readonly floor: number;
    since(version: number): readonly KeyedValue[];
    /** Brings totals and counts up to date; called once a tick before reading. */
    settle(now: number): void;
  };
  readonly members: {
    get(participant: string): Member | undefined;
    ofSession(session: string): Member | undefined;
    hasLeft(participant: string): boolean;
  };
  snapshot(member: Member, history: number, since: number | undefined): RoomSnapshot;
}
