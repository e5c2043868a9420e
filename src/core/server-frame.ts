import { create, toBinary } from '@bufbuild/protobuf';
import { durationFromMs, type Timestamp, timestampFromMs } from '@bufbuild/protobuf/wkt';
import { type ServerFrame, ServerFrameSchema } from '../../gen/signalbox/v1/frame_pb.ts';
import { type FrameError, FrameErrorSchema } from '../../gen/signalbox/v1/reason_pb.ts';
import { ClosedSchema } from '../../gen/signalbox/v1/session_pb.ts';
import { type Ending, isRetryable, type Refusal } from './refusal.ts';

/** What a ServerFrame says. */
export type ServerBody = Exclude<ServerFrame['body'], { case: undefined }>;

/** A ServerFrame without seq and ack, encoded. They are put in front of it as it is written. */
export function encodeBody(body: ServerBody): Uint8Array {
  return toBinary(ServerFrameSchema, create(ServerFrameSchema, { body }));
}

/** Longest name of a room, in UTF-16 units: what is longer is none, and is not sent back. */
const longestRoomName = 128;

/**
 * The FrameError for a refused frame; `seq` 0 for a frame that had none. It stands in the sender's inbox beyond its bounds,
 * so it never repeats at length what was sent.
 */
export function frameError(seq: number, refusal: Refusal): FrameError {
  const { room = '' } = refusal;
  return create(FrameErrorSchema, {
    seq,
    reason: refusal.reason,
    retryable: isRetryable(refusal.reason),
    detail: refusal.detail,
    fieldPath: refusal.fieldPath ?? '',
    room: room.length > longestRoomName ? '' : room,
    ...(refusal.retryAfterMs === undefined ? {} : { retryAfter: durationFromMs(refusal.retryAfterMs) }),
  });
}

/** The Closed frame that goes before the end of a lane. */
export function encodeClosed(ending: Ending): Uint8Array {
  const value = create(ClosedSchema, {
    reason: ending.reason,
    nextStep: ending.nextStep,
    detail: ending.detail,
    endpoints: [...(ending.endpoints ?? [])],
    ...(ending.retryAfterMs === undefined ? {} : { retryAfter: durationFromMs(ending.retryAfterMs) }),
  });
  return encodeBody({ case: 'closed', value });
}

/** A Timestamp field for `milliseconds` since 1970; nothing for Infinity. */
export function timestampField<Name extends string>(
  name: Name,
  milliseconds: number,
): Partial<Record<Name, Timestamp>> {
  if (!Number.isFinite(milliseconds)) return {};
  return { [name]: timestampFromMs(milliseconds) } as Record<Name, Timestamp>;
}

/** The FrameError of a refused frame, as a ServerFrame without seq and ack. */
export function encodeFrameError(seq: number, refusal: Refusal): Uint8Array {
  return encodeBody({ case: 'error', value: frameError(seq, refusal) });
}

/** The same as a message of its own, for the answer of SendFrames. */
export function encodeFrameErrorMessage(seq: number, refusal: Refusal): Uint8Array {
  return toBinary(FrameErrorSchema, frameError(seq, refusal));
}
