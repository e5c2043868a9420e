import type { RoomView } from '../engine.ts';
import type { Member } from '../room/member.ts';
import type { RoomKey } from '../room-key.ts';
import { OriginTemplate } from '../wire/origin.ts';

/** Where a reader stands in a room; `none`: it needs a snapshot first. */
export type RoomCursor =
  | { readonly kind: 'none'; readonly history: number; readonly since: number | undefined }
  | { readonly kind: 'at'; readonly generation: number; readonly offset: number; readonly version: number };

/** A session in a room: its participant there, and how far it has read. */
export class Membership {
  readonly key: RoomKey;
  readonly view: RoomView;
  readonly participant: string;
  cursor: RoomCursor = { kind: 'none', history: 0, since: undefined };
  /** The sender's part of an Origin, of signals: encoded once. */
  readonly signalOrigin: OriginTemplate;
  #messageOrigin: { readonly of: object; readonly template: OriginTemplate } | undefined;

  constructor(key: RoomKey, view: RoomView, participant: string) {
    this.key = key;
    this.view = view;
    this.participant = participant;
    this.signalOrigin = new OriginTemplate(participant);
  }

  get name(): string {
    return this.view.name;
  }

  /** The member as the room has it now; undefined when it is a member no longer. */
  get self(): Member | undefined {
    return this.view.members.get(this.participant);
  }

  /** The sender's part of an Origin, of messages: with identity and name, encoded once a change. */
  messageOrigin(self: Member): OriginTemplate {
    const of = self.participant;
    if (this.#messageOrigin?.of !== of) {
      this.#messageOrigin = { of, template: new OriginTemplate(of.id, of.identity, of.name) };
    }
    return this.#messageOrigin.template;
  }
}
