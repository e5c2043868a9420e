import type { Emitter } from './emitter.ts';
import type { DataMessage, SendOptions, Sent } from './message.ts';
import type { Moderation, ModerationNotice } from './moderation.ts';
import type { Participant, Track } from './participant.ts';
import type { RoomInfo } from './room-info.ts';
import type { Session } from './session.ts';
import type { IncomingSignal, OutgoingSignal, Receipt } from './signal.ts';
import type { Reason, SetupStage } from './vocabulary.ts';

/** A participant that went. */
export interface Departure {
  readonly id: string;
  /** As it was last seen. */
  readonly participant: Participant;
  readonly reason: Reason;
  /** Id of the participant that took its place: keep the connection with it. Else ''. */
  readonly replacedBy: string;
}

/** Somebody who waits to be let in. */
export interface LobbyEntry {
  /** For `moderate.admit` and `moderate.deny`. */
  readonly id: string;
  readonly participant: Participant;
  readonly knock: string;
}

/** The room was brought up to date by other means than one event after the other. */
export interface RoomResync {
  /**
   * 'snapshot': this client fell behind; the roster was compared and told as events.
   * 'rejoined': the session was lost and the room joined again: `self.id` is new.
   * 'inbox': signals may be missing: renegotiate every connection that is not connected.
   */
  readonly cause: 'snapshot' | 'rejoined' | 'inbox';
  /** Messages of the room may have been missed. */
  readonly missedMessages: boolean;
  /** With 'rejoined': the id before. Else ''. */
  readonly previousId: string;
}

/** This client is out of the room. */
export interface RoomClosed {
  /** 'left', 'removed', 'replaced', 'moved', 'room_closed', or why a join or rejoin was refused. */
  readonly reason: Reason;
  readonly detail: string;
  /** With 'moved': the room to join. Else ''. */
  readonly movedTo: string;
  /** With 'moved': a token for it. Else ''. */
  readonly token: string;
}

/**
 * Events of a room. The properties of the room are true before an event tells of the change; of one change of the roster
 * all 'left' come before all 'joined'. `message` and `signal` are kept for their first listener (the newest 256 each).
 */
export interface RoomEvents {
  joined: Participant;
  left: Departure;
  /** Another participant's entry changed, or the own one (then it is `room.self`). */
  participantChanged: Participant;
  /** `room.count` changed. */
  count: number;
  /** The own messages are among them, as the gateway ordered them. */
  message: DataMessage;
  /** From another participant; for PeerMesh. */
  signal: IncomingSignal;
  roomChanged: RoomInfo;
  /** The hub chosen for this client changed; undefined: there is none now. Its entry may join the roster later. */
  hub: string | undefined;
  moderation: ModerationNotice;
  /** To moderators: who waits changed, see `room.lobby`. */
  lobby: ReadonlyMap<string, LobbyEntry>;
  resync: RoomResync;
  /** Last event. */
  closed: RoomClosed;
}

/** A change of the own roster entry: what is absent stays. */
export interface ParticipantChange {
  readonly name?: string;
  /** null removes a key. */
  readonly attributes?: Readonly<Record<string, string | null>>;
  readonly handRaised?: boolean;
  /** Tracks to add or replace, by id. */
  readonly tracks?: readonly Track[];
  /** Ids of tracks to remove. */
  readonly dropTracks?: readonly string[];
}

/** How a call set-up goes, for the operator's funnel. */
export interface SetupReport {
  /** Participant id of the peer. */
  readonly peer: string;
  readonly connectionId: string;
  readonly stage: SetupStage;
  /** Since the set-up began. */
  readonly elapsedMs: number;
  /** English, for operators; at most 256 bytes. */
  readonly detail?: string;
  readonly localCandidateType?: string;
  readonly remoteCandidateType?: string;
  readonly rttMs?: number;
  readonly lossPermille?: number;
}

/**
 * A room that this client is in. It survives lost connections, and lost sessions too: then it is joined again by itself,
 * under a new `self.id`. Calls reject with SignalboxError.
 */
export interface Room extends Emitter<RoomEvents> {
  readonly name: string;
  /** The session that joined it. */
  readonly session: Session;
  readonly self: Participant;
  /** The others that the presence mode shows, by id. */
  readonly participants: ReadonlyMap<string, Participant>;
  /** Participants in the room, this one included, shown or not; hidden ones are not counted. */
  readonly count: number;
  readonly info: RoomInfo;
  /** The newest 'latest' values and 'counted' totals, by `type` + '\n' + `key`. */
  readonly retained: ReadonlyMap<string, DataMessage>;
  /** With JoinOptions.history: the messages before the join, oldest first. */
  readonly history: readonly DataMessage[];
  /** 'hub' rooms: the hub chosen for this client, as soon as the roster has it. */
  readonly hub: Participant | undefined;
  /** To moderators: who waits, by id. */
  readonly lobby: ReadonlyMap<string, LobbyEntry>;
  /** True after 'closed'. */
  readonly closed: boolean;
  /** The page before was in this room already (`keepSession: 'tab'`): the others may hold connections to that page. */
  readonly restored: boolean;
  /**
   * Sends a message. Resolves when the gateway has it: with a reliable message to the room, when its echo came back;
   * 'lossy' at once, also where it is dropped. Waits while 256 frames or 1 MiB are unacknowledged.
   * Rejects: the gateway's refusal; 'outcome_unknown' when the session was lost first.
   */
  send(type: string, content: string | Uint8Array, options?: SendOptions): Promise<Sent>;
  /** Adds to a total that all see ('counted'). Calls are summed for 100 ms and while the last sum is on its way. */
  addCount(type: string, key: string, by?: number): void;
  /** Sends one step of a negotiation to a participant, or to the hub that the gateway chose. */
  signal(to: Participant | string, signal: OutgoingSignal): Promise<Receipt>;
  /** Changes the own roster entry. Resolves when the gateway has it; the roster event follows. */
  update(change: ParticipantChange): Promise<void>;
  /** Sets the message that is sent to the room should this session be lost; undefined: none. */
  setWill(type: string, content: string | Uint8Array | undefined): Promise<void>;
  /** Tells the gateway's operator how a call set-up goes. Never answered, dropped when not connected. */
  report(report: SetupReport): void;
  readonly moderate: Moderation;
  /** Resolves when the gateway has it. Never rejects: a room that is lost is left. */
  leave(): Promise<void>;
}
