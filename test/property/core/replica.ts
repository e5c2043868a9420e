import type { Joined, ServerFrame } from '../../../gen/signalbox/v1/frame_pb.ts';
import type { Participant, RosterDelta } from '../../../gen/signalbox/v1/participant_pb.ts';

/** What a client knows of the room, as the schema tells clients to learn it: snapshots, changes, cursors. */
export class Replica {
  /** Own participant id; '' while it is not in the room. */
  self = '';
  readonly roster = new Map<string, Participant>();
  count = 0;
  complete = true;
  /** RELIABLE messages as `sender:senderSeq`, in the order in which they were read, by own participant id. */
  readonly messages = new Map<string, string[]>();
  readonly signals: string[] = [];
  readonly values = new Map<string, string>();
  total = 0;
  receivedSeq = 0;
  ack = 0;
  /** What a client may complain of. */
  readonly faults: string[] = [];
  /** Participants that it ever saw. */
  readonly #seen = new Set<string>();
  /** Senders of signals that it had not seen. */
  readonly #unseen = new Set<string>();
  #epoch = '';
  #offset = 0;
  #version = 0;

  get rooms() {
    const position = { room: 'r', epoch: this.#epoch, offset: this.#offset, version: this.#version };
    return this.self === '' ? [] : [position];
  }

  take(frame: ServerFrame): void {
    const { seq, ack, body, origin } = frame;
    if (seq > 0 && seq !== this.receivedSeq + 1) this.#fault(`inbox frame ${seq} after ${this.receivedSeq}`);
    if (seq > 0) this.receivedSeq = seq;
    if (ack > 0 && ack < this.ack) this.#fault(`ack ${ack} after ${this.ack}`);
    if (ack > 0) this.ack = ack;
    const sender = `${origin?.sender}:${origin?.senderSeq}`;
    if (body.case === 'joined') this.#joined(body.value);
    else if (body.case === 'left') {
      this.self = '';
      this.roster.clear();
      // A membership that had ended before it was read to its end: of the joins in it only the signals are left.
      this.#unseen.clear();
    } else if (body.case === 'rosterDelta') this.#delta(body.value);
    else if (body.case === 'roomUpdated') this.#advance(body.value.offset);
    else if (body.case === 'signal') {
      // A snapshot may jump over the join and the departure of its sender; it must not come before the join. One for a
      // membership that ended before it was told is nobody's.
      const known = this.#seen.has(origin?.sender ?? '') || body.value.to !== this.self;
      if (!known) this.#unseen.add(origin?.sender ?? '');
      this.signals.push(sender);
    } else if (body.case === 'message') {
      if (this.self === '') this.#fault('a message of a room that it is not in');
      if (origin?.version) {
        this.#version = Math.max(this.#version, origin.version);
        this.#value(body.value.key, body.value.content.value, origin.total);
      } else {
        this.#advance(origin?.offset ?? 0);
        this.messages.get(this.self)?.push(sender);
      }
    } else if (body.case === 'resync') this.#fault('a Resync, though nothing was lost');
  }

  #joined(joined: Joined): void {
    const id = joined.participant?.id ?? '';
    if (this.self !== '' && this.self !== id) this.#fault('a Joined of another participant before the Left');
    if (joined.missedMessages) this.#fault('messages were missed, though all are kept');
    const messages = this.messages.get(id) ?? [];
    // A snapshot brings what was said since the join, or since what was read.
    const read = this.self === id ? this.#offset : 0;
    for (const { origin } of joined.history) {
      if ((origin?.offset ?? 0) > read) messages.push(`${origin?.sender}:${origin?.senderSeq}`);
    }
    this.messages.set(id, messages);
    this.self = id;
    this.#epoch = joined.epoch;
    this.#offset = joined.offset;
    this.#version = joined.version;
    this.count = joined.count;
    this.complete = joined.rosterComplete;
    this.roster.clear();
    this.#show(joined.participants);
    this.values.clear();
    for (const { message, origin } of joined.retained) {
      this.#value(message?.key ?? '', message?.content.value, origin?.total ?? 0n);
    }
  }

  #delta({ offset, version, joined, updated, left, count, snapshot, complete }: RosterDelta): void {
    // What stands in the inbox may be of a membership that ended before it was told.
    if (this.self === '' && offset + version > 0) this.#fault('news of a room that it is not in');
    if (this.self === '') return;
    if (offset > 0) this.#advance(offset);
    this.#version = Math.max(this.#version, version);
    this.#show([...joined, ...updated]);
    for (const { id } of left) this.roster.delete(id);
    if (count > 0) this.count = count;
    if (snapshot) this.complete = complete;
  }

  #show(participants: readonly Participant[]): void {
    for (const one of participants) {
      this.#seen.add(one.id);
      if (this.#unseen.has(one.id)) this.#fault(`a signal of ${one.id} came before its join`);
      if (one.id !== this.self) this.roster.set(one.id, one);
    }
  }

  #value(key: string, content: string | Uint8Array | undefined, total: bigint): void {
    if (key === '') this.total = Number(total);
    else if (content === undefined || content.length === 0) this.values.delete(key);
    else this.values.set(key, String(content));
  }

  #advance(offset: number): void {
    if (offset !== this.#offset + 1) this.#fault(`room frame ${offset} after ${this.#offset}`);
    this.#offset = offset;
  }

  #fault(what: string): void {
    this.faults.push(what);
  }
}
