import type { Origin, DataMessage as WireDataMessage } from './codec/messages.ts';
import type { Delivery } from './vocabulary.ts';
import { deliveries } from './vocabulary.ts';

/** A message of the application. */
export interface DataMessage {
  /** The application's name for this kind of message ("chat", "like"). */
  readonly type: string;
  /** 'latest' and 'counted': what is replaced or summed; else ''. */
  readonly key: string;
  readonly delivery: Delivery;
  /** What was said; undefined for a 'counted' total and for a 'latest' value that was deleted. */
  readonly content: string | Uint8Array | undefined;
  /** Participant id of the sender; '' for a message of a backend and for a total. */
  readonly sender: string;
  /** Identity of the sender, whom the roster may not list. */
  readonly identity: string;
  /** Display name of the sender. */
  readonly name: string;
  /** Sent by this room's own participant: the echo of a `send`. */
  readonly own: boolean;
  /** To some participants only, not to the room. */
  readonly direct: boolean;
  /** 'reliable' to the room: position in the room log; else 0. */
  readonly offset: number;
  /** 'counted': the total; else 0. Exact up to 2^53. */
  readonly total: number;
  /** When the gateway accepted it. */
  readonly acceptedAt: Date;
}

/** How to send a message. */
export interface SendOptions {
  /**
   * 'reliable' (default): in order, kept in the room log for those who are away. 'latest': newest per (type, key), kept
   * for joiners; empty content deletes it. 'lossy': kept nowhere, dropped first; never waits.
   */
  readonly delivery?: 'reliable' | 'latest' | 'lossy';
  /** 'latest': what is replaced; at most 64 bytes. */
  readonly key?: string;
  /** Not to the room, but to a participant id, or to an identity, or to all with a role. */
  readonly to?: { readonly participant: string } | { readonly identity: string } | { readonly role: string };
}

/** What the gateway said to a sent message. */
export interface Sent {
  /** 'reliable' to the room: position in the room log; else undefined, also where the echo was lost to a resync. */
  readonly offset: number | undefined;
  /** When the gateway accepted it, where an echo told; else undefined. */
  readonly acceptedAt: Date | undefined;
}

/** A message of the schema as the SDK shows it. `self` is the id of the room's own participant. */
export function messageFromWire(wire: WireDataMessage, origin: Origin, self: string): DataMessage {
  const delivery = deliveries.word(wire.delivery);
  const content = wire.content.value;
  return {
    type: wire.messageType,
    key: wire.key,
    delivery,
    content: delivery === 'latest' && content?.length === 0 ? undefined : content,
    sender: origin.sender,
    identity: origin.identity,
    name: origin.name,
    own: origin.sender !== '' && origin.sender === self,
    direct: wire.toParticipant !== '' || wire.toIdentity !== '' || wire.toRole !== '',
    offset: origin.offset,
    total: Number(origin.total),
    acceptedAt: new Date(Number(origin.acceptedAtMs)),
  };
}
