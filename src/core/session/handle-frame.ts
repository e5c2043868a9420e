import { create, fromBinary } from '@bufbuild/protobuf';
import { ClientFrameSchema, PongSchema } from '../../../gen/signalbox/v1/frame_pb.ts';
import { Reason } from '../../../gen/signalbox/v1/reason_pb.ts';
import type { Eventually } from '../eventually.ts';
import { type Refusal, refuse } from '../refusal.ts';
import { type FrameScan, MESSAGE_BODY, SIGNAL_BODY } from '../wire/scan.ts';
import { handleJoin, handleLeave } from './handle-join.ts';
import { handleMessage } from './handle-message.ts';
import { handleModerate } from './handle-moderate.ts';
import { handleClientState, handleRefreshToken, handleSetWill } from './handle-session.ts';
import { handleSignal } from './handle-signal.ts';
import { handleUpdate } from './handle-update.ts';
import type { Session } from './session.ts';

/** Nothing: carried out. */
export type Outcome = Eventually<Refusal | undefined>;

/**
 * Carries out one checked frame. The two that are relayed are never decoded; the others are rare.
 *
 * `scan` is used again for the next frame: whoever goes on later copies what it needs.
 */
export function handleFrame(session: Session, bytes: Uint8Array, scan: FrameScan): Outcome {
  if (scan.body === SIGNAL_BODY) return needsSeq(scan) ?? handleSignal(session, bytes, scan);
  if (scan.body === MESSAGE_BODY) return handleMessage(session, bytes, scan);
  if (scan.body === 0) return undefined;
  // What a newer schema or an attacker adds is not carried into rosters, past all limits.
  const { body } = fromBinary(ClientFrameSchema, bytes, { readUnknownFields: false });
  switch (body.case) {
    case 'ping':
      session.outgoing.tell({ case: 'pong', value: create(PongSchema, { id: body.value.id }) });
      return undefined;
    case 'pong':
    case 'report':
      return undefined;
    case 'clientState':
      return handleClientState(session, body.value);
    case 'join':
      return needsSeq(scan) ?? handleJoin(session, body.value);
    case 'leave':
      return needsSeq(scan) ?? handleLeave(session, body.value);
    case 'updateParticipant':
      return needsSeq(scan) ?? handleUpdate(session, body.value);
    case 'setWill':
      return needsSeq(scan) ?? handleSetWill(session, body.value, bytes, scan);
    case 'refreshToken':
      return needsSeq(scan) ?? handleRefreshToken(session, body.value);
    case 'moderate':
      return needsSeq(scan) ?? handleModerate(session, body.value);
    case 'hello':
      return refuse(Reason.OUT_OF_ORDER, 'hello opens a stream; this one is open');
    default:
      return undefined;
  }
}

function needsSeq(scan: FrameScan): Refusal | undefined {
  if (scan.seq > 0) return undefined;
  return refuse(Reason.MALFORMED, 'seq: this frame needs delivery, and so a seq of 1, 2, 3 …', {
    fieldPath: 'seq',
  });
}
