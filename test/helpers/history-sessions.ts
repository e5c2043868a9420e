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
  readonly errors: Map<number, number>;
  readonly receipts: Map<number, boolean[]>;
  acked: number;
  /** Clients that hold it at the end of the history: they neither gave it up nor had it replaced by a fresh one. */
  readonly holders: Set<string>;
  /** Its inbox may have lost frames, and the client was told so. */
  resynced: boolean;
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
        return;
      case 'error':
        session.errors.set(event.seq, (session.errors.get(event.seq) ?? 0) + 1);
        return;
      case 'receipt':
        session.receipts.set(event.seq, [...(session.receipts.get(event.seq) ?? []), event.delivered]);
        return;
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
        receipts: new Map(),
        acked: 0,
        holders: new Set(),
        resynced: false,
        goneForIt: new Set(),
      };
      this.#sessions.set(id, session);
    }
    session.holders.add(this.#client);
    this.#session = session;
  }

  #joined(session: SessionRecord, event: HistoryEvent & { kind: 'joined' }): void {
    const { room, self, participants, history } = event;
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
