/** Where a frame was sent to. */
export type Destination =
  | { readonly kind: 'participant'; readonly id: string }
  | { readonly kind: 'room'; readonly name: string };

/** A RELIABLE message of a room, as a member got it. */
export interface SeenMessage {
  readonly offset: number;
  readonly sender: string;
  readonly senderSeq: number;
  readonly text: string;
}

export type WelcomeOutcome = 'new' | 'resumed' | 'fresh';

/**
 * What happened to a client, in the order in which it learned of it. `lane` counts the client's connections; `inbox` is
 * ServerFrame.seq. A connection that the client has given up for a newer one is only seen by `stray`.
 */
export type HistoryEvent =
  /** A connection was begun, with a Hello that resumes `session` from there; '' asks for a new one. */
  | {
      readonly kind: 'opened';
      readonly lane: number;
      readonly transport: string;
      readonly session: string;
      readonly attempt: number;
      readonly received: number;
    }
  | {
      readonly kind: 'welcome';
      readonly lane: number;
      readonly session: string;
      readonly outcome: WelcomeOutcome;
      readonly attempt: number;
      readonly reason: string;
    }
  /** A frame was put into the client's outbox: from here on it is sent until it is acknowledged. */
  | {
      readonly kind: 'sent';
      readonly seq: number;
      readonly to: Destination;
      readonly text: string;
      readonly wantReceipt: boolean;
    }
  /** The same, of a frame that is not for others: Join, Leave. */
  | { readonly kind: 'control'; readonly seq: number; readonly what: string }
  /** ServerFrame.ack (`lane`), or SendFramesResponse.ack (`answer`). */
  | { readonly kind: 'ack'; readonly lane: number; readonly by: 'lane' | 'answer'; readonly seq: number }
  | {
      readonly kind: 'error';
      readonly lane: number;
      readonly inbox: number;
      readonly seq: number;
      readonly reason: string;
    }
  /** A FrameError in the answer of SendFrames. The same stands in the inbox. */
  | { readonly kind: 'refused'; readonly lane: number; readonly seq: number }
  | {
      readonly kind: 'receipt';
      readonly lane: number;
      readonly inbox: number;
      readonly seq: number;
      readonly delivered: boolean;
      readonly reason: string;
    }
  | {
      readonly kind: 'signal';
      readonly lane: number;
      readonly inbox: number;
      /** Participant that it is for: the client's own, as long as that membership lasts. */
      readonly to: string;
      readonly sender: string;
      readonly senderSeq: number;
      readonly text: string;
    }
  | ({ readonly kind: 'message'; readonly lane: number; readonly room: string } & SeenMessage)
  | {
      readonly kind: 'joined';
      readonly lane: number;
      readonly room: string;
      readonly epoch: string;
      readonly offset: number;
      readonly self: string;
      readonly participants: readonly string[];
      readonly away: readonly string[];
      readonly history: readonly SeenMessage[];
      readonly missed: boolean;
    }
  /** Participants that came, went, and changed to AWAY or ACTIVE. */
  | {
      readonly kind: 'roster';
      readonly lane: number;
      readonly room: string;
      readonly offset: number;
      readonly joined: readonly string[];
      readonly left: readonly string[];
      readonly away: readonly string[];
      readonly active: readonly string[];
    }
  | {
      readonly kind: 'left';
      readonly lane: number;
      readonly inbox: number;
      readonly room: string;
      readonly reason: string;
    }
  | {
      readonly kind: 'resync';
      readonly lane: number;
      readonly room: string;
      readonly reason: string;
      readonly next: number;
    }
  /** Another frame of the inbox. */
  | { readonly kind: 'other'; readonly lane: number; readonly inbox: number; readonly what: string }
  /** Something came on a connection that the client had given up for a newer one. */
  | { readonly kind: 'stray'; readonly lane: number; readonly what: string }
  | { readonly kind: 'closed'; readonly lane: number; readonly reason: string; readonly next: string }
  | { readonly kind: 'ended'; readonly lane: number }
  /** The client is over, by its own will (`left`) or because it was told so (`told`). */
  | { readonly kind: 'stopped'; readonly how: 'left' | 'told' };

export type Timed<Event> = Event & {
  /** Milliseconds since 1970, with fractions: comparable between processes of one machine. */
  readonly at: number;
};

/** What one client went through. Plain data: it can be sent between processes. */
export interface ClientHistory {
  readonly client: string;
  readonly events: readonly Timed<HistoryEvent>[];
}

/** Writes the history of one client. */
export class HistoryRecorder implements ClientHistory {
  readonly client: string;
  readonly events: Timed<HistoryEvent>[] = [];
  /** Called for each event, for those who wait for one. */
  onEvent: (event: Timed<HistoryEvent>) => void = () => {};

  readonly #now: () => number;

  /** `now` tells milliseconds since 1970. Default: the machine's clock. */
  constructor(client: string, now = () => performance.timeOrigin + performance.now()) {
    this.client = client;
    this.#now = now;
  }

  add(event: HistoryEvent): void {
    const timed = { ...event, at: this.#now() };
    this.events.push(timed);
    this.onEvent(timed);
  }

  /** The history of somebody who copies this client's secret: what it learned, without what it said and was answered. */
  copy(client: string): HistoryRecorder {
    const copy = new HistoryRecorder(client, this.#now);
    for (const event of this.events) {
      if (event.kind === 'sent' || event.kind === 'control' || event.kind === 'stopped') continue;
      if (event.kind === 'refused') continue;
      const { kind, at } = event;
      if (kind === 'error' || kind === 'receipt') {
        copy.events.push({ kind: 'other', lane: event.lane, inbox: event.inbox, what: kind, at });
      } else copy.events.push(event);
    }
    return copy;
  }
}

/** A promise that was not kept. */
export interface Violation {
  readonly rule: Rule;
  readonly client: string;
  readonly detail: string;
}

/** What the checker holds a history to; the words of the invariants are in `history-checker`. */
export type Rule =
  | 'lost'
  | 'untold'
  | 'forged'
  | 'duplicate'
  | 'reordered'
  | 'refused-and-delivered'
  | 'refused-twice'
  | 'error-before-ack'
  | 'early-ack'
  | 'unsettled'
  | 'receipts'
  | 'inbox-order'
  | 'room-order'
  | 'join-before-signal'
  | 'room-equal'
  | 'roster'
  | 'attachment'
  | 'liveness'
  | 'window'
  | 'secret'
  | 'will'
  | 'values'
  | 'gauges'
  | 'health';
