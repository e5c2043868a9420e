import type { RoomPosition } from '../../../gen/signalbox/v1/session_pb.ts';
import type { RoomView } from '../engine.ts';
import type { Member } from '../room/member.ts';
import type { Publication } from '../room/publication.ts';
import type { RoomKey } from '../room-key.ts';
import { OriginTemplate } from '../wire/origin.ts';

/**
 * Where a reader stands in a room. `none`: it needs a snapshot first, with the newest `history` messages and all that were
 * said after the offset `since`: what it has read, or its own join. `paging`: it has its Joined, of the offset `since`, and
 * reads the rest of the roster, before anything that happened after it.
 */
export type RoomCursor =
  | { readonly kind: 'none'; readonly history: number; readonly since: number }
  | {
      readonly kind: 'paging';
      readonly history: 0;
      readonly since: number;
      readonly version: number;
      readonly pages: Iterator<Uint8Array>;
    }
  | { readonly kind: 'at'; readonly offset: number; readonly version: number };

/** A session in a room: its participant there, and how far it has read. It ends with that participant. */
export class Membership {
  readonly key: RoomKey;
  readonly view: RoomView;
  readonly participant: string;
  /**
   * seq of the inbox as it began. Joined waits for the frames up to there: the Left of the membership before, and the
   * JoinPending of this one.
   */
  readonly beganAfter: number;
  /** Offset of the room log as it began: what is said after it is for this member, also before it has its Joined. */
  readonly beganAt: number;
  cursor: RoomCursor;
  /** What the room gets should the session be lost. */
  will: Omit<Publication, 'sender'> | undefined;
  /** The sender's part of an Origin, of signals: encoded once. */
  readonly signalOrigin: OriginTemplate;
  #self: Member | undefined;
  #peer: Member | undefined;
  #peerId = '';
  #messageOrigin: { readonly of: object; readonly template: OriginTemplate } | undefined;

  constructor(key: RoomKey, view: RoomView, participant: string, beganAfter: number, beganAt = view.log.hi) {
    this.key = key;
    this.view = view;
    this.participant = participant;
    this.beganAfter = beganAfter;
    this.beganAt = beganAt;
    this.cursor = { kind: 'none', history: 0, since: this.beganAt };
    this.signalOrigin = new OriginTemplate(participant);
  }

  get name(): string {
    return this.view.name;
  }

  /** The member as the room has it now; undefined when it is a member no longer. */
  get self(): Member | undefined {
    if (this.#self === undefined || this.#self.hasLeft) this.#self = this.view.members.get(this.participant);
    return this.#self;
  }

  /** The member of this id. Signals go to the same one again and again. */
  member(participant: string): Member | undefined {
    if (this.#peer === undefined || this.#peer.hasLeft || participant !== this.#peerId) {
      this.#peer = this.view.members.get(participant);
      this.#peerId = participant;
    }
    return this.#peer;
  }

  /** The sender's part of an Origin, of messages: with identity and name, encoded once a change. */
  messageOrigin(self: Member): OriginTemplate {
    const of = self.participant;
    if (this.#messageOrigin?.of !== of) {
      this.#messageOrigin = { of, template: new OriginTemplate(of.id, of.identity, of.name) };
    }
    return this.#messageOrigin.template;
  }

  /** A snapshot is due, with the newest `history` messages. */
  restart(history: number): void {
    const since = this.cursor.kind === 'at' ? this.cursor.offset : this.cursor.since;
    this.cursor = { kind: 'none', history, since };
  }

  /**
   * The client says where it stands in the room, and in its inbox, where that is known. One that may not have read the Left
   * of the membership before may speak of that one.
   */
  rewind(position: RoomPosition | undefined, receivedSeq: number | undefined): void {
    const { view, cursor } = this;
    const { offset = 0, version = 0 } = position ?? {};
    const known =
      receivedSeq !== undefined &&
      receivedSeq >= this.beganAfter &&
      position?.epoch === view.epoch &&
      offset <= view.log.hi &&
      version <= view.board.version;
    if (known && cursor.kind === 'at') this.cursor = { kind: 'at', offset, version };
    else this.cursor = { kind: 'none', history: 0, since: known ? offset : this.beganAt };
  }
}
