import type { ServerFrame } from '../../gen/signalbox/v1/frame_pb.ts';
import type { RosterDelta } from '../../gen/signalbox/v1/participant_pb.ts';

/** Where a client stands in its room, and who else is there. */
export class RoomStanding {
  readonly name: string;
  /** The client's own participant id; '' before the first Joined. It stays known when the room is left. */
  self = '';
  /** Participant ids of the others. */
  readonly others = new Set<string>();
  isIn = false;
  #epoch = '';
  #offset = 0;
  #version = 0;

  constructor(name: string) {
    this.name = name;
  }

  /** For Hello.resume. */
  get positions(): { room: string; epoch: string; offset: number; version: number }[] {
    if (!this.isIn) return [];
    return [{ room: this.name, epoch: this.#epoch, offset: this.#offset, version: this.#version }];
  }

  get offset(): number {
    return this.#offset;
  }

  copy(from: RoomStanding): void {
    this.self = from.self;
    this.isIn = from.isIn;
    this.#epoch = from.#epoch;
    this.#offset = from.#offset;
    this.#version = from.#version;
    for (const id of from.others) this.others.add(id);
  }

  leave(): void {
    this.isIn = false;
    this.others.clear();
  }

  take({ body, origin }: ServerFrame): void {
    switch (body.case) {
      case 'joined': {
        const { participant, participants, epoch, offset, version } = body.value;
        this.self = participant?.id ?? '';
        this.isIn = true;
        this.#epoch = epoch;
        this.#offset = offset;
        this.#version = version;
        this.others.clear();
        for (const { id } of participants) this.others.add(id);
        return;
      }
      case 'rosterDelta':
        this.#roster(body.value);
        return;
      case 'message':
        this.#offset = Math.max(this.#offset, origin?.offset ?? 0);
        this.#version = Math.max(this.#version, origin?.version ?? 0);
        return;
      case 'roomUpdated':
        this.#offset = Math.max(this.#offset, body.value.offset);
        return;
      case 'left':
        if (body.value.room === this.name) this.leave();
        return;
      default:
    }
  }

  #roster({ offset, version, joined, left }: RosterDelta): void {
    this.#offset = Math.max(this.#offset, offset);
    this.#version = Math.max(this.#version, version);
    for (const { id } of joined) if (id !== this.self) this.others.add(id);
    for (const { id } of left) this.others.delete(id);
  }
}
