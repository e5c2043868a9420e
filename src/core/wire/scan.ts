import { Reason } from '../../../gen/signalbox/v1/reason_pb.ts';
import { clientFrameShape, SLOTS, Slot } from './frame-slots.ts';
import { RecordChecker } from './record-checker.ts';
import { readText } from './utf8.ts';
import { varintSize } from './varint.ts';

/** Numbers of the bodies that the scan looks into; they are the same in ClientFrame and ServerFrame. */
export const SIGNAL_BODY = 3;
export const MESSAGE_BODY = 4;
const SET_WILL_BODY = 19;

/** Why a frame is refused. A `Refusal` as it stands. */
export interface ScanError {
  readonly reason: typeof Reason.MALFORMED;
  /** `signal.description.sdp: invalid UTF-8`. English, for developers; nothing of the frame's content. */
  readonly detail: string;
  /** `signal.description.sdp`; '' when the fault is in the frame itself. */
  readonly fieldPath: string;
}

/**
 * What the relay needs to know of one `ClientFrame`, found without decoding it. Filled by `scanClientFrame`, used
 * again for the next frame: copy what outlives it. Offsets count from the first byte of the frame. It holds no
 * reference to the frame.
 */
export class FrameScan {
  /** `ClientFrame.seq` and `.ack`. */
  seq = 0;
  ack = 0;
  /** Field number of the body in `ClientFrame`; 0: a bare acknowledgement, or a body of a newer schema. */
  body = 0;
  /** The body as it stands in the frame, tag and length included: what is relayed is `recordStart` to `bodyEnd`. */
  recordStart = 0;
  /** The encoded message of the body alone. */
  bodyStart = 0;
  bodyEnd = 0;
  /** Filled when `body` is SIGNAL_BODY. */
  readonly signal = new SignalScan();
  /** Filled when `body` is MESSAGE_BODY; and for SetWill, when it has a message. */
  readonly message = new MessageScan();

  /** @internal */
  readonly checker = new RecordChecker(SLOTS);
}

/** What the relay needs of a `Signal`. */
export class SignalScan {
  to = '';
  /** Name of the room; only meant where `to` is empty. */
  room = '';
  connectionIdBytes = 0;
  negotiationId = 0;
  /** Field number in `Signal`: 4 description, 5 candidates, 6 control, 7 sealed; 0 none, or one of a newer schema. */
  payload = 0;
  /** SessionDescription.Type; may be a number that the schema does not know. */
  sdpType = 0;
  /** How many new candidates. */
  candidates = 0;
  /** SignalKind of a sealed payload. */
  sealedKind = 0;
  wantReceipt = false;
}

/** What the relay needs of a `DataMessage`. */
export class MessageScan {
  /** The encoded message alone, as offsets into the frame; both 0 when there is none. */
  start = 0;
  end = 0;
  room = '';
  /** DeliveryClass; may be a number that the schema does not know. */
  delivery = 0;
  messageType = '';
  key = '';
  toParticipant = '';
  toIdentity = '';
  toRole = '';
  /** COUNTED: the increment; above 2^53 rounded. */
  count = 0;
  /** Field number in `DataMessage`: 5 payload, 6 text; 0 none, or one of a newer schema. */
  content = 0;
  contentBytes = 0;
}

/**
 * Checks the bytes of one `ClientFrame` and fills `scan`.
 *
 * What it takes, every protobuf decoder takes and reads alike, so that its records may be relayed byte for byte;
 * `RecordChecker.check` says what is refused. After a refusal `scan` still holds the frame before.
 */
export function scanClientFrame(bytes: Uint8Array, scan: FrameScan): ScanError | undefined {
  const fault = scan.checker.check(clientFrameShape, bytes);
  if (fault !== undefined)
    return { reason: Reason.MALFORMED, detail: fault.detail, fieldPath: fault.fieldPath };
  const { values, starts, ends } = scan.checker;
  scan.seq = values[Slot.seq] as number;
  scan.ack = values[Slot.ack] as number;
  scan.body = values[Slot.body] as number;
  scan.bodyStart = starts[Slot.body] as number;
  scan.bodyEnd = ends[Slot.body] as number;
  scan.recordStart = 0;
  if (scan.body === 0) return undefined;
  scan.recordStart = scan.bodyStart - varintSize(scan.bodyEnd - scan.bodyStart) - varintSize(scan.body << 3);
  if (scan.body === SIGNAL_BODY) fillSignal(scan, bytes);
  else if (scan.body === MESSAGE_BODY) fillMessage(scan, bytes, Slot.body);
  else if (scan.body === SET_WILL_BODY) fillMessage(scan, bytes, Slot.willMessage);
  return undefined;
}

function fillSignal(scan: FrameScan, bytes: Uint8Array): void {
  const { values, starts, ends } = scan.checker;
  const signal = scan.signal;
  signal.to = textAt(scan, bytes, Slot.to);
  signal.room = textAt(scan, bytes, Slot.room);
  signal.connectionIdBytes = (ends[Slot.connectionId] as number) - (starts[Slot.connectionId] as number);
  signal.negotiationId = values[Slot.negotiationId] as number;
  signal.payload = values[Slot.payload] as number;
  signal.sdpType = values[Slot.sdpType] as number;
  signal.candidates = values[Slot.candidates] as number;
  signal.sealedKind = values[Slot.sealedKind] as number;
  signal.wantReceipt = values[Slot.wantReceipt] === 1;
}

function fillMessage(scan: FrameScan, bytes: Uint8Array, slot: number): void {
  const { values, starts, ends } = scan.checker;
  const message = scan.message;
  message.start = starts[slot] as number;
  message.end = ends[slot] as number;
  message.room = textAt(scan, bytes, Slot.messageRoom);
  message.delivery = values[Slot.delivery] as number;
  message.messageType = textAt(scan, bytes, Slot.messageType);
  message.key = textAt(scan, bytes, Slot.key);
  message.toParticipant = textAt(scan, bytes, Slot.toParticipant);
  message.toIdentity = textAt(scan, bytes, Slot.toIdentity);
  message.toRole = textAt(scan, bytes, Slot.toRole);
  message.count = values[Slot.count] as number;
  message.content = values[Slot.content] as number;
  message.contentBytes = (ends[Slot.content] as number) - (starts[Slot.content] as number);
}

function textAt(scan: FrameScan, bytes: Uint8Array, slot: number): string {
  return readText(bytes, scan.checker.starts[slot] as number, scan.checker.ends[slot] as number);
}
