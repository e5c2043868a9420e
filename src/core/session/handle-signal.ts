import { Reason } from '../../../gen/signalbox/v1/reason_pb.ts';
import type { AppendOutcome } from '../engine.ts';
import { when } from '../eventually.ts';
import { isRefusal, type Refusal, refuse } from '../refusal.ts';
import type { Member } from '../room/member.ts';
import { encodeRelayed } from '../wire/origin.ts';
import type { FrameScan, SignalScan } from '../wire/scan.ts';
import type { Outcome } from './handle-frame.ts';
import type { Membership } from './membership.ts';
import { sendReceipts } from './receipts.ts';
import type { Session } from './session.ts';

const connectionIdBytes = 32;

/** Relays a signal. Whoever wants a receipt gets one in any case, beside the error of a signal that is refused. */
export function handleSignal(session: Session, bytes: Uint8Array, scan: FrameScan): Outcome {
  if (!scan.signal.wantReceipt) return relay(session, bytes, scan);
  const asked = { sender: session.id, senderSeq: scan.seq };
  return when(relay(session, bytes, scan), (refusal) => {
    if (refusal !== undefined) sendReceipts(session.host, [asked], refusal.reason);
    return refusal;
  });
}

/** Its bytes go into the receiver's inbox as they are, with the gateway's Origin beside them. */
function relay(session: Session, bytes: Uint8Array, scan: FrameScan): Outcome {
  const { signal, recordStart, bodyStart, bodyEnd } = scan;
  const { host } = session;
  const size = bodyEnd - bodyStart;
  if (size > host.limits.signalBytes) {
    const detail = `signal: ${size} bytes; at most ${host.limits.signalBytes}`;
    return refuse(Reason.TOO_LARGE, detail, { fieldPath: 'signal' });
  }
  if (signal.connectionIdBytes > connectionIdBytes) {
    const fieldPath = 'signal.connection_id';
    return refuse(Reason.MALFORMED, `${fieldPath}: at most ${connectionIdBytes} bytes`, { fieldPath });
  }
  const route = signal.to === '' ? routeToHub(session, signal) : routeTo(session, signal);
  if (isRefusal(route)) return route;
  const { membership, self, target } = route;
  const refusal = refuseSignal(membership, self, target);
  if (refusal !== undefined) return refusal;
  const stamp = { senderSeq: scan.seq, acceptedAtMs: host.clock.now() };
  const record = bytes.subarray(recordStart, bodyEnd);
  const appended = host.engine.append(target.session.id, {
    sender: session.id,
    senderSeq: scan.seq,
    body: encodeRelayed(record, membership.signalOrigin, stamp, host.slab),
    pool: host.pool,
    wantReceipt: signal.wantReceipt,
  });
  return when(appended, refusalOf);
}

interface Route {
  readonly membership: Membership;
  readonly self: Member;
  readonly target: Member;
}

/** A participant id names its room: it is looked for in the rooms of the sender. */
function routeTo(session: Session, { to }: SignalScan): Route | Refusal {
  const fieldPath = 'signal.to';
  let hasLeft = false;
  for (const membership of session.rooms.values()) {
    const { self, view } = membership;
    const target = membership.member(to);
    if (self !== undefined && target !== undefined) return { membership, self, target };
    hasLeft ||= view.members.hasLeft(to);
  }
  if (hasLeft) return refuse(Reason.RECIPIENT_LEFT, 'the participant has left', { fieldPath });
  if (session.rooms.size === 0) {
    return refuse(Reason.NOT_JOINED, 'join a room before you signal to its participants', { fieldPath });
  }
  return refuse(Reason.UNKNOWN_RECIPIENT, 'no participant of your rooms has this id', { fieldPath });
}

function routeToHub(session: Session, { room }: SignalScan): Route | Refusal {
  const [only] = session.rooms.size === 1 ? session.rooms.values() : [];
  const membership = room === '' ? only : session.rooms.get(room);
  const self = membership?.self;
  if (membership === undefined || self === undefined) {
    const detail =
      'signal.to is empty: join a HUB room first, and name it in signal.room when you are in several';
    return refuse(Reason.NOT_JOINED, detail, { fieldPath: 'signal.room', room });
  }
  const { view, name } = membership;
  if (!view.hasHubs) {
    return refuse(Reason.MALFORMED, 'signal.to: required, as this is not a HUB room', {
      fieldPath: 'signal.to',
      room: name,
    });
  }
  const target = self.hub === '' ? undefined : view.members.get(self.hub);
  if (target === undefined) {
    return refuse(Reason.NO_HUB, 'there is no hub in this room at the moment', {
      room: name,
      retryAfterMs: 1000,
    });
  }
  return { membership, self, target };
}

function refuseSignal({ view, name }: Membership, self: Member, target: Member): Refusal | undefined {
  if (!self.maySignal) {
    return refuse(Reason.DENIED, 'the token does not permit to send signals', { room: name });
  }
  if (target === self) {
    return refuse(Reason.MALFORMED, 'signal.to: this is the sender itself', {
      fieldPath: 'signal.to',
      room: name,
    });
  }
  if (view.hasHubs && !self.isHub && !target.isHub) {
    return refuse(Reason.DENIED, 'in a HUB room signals go to a hub or come from one', {
      fieldPath: 'signal.to',
      room: name,
    });
  }
  return undefined;
}

function refusalOf(outcome: AppendOutcome): Refusal | undefined {
  if (outcome === 'overflow') return overflow;
  return outcome === 'gone' ? gone : undefined;
}

const overflow = refuse(
  Reason.INBOX_OVERFLOW,
  "the receiver's inbox is full: it reads too slowly or is away",
  {
    retryAfterMs: 1000,
  },
);
const gone = refuse(Reason.RECIPIENT_LEFT, "the receiver's session has ended");
