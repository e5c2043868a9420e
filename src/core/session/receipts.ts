import { create } from '@bufbuild/protobuf';
import { ReceiptSchema } from '../../../gen/signalbox/v1/frame_pb.ts';
import { Reason } from '../../../gen/signalbox/v1/reason_pb.ts';
import type { Engine, FlaggedFrame } from '../engine.ts';
import { encodeBody } from '../server-frame.ts';

/** Tells senders what became of their signals: delivered, or why not. */
export function sendReceipts(engine: Engine, flagged: readonly FlaggedFrame[], reason: Reason): void {
  for (const { sender, senderSeq } of flagged) {
    const value = create(ReceiptSchema, { seq: senderSeq, delivered: reason === Reason.UNSPECIFIED, reason });
    void engine.appendOwn(sender, encodeBody({ case: 'receipt', value }));
  }
}
