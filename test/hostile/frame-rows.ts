import { Reason } from '../../gen/signalbox/v1/reason_pb.ts';
import { NextStep } from '../../gen/signalbox/v1/session_pb.ts';
import { join, lengthField, stretched, tag, varintField } from '../core/wire/bytes.ts';
import { type ClientBody, encodeFrame } from '../helpers/lane-client.ts';
import { fieldsOf } from '../helpers/wire-fields.ts';

/** Where a frame is sent from and to. */
export interface Place {
  readonly room: string;
  /** A participant of the room, who must not be disturbed. */
  readonly to: string;
  /** The sender itself. */
  readonly self: string;
  /** The next seq. */
  readonly seq: number;
}

/** What the gateway does with a frame. */
export type Verdict =
  /** The lane ends: Closed, and a status that says the same. */
  | {
      readonly is: 'closed';
      readonly reason: Reason;
      readonly next: NextStep;
      readonly status: string;
      readonly detail: RegExp;
    }
  /** The frame is refused: FrameError. The lane goes on. */
  | { readonly is: 'refused'; readonly reason: Reason; readonly field: string; readonly seq?: 0 }
  /** The record arrives at `to`, byte for byte. */
  | { readonly is: 'relayed' }
  /** Taken, and without effect. */
  | { readonly is: 'ignored' };

export type FrameRow = readonly [what: string, frame: (at: Place) => Uint8Array, verdict: Verdict];

const malformed = (detail: RegExp): Verdict => ({
  is: 'closed',
  reason: Reason.MALFORMED,
  next: NextStep.STOP,
  status: 'invalid_argument',
  detail,
});
const refused = (reason: Reason, field: string): Verdict => ({ is: 'refused', reason, field });
const refusedUnnumbered = (reason: Reason, field: string): Verdict => ({
  is: 'refused',
  reason,
  field,
  seq: 0,
});
const relayed: Verdict = { is: 'relayed' };
const ignored: Verdict = { is: 'ignored' };

export const numbered = (at: Place, ...parts: readonly Uint8Array[]) =>
  join(varintField(1, at.seq), ...parts);
/** `ClientFrame.signal` from the fields of a Signal. */
export const signal = (at: Place, ...fields: readonly Uint8Array[]) =>
  lengthField(3, join(lengthField(1, at.to), lengthField(2, 'main.x'), ...fields));
export const control = lengthField(6, varintField(1, 1));
export const message = (at: Place, ...fields: readonly Uint8Array[]) =>
  lengthField(4, join(lengthField(1, at.room), lengthField(3, 'chat'), ...fields));
const text = (length: number) => lengthField(6, 'x'.repeat(length));
const init = (at: Place, body: ClientBody) => encodeFrame({ seq: at.seq, body });
const manyFields = join(...Array.from({ length: 10_001 }, () => varintField(900, 0)));
const notUtf8 = [0x61, 0xff, 0xfe];

/** Frames of a client that has joined. The binary lanes get each as it is. */
export const frameRows: readonly FrameRow[] = [
  // Truncated.
  [
    'a signal that is cut off',
    (at) => numbered(at, signal(at, control)).subarray(0, -3),
    malformed(/^signal: ends behind/),
  ],
  [
    'a tag that is cut off',
    (at) => numbered(at, signal(at), new Uint8Array([0x80])),
    malformed(/invalid tag/),
  ],
  [
    'a length that is cut off',
    (at) => numbered(at, new Uint8Array([0x1a, 0x80])),
    malformed(/^signal: invalid length/),
  ],
  [
    'a text that ends behind its message',
    (at) => numbered(at, lengthField(3, [0x0a, 20, 0x61])),
    malformed(/^signal\.to: ends behind/),
  ],
  // Wrong types.
  ['seq as a text', (at) => join(lengthField(1, '7'), signal(at)), malformed(/^seq: wrong wire type/)],
  ['signal as a number', (at) => numbered(at, varintField(3, 1)), malformed(/^signal: wrong wire type/)],
  [
    'signal.to as a number',
    (at) => numbered(at, lengthField(3, varintField(1, 5))),
    malformed(/^signal\.to: wrong wire type/),
  ],
  [
    'seq above 32 bits',
    (at) => join(varintField(1, 2 ** 32), signal(at)),
    malformed(/^seq: value out of range/),
  ],
  [
    'a boolean of 2',
    (at) => numbered(at, signal(at, varintField(8, 2))),
    malformed(/^signal\.want_receipt: value out of range/),
  ],
  ['a group', (at) => numbered(at, join(tag(3, 3), tag(3, 4))), malformed(/^signal: wrong wire type/)],
  ['an unknown group', (at) => numbered(at, signal(at, join(tag(90, 3), tag(90, 4)))), malformed(/group/)],
  ['field number 0', (at) => numbered(at, new Uint8Array([0x02, 0])), malformed(/invalid field number/)],
  [
    'an over-long number',
    (at) => join(tag(1, 0), stretched(at.seq), signal(at)),
    malformed(/^seq: invalid varint/),
  ],
  ['bytes of nothing', () => new Uint8Array([0xff, 0xff, 0xff, 0xff]), malformed(/invalid tag/)],
  // Invalid UTF-8.
  [
    'signal.to that is not UTF-8',
    (at) => numbered(at, lengthField(3, lengthField(1, notUtf8))),
    malformed(/^signal\.to: invalid UTF-8/),
  ],
  [
    'an SDP that is not UTF-8',
    (at) => numbered(at, signal(at, lengthField(4, lengthField(2, notUtf8)))),
    malformed(/^signal\.description\.sdp: invalid UTF-8/),
  ],
  [
    'a chat text that is not UTF-8',
    (at) => numbered(at, message(at, lengthField(6, notUtf8))),
    malformed(/^message\.text: invalid UTF-8/),
  ],
  // What decoders would merge, or read the last of.
  [
    'seq given twice',
    (at) => join(varintField(1, at.seq), varintField(1, at.seq), signal(at)),
    malformed(/^seq: occurs twice/),
  ],
  [
    'a body given twice',
    (at) => numbered(at, signal(at, control), signal(at, control)),
    malformed(/^signal: a second value for body/),
  ],
  [
    'two bodies',
    (at) => numbered(at, signal(at, control), message(at, text(1))),
    malformed(/^message: a second value for body/),
  ],
  [
    'two receivers',
    (at) => numbered(at, signal(at, lengthField(1, 'x'))),
    malformed(/^signal\.to: occurs twice/),
  ],
  [
    'two payloads',
    (at) => numbered(at, signal(at, control, lengthField(4, []))),
    malformed(/a second value for payload/),
  ],
  ['10,001 fields', (at) => numbered(at, signal(at, manyFields)), malformed(/too many fields/)],
  // Wrong order.
  [
    'a gap in seq',
    (at) => numbered({ ...at, seq: at.seq + 1 }, signal(at, control)),
    {
      is: 'closed',
      reason: Reason.OUT_OF_ORDER,
      next: NextStep.RESUME,
      status: 'unavailable',
      detail: /was expected; send again from there/,
    },
  ],
  [
    'a second Hello',
    () => encodeFrame({ body: { case: 'hello', value: {} } }),
    refusedUnnumbered(Reason.OUT_OF_ORDER, ''),
  ],
  ['a signal without seq', (at) => signal(at, control), refusedUnnumbered(Reason.MALFORMED, 'seq')],
  ['a seq that was taken already', (at) => numbered({ ...at, seq: 1 }, signal(at, control)), ignored],
  // Values outside their range.
  [
    'a signal to nobody of the room',
    (at) => numbered(at, lengthField(3, lengthField(1, '1.nobody.1'))),
    refused(Reason.UNKNOWN_RECIPIENT, 'signal.to'),
  ],
  [
    'a signal to its sender',
    (at) => numbered(at, signal({ ...at, to: at.self }, control)),
    refused(Reason.MALFORMED, 'signal.to'),
  ],
  [
    'a signal without receiver',
    (at) => numbered(at, lengthField(3, control)),
    refused(Reason.MALFORMED, 'signal.to'),
  ],
  [
    'a connection_id of 33 bytes',
    (at) => numbered(at, lengthField(3, join(lengthField(1, at.to), lengthField(2, 'x'.repeat(33))))),
    refused(Reason.MALFORMED, 'signal.connection_id'),
  ],
  [
    'a message to another room',
    (at) => numbered(at, message({ ...at, room: 'elsewhere' }, text(1))),
    refused(Reason.NOT_JOINED, 'message.room'),
  ],
  [
    'a delivery class of 99',
    (at) => numbered(at, message(at, varintField(2, 99), text(1))),
    refused(Reason.UNSUPPORTED, 'message.delivery'),
  ],
  [
    'leaving a room that was not joined',
    (at) => init(at, { case: 'leave', value: { room: 'elsewhere' } }),
    refused(Reason.NOT_JOINED, 'leave.room'),
  ],
  [
    'a room name with a line break',
    (at) => init(at, { case: 'join', value: { room: 'a\nb' } }),
    refused(Reason.MALFORMED, 'join.room'),
  ],
  [
    'a name that turns the reading direction',
    (at) => init(at, { case: 'join', value: { room: at.room, name: 'a\u202eb' } }),
    refused(Reason.MALFORMED, 'join.name'),
  ],
  [
    'moderating without permission',
    (at) => init(at, { case: 'moderate', value: { room: at.room, participant: at.to, action: 3 } }),
    refused(Reason.DENIED, ''),
  ],
  [
    'a token that is none',
    (at) => init(at, { case: 'refreshToken', value: { token: 'none' } }),
    refused(Reason.TOKEN_INVALID, 'refresh_token.token'),
  ],
  // Nothing long is sent back: errors stand in the inbox beyond its bounds.
  [
    'leaving a room whose name has 200 KB',
    (at) => init(at, { case: 'leave', value: { room: 'x'.repeat(200_000) } }),
    refused(Reason.NOT_JOINED, 'leave.room'),
  ],
  [
    'joining a room whose name has 200 KB',
    (at) => init(at, { case: 'join', value: { room: 'x'.repeat(200_000) } }),
    refused(Reason.MALFORMED, 'join.room'),
  ],
  // Too large.
  [
    'a signal of 256 KiB and a byte',
    (at) => ofSize(256 * 1024 + 1, bodyLength, (filler) => numbered(at, signal(at, filler))),
    refused(Reason.TOO_LARGE, 'signal'),
  ],
  [
    'a message of 16 KiB and a byte',
    (at) => ofSize(16 * 1024 + 1, bodyLength, (filler) => numbered(at, message(at, filler))),
    refused(Reason.TOO_LARGE, 'message'),
  ],
  [
    'a frame of 272 KiB and a byte',
    (at) =>
      ofSize(
        272 * 1024 + 1,
        (frame) => frame.length,
        (filler) => numbered(at, filler),
      ),
    refused(Reason.TOO_LARGE, ''),
  ],
  // What the schema may grow to have: taken.
  [
    'an unknown field in the frame',
    (at) => numbered(at, lengthField(900, 'new'), signal(at, control)),
    relayed,
  ],
  [
    'unknown fields in a signal',
    (at) =>
      numbered(
        at,
        signal(
          at,
          control,
          varintField(900, 7),
          lengthField(901, notUtf8),
          join(tag(902, 5), [1, 2, 3, 4]),
          join(tag(903, 1), [1, 2, 3, 4, 5, 6, 7, 8]),
        ),
      ),
    relayed,
  ],
  ['an unknown payload', (at) => numbered(at, signal(at, lengthField(15, 'new'))), relayed],
  ['an unknown enum value', (at) => numbered(at, signal(at, lengthField(6, varintField(1, 99)))), relayed],
  [
    'a signal of exactly 256 KiB',
    (at) => ofSize(256 * 1024, bodyLength, (filler) => numbered(at, signal(at, filler))),
    relayed,
  ],
  ['an unknown body', (at) => numbered(at, lengthField(60, 'new')), ignored],
  ['no body', (at) => numbered(at), ignored],
];

/** The frame whose `length` is `bytes`, filled up with an unknown field. */
function ofSize(
  bytes: number,
  length: (frame: Uint8Array) => number,
  frame: (filler: Uint8Array) => Uint8Array,
): Uint8Array {
  let fill = bytes - 64;
  for (let tries = 0; tries < 4; tries++) {
    const made = frame(lengthField(900, new Uint8Array(fill)));
    const off = bytes - length(made);
    if (off === 0) return made;
    fill += off;
  }
  throw new Error(`no frame of ${bytes} bytes`);
}

function bodyLength(frame: Uint8Array): number {
  return fieldsOf(frame).find(({ number }) => number > 2)?.content.length ?? 0;
}
