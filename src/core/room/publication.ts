import type { DeliveryClass } from '../../../gen/signalbox/v1/message_pb.ts';
import type { OriginTemplate } from '../wire/origin.ts';

/** A DataMessage on its way into a room. */
export interface Publication {
  /** The record as it was sent: tag, length and bytes of field 4 of the frame. Copied. */
  readonly record: Uint8Array;
  readonly delivery: DeliveryClass;
  readonly messageType: string;
  readonly key: string;
  /** Whether the record has content; LATEST without content deletes. */
  readonly hasContent: boolean;
  /** COUNTED: increment. */
  readonly count: number;
  readonly sender: MessageSender;
}

/** Who says it: a participant, or a backend (all empty). */
export interface MessageSender {
  /** Session id, or ''. */
  readonly session: string;
  /** Participant id, or ''. */
  readonly participant: string;
  /** ClientFrame.seq, or 0. */
  readonly seq: number;
  /** Participant id, identity and name, encoded once a sender. */
  readonly origin: OriginTemplate;
}

/** Where a publication stands. */
export interface Published {
  /** RELIABLE: position in the room log; 0 else. */
  readonly offset: number;
  /** LATEST and COUNTED: version in the keyed table, where it is known at once; 0 else. */
  readonly version: number;
  /** The same message was taken before; nothing happened now. */
  readonly duplicate?: true;
}
