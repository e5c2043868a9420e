import { DeliveryClass } from '../../../gen/signalbox/v1/message_pb.ts';
import { Reason } from '../../../gen/signalbox/v1/reason_pb.ts';
import type { AppendOutcome } from '../engine.ts';
import { when } from '../eventually.ts';
import type { CoreLimits } from '../limits.ts';
import { isRefusal, type Refusal, refuse } from '../refusal.ts';
import type { Member } from '../room/member.ts';
import type { Publication } from '../room/publication.ts';
import { messageTypeProblem } from '../text.ts';
import { encodeRelayed } from '../wire/origin.ts';
import type { FrameScan, MessageScan } from '../wire/scan.ts';
import { findPresence, type Presence } from './find-membership.ts';
import type { Outcome } from './handle-frame.ts';
import type { Session } from './session.ts';

const largestCount = 1_000_000;

/** Says something to a room, or to some of its participants. The record is relayed as it is. */
export function handleMessage(session: Session, bytes: Uint8Array, scan: FrameScan): Outcome {
  const { message, recordStart, bodyEnd } = scan;
  const refusal = refuseMessage(session, scan);
  if (refusal !== undefined) return refusal;
  const presence = findPresence(session, message.room, 'message.room');
  if (isRefusal(presence)) return presence;
  const { messageType } = message;
  const denial = denyMessage({ messageType, delivery: deliveryOf(message) }, presence.self);
  if (denial !== undefined) return { ...denial, room: message.room };
  const record = bytes.subarray(recordStart, bodyEnd);
  if (isDirected(message)) return sendTo(session, presence, record, scan);
  const { membership, self } = presence;
  const origin = membership.messageOrigin(self);
  const publication = {
    ...contentOf(record, message),
    sender: { session: session.id, participant: self.id, seq: scan.seq, origin },
  };
  return when(session.host.engine.publish(membership.key, publication), (result) =>
    isRefusal(result) ? result : undefined,
  );
}

/** What a room takes of a message, beside its sender. `record` is copied by the room. */
export function contentOf(record: Uint8Array, message: MessageScan): Omit<Publication, 'sender'> {
  return {
    record,
    delivery: deliveryOf(message),
    messageType: message.messageType,
    key: message.key,
    hasContent: message.contentBytes > 0,
    count: message.count,
  };
}

/** It is for some participants, not for the whole room. */
export function isDirected({ toParticipant, toIdentity, toRole }: MessageScan): boolean {
  return toParticipant !== '' || toIdentity !== '' || toRole !== '';
}

function deliveryOf({ delivery }: MessageScan): DeliveryClass {
  return delivery === DeliveryClass.UNSPECIFIED ? DeliveryClass.RELIABLE : (delivery as DeliveryClass);
}

function sendTo(
  session: Session,
  { membership, self }: Presence,
  record: Uint8Array,
  scan: FrameScan,
): Outcome {
  const { engine, clock } = session.host;
  const { toParticipant, toIdentity, toRole } = scan.message;
  const { seq } = scan;
  const stamp = { senderSeq: seq, acceptedAtMs: clock.now() };
  const body = encodeRelayed(record, membership.messageOrigin(self), stamp);
  const room = membership.name;
  const audience = engine.audience(membership.key, {
    participant: toParticipant,
    identity: toIdentity,
    role: toRole,
  });
  return when(audience, (members) => {
    if (members.length === 0) {
      return refuse(Reason.UNKNOWN_RECIPIENT, 'nobody in the room is meant by this message', { room });
    }
    const frame = { sender: session.id, senderSeq: seq, body, wantReceipt: false };
    const outcomes = members.map((member) => engine.append(member.session.id, frame));
    if (outcomes.some((outcome) => outcome instanceof Promise)) {
      return Promise.all(outcomes).then((all) => refusalOf(all, room));
    }
    return refusalOf(outcomes as AppendOutcome[], room);
  });
}

/** A message to several is refused only where it reached nobody. */
function refusalOf(outcomes: readonly AppendOutcome[], room: string): Refusal | undefined {
  if (outcomes.some((outcome) => outcome === 'appended' || outcome === 'duplicate')) return undefined;
  if (outcomes.includes('overflow')) {
    return refuse(Reason.INBOX_OVERFLOW, "the receiver's inbox is full: it reads too slowly or is away", {
      room,
    });
  }
  return refuse(Reason.RECIPIENT_LEFT, "the receiver's session has ended", { room });
}

/** What a message may not be, whoever sends it. */
function refuseMessage(
  { host }: Session,
  { seq, message, bodyStart, bodyEnd }: FrameScan,
): Refusal | undefined {
  const { room } = message;
  const refusal = refuseContent(message, bodyEnd - bodyStart, host.limits, 'message');
  if (refusal !== undefined) return refusal;
  const malformed = (detail: string) =>
    refuse(Reason.MALFORMED, `seq: ${detail}`, { fieldPath: 'seq', room });
  if (seq === 0 && deliveryOf(message) !== DeliveryClass.LOSSY) {
    return malformed('only LOSSY messages go without a seq of 1, 2, 3 …');
  }
  if (seq === 0 && isDirected(message)) return malformed('a message to some needs a seq of 1, 2, 3 …');
  return undefined;
}

/** What is wrong with a message of `size` bytes that stands in the field `path`. */
export function refuseContent(
  message: MessageScan,
  size: number,
  { messageBytes }: Pick<CoreLimits, 'messageBytes'>,
  path: string,
): Refusal | undefined {
  const { room } = message;
  const at = (reason: Reason, fieldPath: string, problem: string) =>
    refuse(reason, `${fieldPath}: ${problem}`, { fieldPath, room });
  if (size > messageBytes) return at(Reason.TOO_LARGE, path, `${size} bytes; at most ${messageBytes}`);
  const delivery = deliveryOf(message);
  if (delivery > DeliveryClass.COUNTED) {
    return at(Reason.UNSUPPORTED, `${path}.delivery`, `${delivery} is not a delivery class`);
  }
  const typeProblem = messageTypeProblem(message.messageType);
  if (typeProblem !== undefined) return at(Reason.MALFORMED, `${path}.message_type`, typeProblem);
  if (Buffer.byteLength(message.key) > 64) return at(Reason.MALFORMED, `${path}.key`, 'at most 64 bytes');
  const keyed = delivery === DeliveryClass.LATEST || delivery === DeliveryClass.COUNTED;
  if (keyed && isDirected(message)) {
    return at(Reason.MALFORMED, `${path}.delivery`, 'LATEST and COUNTED go to the whole room');
  }
  if (delivery === DeliveryClass.COUNTED && Math.abs(message.count) > largestCount) {
    return at(Reason.MALFORMED, `${path}.count`, `${-largestCount} to ${largestCount}`);
  }
  return undefined;
}

/** Why a member may not say this. */
export function denyMessage(
  { delivery, messageType }: Pick<Publication, 'delivery' | 'messageType'>,
  { participant: { permissions } }: Member,
): Refusal | undefined {
  const deny = (detail: string) => refuse(Reason.DENIED, detail);
  if (permissions === undefined || permissions.muteMessages) {
    return deny('the token does not permit to send messages');
  }
  if (permissions.deliveries.length > 0 && !permissions.deliveries.includes(delivery)) {
    return deny('the token does not permit this delivery class');
  }
  if (permissions.sendTypes.length > 0 && !permissions.sendTypes.includes(messageType)) {
    return deny('the token does not permit messages of this message_type');
  }
  return undefined;
}
