import type {
  Joined,
  LobbyDelta,
  ModerationNotice,
  Origin,
  RoomUpdated,
  RosterDelta,
  ServerFrame,
  DataMessage as WireDataMessage,
  Signal as WireSignal,
} from './codec/messages.ts';
import type { LiveEmitter } from './emitter.ts';
import type { DataMessage } from './message.ts';
import { messageFromWire } from './message.ts';
import type { Logger } from './options.ts';
import type { Participant } from './participant.ts';
import { participantFromWire } from './participant.ts';
import type { LobbyEntry, RoomEvents } from './room.ts';
import type { RoomInfo } from './room-info.ts';
import { roomInfoFromWire } from './room-info.ts';
import { RoomLog } from './room-log.ts';
import type { RosterChange } from './roster.ts';
import { Roster } from './roster.ts';
import { signalFromWire } from './signal.ts';
import { moderationActions } from './vocabulary.ts';

/** What a room looks like, kept true from the gateway's frames, and the events that tell of changes. */
export class RoomView {
  readonly #name: string;
  readonly #events: LiveEmitter<RoomEvents>;
  readonly #logger: Logger;
  readonly #echoed: (origin: Origin) => void;
  readonly #log = new RoomLog();
  readonly #lobby = new Map<string, LobbyEntry>();
  #roster: Roster | undefined;
  #info: RoomInfo;
  #hub = '';
  #history: readonly DataMessage[] = [];

  /** `echoed` hears of own reliable messages that came back. */
  constructor(
    name: string,
    events: LiveEmitter<RoomEvents>,
    logger: Logger,
    echoed: (origin: Origin) => void,
  ) {
    this.#name = name;
    this.#events = events;
    this.#logger = logger;
    this.#echoed = echoed;
    this.#info = roomInfoFromWire(name, undefined);
  }

  /** Undefined before the first snapshot. */
  get self(): Participant | undefined {
    return this.#roster?.self;
  }

  get participants(): ReadonlyMap<string, Participant> {
    return this.#roster?.participants ?? new Map();
  }

  get count(): number {
    return this.#roster?.count ?? 0;
  }

  get info(): RoomInfo {
    return this.#info;
  }

  get retained(): ReadonlyMap<string, DataMessage> {
    return this.#log.retained;
  }

  get history(): readonly DataMessage[] {
    return this.#history;
  }

  get hub(): Participant | undefined {
    return this.#hub === this.self?.id ? this.self : this.participants.get(this.#hub);
  }

  get lobby(): ReadonlyMap<string, LobbyEntry> {
    return this.#lobby;
  }

  /** The roster is whole. */
  get complete(): boolean {
    return this.#roster?.complete ?? false;
  }

  /** How far the room was read. */
  get position() {
    // Where pages of a snapshot are missing, no epoch asks for a new one.
    return { room: this.#name, ...this.#log.position, ...(!this.complete && { epoch: '' }) };
  }

  /** The first snapshot, or one that brings this view up to date. `previousId`: own id in a session that was lost, or ''. */
  snapshot(joined: Joined, previousId: string): void {
    const before = this.#roster;
    const roster = before ?? new Roster(joined);
    const change = before?.reset(joined);
    this.#roster = roster;
    this.#info = roomInfoFromWire(this.#name, joined.info);
    const read = this.#log.restart(joined, roster.self.id);
    if (change === undefined) {
      this.#hub = joined.hub;
      this.#history = read.history;
      return;
    }
    this.#tell(change);
    this.#setHub(joined.hub);
    for (const message of read.news) this.#events.emit('message', message);
    this.#events.emit('roomChanged', this.#info);
    const rejoined = previousId !== '';
    this.#events.emit('resync', {
      cause: rejoined ? 'rejoined' : 'snapshot',
      missedMessages: joined.missedMessages || (rejoined && !read.reaches),
      previousId,
    });
  }

  /** A frame about the room, other than those of joining and leaving. */
  frame({ body, origin }: ServerFrame): void {
    switch (body.case) {
      case 'rosterDelta':
        this.#rosterDelta(body.value);
        break;
      case 'roomUpdated':
        this.#roomUpdated(body.value);
        break;
      case 'message':
        if (origin !== undefined) this.#message(body.value, origin);
        break;
      case 'signal':
        if (origin !== undefined) this.#signal(body.value, origin);
        break;
      case 'moderationNotice':
        this.#moderated(body.value);
        break;
      case 'lobbyDelta':
        this.#lobbyChanged(body.value);
        break;
    }
  }

  #rosterDelta(delta: RosterDelta): void {
    if (this.#roster === undefined || !this.#log.takeDelta(delta)) return;
    this.#tell(this.#roster.apply(delta));
    if (delta.hub !== undefined) this.#setHub(delta.hub);
  }

  #roomUpdated({ offset, info }: RoomUpdated): void {
    if (!this.#log.takeOffset(offset)) return;
    // Updates come without counts.
    this.#info = { ...roomInfoFromWire(this.#name, info), countByRole: this.#info.countByRole };
    this.#events.emit('roomChanged', this.#info);
  }

  #message(wire: WireDataMessage, origin: Origin): void {
    const message = messageFromWire(wire, origin, this.self?.id ?? '');
    if (!this.#log.takeMessage(message, origin.version)) return;
    if (message.own && message.delivery === 'reliable' && !message.direct) this.#echoed(origin);
    this.#events.emit('message', message);
  }

  #signal(wire: WireSignal, origin: Origin): void {
    const signal = signalFromWire(wire, origin);
    if (signal === undefined) this.#logger.warn('a signal of a kind that this version does not know');
    else this.#events.emit('signal', signal);
  }

  #moderated(notice: ModerationNotice): void {
    const { moderator, argument, note, trackIds } = notice;
    const action = moderationActions.word(notice.action);
    if (action !== 'unknown')
      this.#events.emit('moderation', { action, moderator, argument, note, trackIds });
  }

  #lobbyChanged(delta: LobbyDelta): void {
    for (const id of delta.gone) this.#lobby.delete(id);
    for (const { participant: wire, knock } of delta.waiting) {
      const participant = wire && participantFromWire(wire);
      if (participant !== undefined)
        this.#lobby.set(participant.id, { id: participant.id, participant, knock });
    }
    this.#events.emit('lobby', this.#lobby);
  }

  #tell(change: RosterChange): void {
    for (const departure of change.left) this.#events.emit('left', departure);
    for (const participant of change.joined) this.#events.emit('joined', participant);
    for (const participant of change.changed) this.#events.emit('participantChanged', participant);
    if (change.countChanged) this.#events.emit('count', this.count);
  }

  #setHub(id: string): void {
    if (id === this.#hub) return;
    this.#hub = id;
    this.#events.emit('hub', id === '' ? undefined : id);
  }
}
