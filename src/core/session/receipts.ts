import { create } from '@bufbuild/protobuf';
import { ReceiptSchema } from '../../../gen/signalbox/v1/frame_pb.ts';
import { Reason } from '../../../gen/signalbox/v1/reason_pb.ts';
import type { FlaggedFrame } from '../engine.ts';
import { encodeBody } from '../server-frame.ts';
import { inBackground } from './in-background.ts';
import type { SessionHost } from './session-host.ts';

/** Why what stood in the inbox of a session was not delivered, by why the session ended. */
export function undeliveredBecause(ended: Reason): Reason {
  if (ended === Reason.LEASE_EXPIRED) return Reason.WINDOW_EXPIRED;
  return ended === Reason.SLOW_CONSUMER ? Reason.INBOX_OVERFLOW : Reason.RECIPIENT_LEFT;
}

/** Tells senders what became of their signals: delivered, or why not. */
export function sendReceipts(host: SessionHost, flagged: readonly FlaggedFrame[], reason: Reason): void {
  for (const { sender, senderSeq } of flagged) {
    const value = create(ReceiptSchema, { seq: senderSeq, delivered: reason === Reason.UNSPECIFIED, reason });
    const tell = () => host.engine.appendOwn(sender, encodeBody({ case: 'receipt', value }));
    inBackground(host, 'a receipt could not be stored', tell);
  }
}
