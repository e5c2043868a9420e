import type { Violation } from './history.ts';
import {
  type Delivery,
  type SentFrame,
  type SessionRecord,
  type Sessions,
  sessionOf,
} from './history-sessions.ts';

/** Deliveries of one frame. */
interface Copies {
  readonly frame: SentFrame;
  readonly sender: SessionRecord;
  readonly all: Delivery[];
}

/**
 * Acknowledged ⊆ delivered ∪ told; no frame twice; order per (sender, destination); nothing both refused and delivered;
 * what comes is what was sent; receipts once and true.
 */
export function checkDelivery(sessions: Sessions): Violation[] {
  const violations: Violation[] = [];
  const copies = new Map<string, Copies>();
  for (const sender of sessions.sessions.values()) {
    for (const frame of sender.sent) copies.set(keyOf(sender.id, frame.seq), { frame, sender, all: [] });
  }
  for (const [client, deliveries] of sessions.deliveries) {
    const newest = new Map<string, number>();
    for (const delivery of deliveries) {
      const { sender, senderSeq, room, session } = delivery;
      const at = (rule: Violation['rule'], what: string) =>
        violations.push({ rule, client, detail: `${what}: ${sender} #${senderSeq} "${delivery.text}"` });
      const from = sessionOf(sender, sessions.participants);
      const found = copies.get(keyOf(from, senderSeq));
      if (
        found === undefined ||
        found.frame.text !== delivery.text ||
        !isFor(found.frame, delivery, sessions)
      ) {
        at('forged', `came to ${room || 'the inbox'}, and nobody sent it there`);
        continue;
      }
      const stream = `${session} ${from} ${room}`;
      const last = newest.get(stream) ?? 0;
      if (found.all.some((other) => other.client === client && other.session === session)) {
        at('duplicate', 'came again');
      } else if (senderSeq < last) at('reordered', `came behind #${last}`);
      newest.set(stream, Math.max(last, senderSeq));
      found.all.push(delivery);
    }
  }
  for (const one of copies.values()) violations.push(...checkFrame(one, sessions));
  return violations;
}

function checkFrame({ frame, sender, all }: Copies, sessions: Sessions): Violation[] {
  const violations: Violation[] = [];
  const { seq, to, wantReceipt } = frame;
  const target = to.kind === 'participant' ? to.id : `room ${to.name}`;
  const add = (rule: Violation['rule'], detail: string) =>
    violations.push({
      rule,
      client: sender.client,
      detail: `#${seq} "${frame.text}" to ${target}: ${detail}`,
    });
  const refusals = sender.errors.get(seq)?.size ?? (sender.refused.has(seq) ? 1 : 0);
  if (refusals > 1) add('refused-twice', `${refusals} Errors`);
  if (refusals > 0 && all.length > 0) add('refused-and-delivered', `and came to ${all[0]?.client}`);
  const live = sender.holders.has(frame.client);
  // The Errors behind an answer of SendFrames come by the lane: they may be lost with the session.
  const acked = (live ? sender.acked : sender.ackedByLane) >= seq;
  if (!acked && live) add('unsettled', `the session lives, and is acknowledged up to ${sender.acked} only`);
  // With a Resync the sender was told that Errors of its own may be lost.
  if (acked && refusals === 0 && !sender.resynced) {
    if (to.kind === 'participant') checkArrival(frame, to.id, live ? sender : undefined, all, sessions, add);
    // Whether the other members have it is for `room-order` and `room-equal`: they have all of the room's log, or none.
    // Who has left does not read on.
    else if (
      live &&
      all.every(({ client }) => client !== frame.client) &&
      (sender.leftBehind.get(to.name) ?? 0) < seq &&
      !sender.missed.has(to.name)
    ) {
      add('lost', 'acknowledged, and its sender has no echo');
    }
  }
  const receipts = [...(sender.receipts.get(seq)?.values() ?? [])];
  if (receipts.length > 0 && !wantReceipt) add('receipts', 'a receipt that nobody asked for');
  if (receipts.length > 1) add('receipts', `${receipts.length} receipts`);
  if (receipts.includes(true) && all.length === 0) add('receipts', 'DELIVERED, and it never came');
  if (wantReceipt && acked && refusals === 0 && live && receipts.length === 0 && !sender.resynced) {
    add('receipts', 'no receipt');
  }
  return violations;
}

function checkArrival(
  { seq }: SentFrame,
  participant: string,
  sender: SessionRecord | undefined,
  all: readonly Delivery[],
  { participants, sessions }: Sessions,
  add: (rule: Violation['rule'], detail: string) => void,
): void {
  if (all.length > 0) return;
  const receiver = participants.get(participant);
  const session = sessions.get(sessionOf(participant, participants));
  if (session?.resynced) return;
  if (session !== undefined && session.holders.size > 0)
    add('lost', 'acknowledged, and never came, though the receiver lives');
  // The receiver's session was lost: the roster tells, to a sender who still looks at it.
  else if (sender !== undefined && !isTold(sender, seq, participant, receiver?.room ?? '')) {
    add('untold', 'acknowledged, never came, and the roster still lists the receiver');
  }
}

/** By a receipt, or by the roster; a sender that has left the room looks at it no longer. */
function isTold(sender: SessionRecord, seq: number, participant: string, room: string): boolean {
  if ([...(sender.receipts.get(seq)?.values() ?? [])].includes(false)) return true;
  // Who lost its session before it learned that it was in: the room is not known here.
  const left = room === '' ? [...sender.leftBehind.values()] : [sender.leftBehind.get(room) ?? 0];
  return sender.goneForIt.has(participant) || left.some((newest) => newest >= seq);
}

function isFor({ to }: SentFrame, { session, room }: Delivery, { participants }: Sessions): boolean {
  if (to.kind === 'room') return to.name === room;
  return sessionOf(to.id, participants) === session;
}

function keyOf(session: string, seq: number): string {
  return `${session} ${seq}`;
}
