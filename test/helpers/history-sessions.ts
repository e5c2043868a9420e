import type { ClientHistory, Destination, HistoryEvent, Timed } from './history.ts';

/** A frame of a client. */
export interface SentFrame {
  /** Who sent it: a copied secret gives a session a second client. */
  readonly client: string;
  readonly session: string;
  readonly seq: number;
  readonly to: Destination;
  readonly text: string;
  readonly wantReceipt: boolean;
}

/** A frame that reached an application. */
export interface Delivery {
  readonly client: string;
  /** The receiver's. */
  readonly session: string;
  /** The receiver's room for messages; '' for signals. */
  readonly room: string;
  readonly sender: string;
  readonly senderSeq: number;
  readonly text: string;
}

/** Who a participant is. */
export interface Identity {
  readonly client: string;
  readonly session: string;
  readonly room: string;
}

/** What the sender of one session was told. */
export interface SessionRecord {
  readonly client: string;
  readonly id: string;
  readonly sent: SentFrame[];
  /** By seq of the frame: the places in the inbox where its Errors stand. Who copied the session reads them as well. */
  readonly errors: Map<number, Set<number>>;
  /** Frames that an answer of SendFrames says to be refused. */
  readonly refused: Set<number>;
  /** By seq of the frame: its receipts, by their places in the inbox. */
  readonly receipts: Map<number, Map<number, boolean>>;
  acked: number;
  /** The same, without the answers of SendFrames. */
  ackedByLane: number;
  /** Clients that hold it at the end of the history: they neither gave it up nor had it replaced by a fresh one. */
  readonly holders: Set<string>;
  /** Rooms of which it was told that it missed messages. */
  readonly missed: Set<string>;
  /** Its inbox may have lost frames, and the client was told so. */
  resynced: boolean;
  /** By room: the newest frame that was sent before the client learned that it is out of the room. */
  readonly leftBehind: Map<string, number>;
  /** Participants that were seen to leave, or to be absent from a later snapshot. */
  readonly goneForIt: Set<string>;
}

/** A history, sorted by sessions and participants. */
export interface Sessions {
  readonly sessions: ReadonlyMap<string, SessionRecord>;
  readonly participants: ReadonlyMap<string, Identity>;
  /** By the receiver's client, in the order of arrival. */
  readonly deliveries: ReadonlyMap<string, readonly Delivery[]>;
}

/** Puts together who was who, what was sent and what came. Frames that came a second time are left to `history-inbox`. */
export function indexSessions(histories: readonly ClientHistory[]): Sessions {
  const sessions = new Map<string, SessionRecord>();
  const participants = new Map<string, Identity>();
  const deliveries = new Map<string, readonly Delivery[]>();
  for (const { client, events } of histories) {
    deliveries.set(client, new Reader(client, sessions, participants).read(events));
  }
  return { sessions, participants, deliveries };
}

/** The session of a participant; the id says it of one that never learned that it was in. */
export function sessionOf(participant: string, known: Sessions['participants']): string {
  return known.get(participant)?.session ?? participant.split('.')[1] ?? '';
}

class Reader {
  readonly #client: string;
  readonly #sessions: Map<string, SessionRecord>;
  readonly #participants: Map<string, Identity>;
  readonly #deliveries: Delivery[] = [];
  readonly #rosters = new Map<string, Set<string>>();
  #session: SessionRecord | undefined;

  constructor(client: string, sessions: Map<string, SessionRecord>, participants: Map<string, Identity>) {
    this.#client = client;
    this.#sessions = sessions;
    this.#participants = participants;
  }

  read(events: readonly Timed<HistoryEvent>[]): readonly Delivery[] {
    for (const event of events) this.#take(event);
    return this.#deliveries;
  }

  #take(event: HistoryEvent): void {
    if (event.kind === 'welcome') this.#welcome(event.session);
    const session = this.#session;
    if (session === undefined) return;
    switch (event.kind) {
      case 'sent': {
        const { seq, to, text, wantReceipt } = event;
        session.sent.push({ client: this.#client, session: session.id, seq, to, text, wantReceipt });
        return;
      }
      case 'ack':
        session.acked = Math.max(session.acked, event.seq);
        if (event.by === 'lane') session.ackedByLane = Math.max(session.ackedByLane, event.seq);
        return;
      case 'error':
        session.errors.set(event.seq, (session.errors.get(event.seq) ?? new Set()).add(event.inbox));
        return;
      case 'refused':
        session.refused.add(event.seq);
        return;
      case 'receipt': {
        const receipts = session.receipts.get(event.seq) ?? new Map<number, boolean>();
        session.receipts.set(event.seq, receipts.set(event.inbox, event.delivered));
        return;
      }
      case 'signal':
        this.#deliver(session, '', event);
        return;
      case 'message':
        this.#deliver(session, event.room, event);
        return;
      case 'joined':
        this.#joined(session, event);
        return;
      case 'roster':
        for (const id of event.joined) this.#rosters.get(event.room)?.add(id);
        for (const id of event.left) session.goneForIt.add(id);
        return;
      case 'left':
        session.leftBehind.set(event.room, session.sent.at(-1)?.seq ?? 0);
        return;
      case 'resync':
        if (event.room === '') session.resynced = true;
        return;
      case 'stopped':
        session.holders.delete(this.#client);
        return;
      default:
    }
  }

  #welcome(id: string): void {
    if (this.#session?.id !== id) this.#session?.holders.delete(this.#client);
    let session = this.#sessions.get(id);
    if (session === undefined) {
      session = {
        client: this.#client,
        id,
        sent: [],
        errors: new Map(),
        refused: new Set(),
        receipts: new Map(),
        acked: 0,
        ackedByLane: 0,
        holders: new Set(),
        missed: new Set(),
        resynced: false,
        leftBehind: new Map(),
        goneForIt: new Set(),
      };
      this.#sessions.set(id, session);
    }
    session.holders.add(this.#client);
    this.#session = session;
  }

  #joined(session: SessionRecord, event: HistoryEvent & { kind: 'joined' }): void {
    const { room, self, participants, history, missed } = event;
    if (missed) session.missed.add(room);
    this.#participants.set(self, { client: this.#client, session: session.id, room });
    const before = this.#rosters.get(room);
    for (const id of before ?? []) if (!participants.includes(id) && id !== self) session.goneForIt.add(id);
    this.#rosters.set(room, new Set([...participants, self]));
    for (const message of history) this.#deliver(session, room, message);
  }

  #deliver(
    { id }: SessionRecord,
    room: string,
    { sender, senderSeq, text }: Pick<Delivery, 'sender' | 'senderSeq' | 'text'>,
  ): void {
    this.#deliveries.push({ client: this.#client, session: id, room, sender, senderSeq, text });
  }
}
