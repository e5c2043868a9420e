import type { Joined, RelayedMessage, ServerFrame } from '../../gen/signalbox/v1/frame_pb.ts';
import { type DataMessage, DeliveryClass } from '../../gen/signalbox/v1/message_pb.ts';

/** What a client knows of one room: where it stands, who is there, what is on the board. */
export class RoomReplica {
  readonly name: string;
  /** Own participant id; '' while it is not in the room. */
  self = '';
  readonly others = new Set<string>();
  /** Participants that went, newest last. */
  readonly departed: string[] = [];
  /** LATEST by key. */
  readonly values = new Map<string, string>();
  /** COUNTED by key. */
  readonly totals = new Map<string, number>();
  #epoch = '';
  #offset = 0;
  #version = 0;
  #isComplete = true;
  /** The client asked for history, or had a Resync: it may be told what it has read. */
  isToldAgain = false;

  constructor(name: string) {
    this.name = name;
  }

  /** For Hello.resume. Who has not got all of the roster stands nowhere yet, and is told again what was said. */
  position() {
    if (!this.#isComplete) this.isToldAgain = true;
    const epoch = this.#isComplete ? this.#epoch : '';
    return { room: this.name, epoch, offset: this.#offset, version: this.#version };
  }

  /** Whether history repeats, as it may, what was read or passed over before. */
  hasRead(epoch: string, offset: number): boolean {
    return this.isToldAgain && epoch === this.#epoch && offset <= this.#offset;
  }

  copy(): RoomReplica {
    const copy = new RoomReplica(this.name);
    copy.self = this.self;
    copy.#epoch = this.#epoch;
    copy.#offset = this.#offset;
    copy.#version = this.#version;
    copy.#isComplete = this.#isComplete;
    copy.isToldAgain = this.isToldAgain;
    for (const id of this.others) copy.others.add(id);
    for (const [key, value] of this.values) copy.values.set(key, value);
    for (const [key, total] of this.totals) copy.totals.set(key, total);
    return copy;
  }

  leave(): void {
    if (this.self !== '') this.departed.push(this.self);
    this.self = '';
    this.others.clear();
    this.values.clear();
    this.totals.clear();
  }

  take({ body, origin }: ServerFrame): void {
    switch (body.case) {
      case 'joined':
        this.#joined(body.value);
        return;
      case 'rosterDelta': {
        const { offset, version, joined, left, snapshot, complete } = body.value;
        if (snapshot) this.#isComplete = complete;
        this.#advance(offset, version);
        for (const { id } of joined) if (id !== this.self) this.others.add(id);
        for (const { id } of left) {
          this.others.delete(id);
          this.departed.push(id);
        }
        return;
      }
      case 'message':
        this.#advance(origin?.offset ?? 0, origin?.version ?? 0);
        this.#value(body.value, Number(origin?.total ?? 0n));
        return;
      case 'roomUpdated':
        this.#advance(body.value.offset, 0);
        return;
      case 'left':
        this.leave();
        return;
      default:
    }
  }

  #joined({ participant, participants, epoch, offset, version, retained, rosterComplete }: Joined): void {
    this.#isComplete = rosterComplete;
    this.self = participant?.id ?? '';
    this.#epoch = epoch;
    this.#offset = offset;
    this.#version = version;
    this.others.clear();
    for (const { id } of participants) this.others.add(id);
    this.values.clear();
    this.totals.clear();
    for (const { message, origin } of retained satisfies RelayedMessage[]) {
      if (message !== undefined) this.#value(message, Number(origin?.total ?? 0n));
    }
  }

  #value({ delivery, key, content }: DataMessage, total: number): void {
    if (delivery === DeliveryClass.COUNTED) this.totals.set(key, total);
    if (delivery !== DeliveryClass.LATEST) return;
    if (content.case === 'text' && content.value !== '') this.values.set(key, content.value);
    else this.values.delete(key);
  }

  #advance(offset: number, version: number): void {
    this.#offset = Math.max(this.#offset, offset);
    this.#version = Math.max(this.#version, version);
  }
}
