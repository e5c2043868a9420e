import type { ClientHistory, HistoryEvent, SeenMessage, Violation } from './history.ts';

/** Where a client stands in a room, and whom it sees there. */
interface Standing {
  readonly epoch: string;
  readonly self: string;
  readonly participants: Set<string>;
  offset: number;
}

/** A live client's standing in a room. */
interface Place {
  readonly client: string;
  readonly standing: Standing;
}

/** What members saw at the offsets of one room's log. */
type SeenLog = Map<number, { readonly what: string; readonly client: string }>;

/**
 * Joins come before signals; each member reads the room's log without gaps and repeats, all members read the same log, and
 * at rest they stand at the same offset; rosters list the live clients and nobody else.
 */
export function checkRooms(histories: readonly ClientHistory[]): Violation[] {
  const violations: Violation[] = [];
  const logs = new Map<string, SeenLog>();
  const readers = histories.map((history) => new RoomReader(history, logs, violations));
  for (const reader of readers) reader.read();
  // A snapshot's history is held against what others read, and so after all have read.
  for (const reader of readers) reader.checkSnapshots();
  const live = readers.filter(({ isLive }) => isLive);
  const members = new Map<string, Map<string, Place>>();
  for (const { client, rooms } of live) {
    for (const [room, standing] of rooms) {
      const of = members.get(room) ?? new Map<string, Place>();
      members.set(room, of.set(standing.self, { client, standing }));
    }
  }
  for (const [room, of] of members) {
    const furthest = Math.max(...[...of.values()].map(({ standing }) => standing.offset));
    for (const [self, { client, standing }] of of) {
      const add = (rule: Violation['rule'], detail: string) =>
        violations.push({ rule, client, detail: `${room}: ${detail}` });
      if (standing.offset !== furthest) {
        add('room-equal', `stands at offset ${standing.offset}, others at ${furthest}`);
      }
      for (const id of of.keys()) {
        if (id !== self && !standing.participants.has(id)) add('roster', `does not list ${id}, who is there`);
      }
      for (const id of standing.participants) {
        if (!of.has(id)) add('roster', `lists ${id}, who is not there`);
      }
    }
  }
  return violations;
}

class RoomReader {
  readonly client: string;
  readonly rooms = new Map<string, Standing>();
  isLive = true;
  readonly #history: ClientHistory;
  readonly #logs: Map<string, SeenLog>;
  readonly #violations: Violation[];
  readonly #known = new Set<string>();
  /** Senders of signals whose join was not told by then, with the participant that the signal was for. */
  readonly #unknown = new Map<string, string>();
  readonly #receivers = new Set<string>();
  /** Snapshots that a reader jumped to: what it jumped over must be in their history. */
  readonly #jumps: { log: SeenLog; from: number; to: number; history: readonly SeenMessage[] }[] = [];

  constructor(history: ClientHistory, logs: Map<string, SeenLog>, violations: Violation[]) {
    this.client = history.client;
    this.#history = history;
    this.#logs = logs;
    this.#violations = violations;
  }

  read(): void {
    for (const event of this.#history.events) this.#take(event);
  }

  checkSnapshots(): void {
    for (const { log, from, to, history } of this.#jumps) {
      const told = new Set(history.map(({ offset }) => offset));
      for (let offset = from + 1; offset <= to; offset += 1) {
        const seen = log.get(offset);
        if (seen === undefined || seen.what === 'roster' || told.has(offset)) continue;
        this.#add('room-order', `the snapshot at ${to} jumps over ${seen.what} at ${offset}, untold`);
      }
    }
  }

  #take(event: HistoryEvent): void {
    switch (event.kind) {
      case 'welcome':
        if (event.outcome !== 'resumed') this.rooms.clear();
        return;
      case 'stopped':
        this.isLive = false;
        return;
      case 'left':
        this.rooms.delete(event.room);
        return;
      case 'joined':
        this.#joined(event);
        return;
      case 'roster': {
        const standing = this.#step(event.room, event.offset, 'roster');
        for (const id of event.joined) {
          this.#meet(event.room, id);
          if (id !== standing?.self) standing?.participants.add(id);
        }
        for (const id of event.left) standing?.participants.delete(id);
        return;
      }
      case 'message':
        this.#step(event.room, event.offset, nameOf(event));
        return;
      case 'signal':
        this.#receivers.add(event.to);
        if (!this.#known.has(event.sender)) this.#unknown.set(event.sender, event.to);
        return;
      default:
    }
  }

  #joined(event: HistoryEvent & { kind: 'joined' }): void {
    const { room, epoch, offset, self, participants, history, missed } = event;
    const log = this.#log(room, epoch);
    const before = this.rooms.get(room);
    if (before?.self !== self && this.#receivers.has(self)) {
      this.#add('join-before-signal', `a signal for ${self} came before its Joined`);
    }
    for (const message of history) this.#see(log, message.offset, nameOf(message));
    if (before !== undefined && before.epoch === epoch && before.self === self) {
      if (offset < before.offset) {
        this.#add('room-order', `a snapshot at ${offset} behind offset ${before.offset}`);
      }
      if (!missed) this.#jumps.push({ log, from: before.offset, to: offset, history });
    }
    this.rooms.set(room, { epoch, self, participants: new Set(participants), offset });
    for (const id of participants) this.#meet(room, id);
  }

  /**
   * Who came and went while this client was away is in no roster that it is shown; a signal for a membership that is over
   * waits for no roster.
   */
  #meet(room: string, participant: string): void {
    this.#known.add(participant);
    const to = this.#unknown.get(participant);
    this.#unknown.delete(participant);
    if (to === undefined || to !== this.rooms.get(room)?.self) return;
    this.#add('join-before-signal', `a signal of ${participant} came before its join`);
  }

  /** One more entry of a room's log. Offset 0: none of it. */
  #step(room: string, offset: number, what: string): Standing | undefined {
    const standing = this.rooms.get(room);
    if (offset === 0) return standing;
    if (standing === undefined) {
      this.#add('room-order', `${what} at ${offset} of ${room}, where the client is not`);
      return undefined;
    }
    if (offset !== standing.offset + 1) {
      this.#add('room-order', `${room}: ${what} at ${offset} where ${standing.offset + 1} was due`);
    }
    standing.offset = Math.max(standing.offset, offset);
    this.#see(this.#log(room, standing.epoch), offset, what);
    return standing;
  }

  #see(log: SeenLog, offset: number, what: string): void {
    const seen = log.get(offset);
    if (seen === undefined) log.set(offset, { what, client: this.client });
    else if (seen.what !== what) {
      this.#add('room-equal', `${what} at ${offset}, where ${seen.client} saw ${seen.what}`);
    }
  }

  #log(room: string, epoch: string): SeenLog {
    const key = `${room} ${epoch}`;
    const log: SeenLog = this.#logs.get(key) ?? new Map();
    this.#logs.set(key, log);
    return log;
  }

  #add(rule: Violation['rule'], detail: string): void {
    this.#violations.push({ rule, client: this.client, detail });
  }
}

function nameOf({ sender, senderSeq }: Pick<SeenMessage, 'sender' | 'senderSeq'>): string {
  return `${sender} #${senderSeq}`;
}
