import { create } from '@bufbuild/protobuf';
import { durationFromMs } from '@bufbuild/protobuf/wkt';
import { Code, ConnectError } from '@connectrpc/connect';
import { ClosedSchema } from '../../../gen/signalbox/v1/session_pb.ts';
import type { Ending } from '../../core/refusal.ts';
import type { SendFrames } from '../../core/send-frames.ts';
import type { UnaryHandler } from './call.ts';
import { peerOf } from './peer.ts';
import { codeOf } from './signaling-lane.ts';
import { sendResponse, splitSendRequest } from './signaling-messages.ts';

/** The `SendFrames` rpc on the core's port. Frames pass through as they are. */
export function sendFramesHandler(sendFrames: SendFrames): UnaryHandler {
  return (request, caller, done) => {
    const parts = splitSendRequest(request);
    if (parts === undefined) {
      done(new ConnectError('SendFramesRequest: malformed, or a field given twice', Code.InvalidArgument));
      return;
    }
    sendFrames({ ...parts, peer: peerOf(caller) }, (result) => {
      done(result.kind === 'done' ? sendResponse(result.ack, result.errors) : endingError(result.ending));
    });
  };
}

/** The error of a call that is refused as a whole. Its detail is the `Closed` that a stream would have ended with. */
function endingError(ending: Ending): ConnectError {
  const code = ending.status === 'ok' ? Code.Aborted : codeOf[ending.status];
  const error = new ConnectError(ending.detail, code);
  const closed = create(ClosedSchema, {
    reason: ending.reason,
    nextStep: ending.nextStep,
    detail: ending.detail,
    ...(ending.retryAfterMs === undefined ? {} : { retryAfter: durationFromMs(ending.retryAfterMs) }),
  });
  error.details = [{ desc: ClosedSchema, value: closed }];
  return error;
}
