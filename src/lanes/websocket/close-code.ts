import type { LaneEndStatus } from '../../core/lane.ts';

/** Close codes that the gateway sends besides {@link closeCodeOf} (RFC 6455 section 7.4.1). */
export const CloseCode = {
  NORMAL: 1000,
  /** A frame that breaks RFC 6455: mask, reserved bits, opcode, length, fragmentation, close payload. */
  PROTOCOL_ERROR: 1002,
  /** A text message where the subprotocol takes binary ones, or the reverse. */
  UNSUPPORTED_DATA: 1003,
  /** A text message or close reason that is not UTF-8. */
  INVALID_TEXT: 1007,
  /** Frame after frame, and no whole message. */
  POLICY_VIOLATION: 1008,
  /** A message above the announced limit. */
  TOO_BIG: 1009,
} as const;

/** Private-use close codes: 4000 + the gRPC status code of the same name. */
const codes: Readonly<Record<LaneEndStatus, number>> = {
  ok: CloseCode.NORMAL,
  invalid_argument: 4003,
  deadline_exceeded: 4004,
  permission_denied: 4007,
  resource_exhausted: 4008,
  aborted: 4010,
  internal: 4013,
  unavailable: 4014,
  unauthenticated: 4016,
};

/** The close code that tells a client why the gateway ended its lane: 1000, or 4000 + gRPC code. */
export function closeCodeOf(status: LaneEndStatus): number {
  return codes[status];
}

/** Whether an endpoint may send `code` in a Close frame (RFC 6455 section 7.4; 1012–1014 from IANA's registry). */
export function isSendableCloseCode(code: number): boolean {
  if (code >= 3000) return code <= 4999;
  return code >= 1000 && code <= 1014 && code !== 1004 && code !== 1005 && code !== 1006;
}

/** Longest reason of a Close frame: 125 bytes of control payload less the code. */
const REASON_BYTES = 123;

/** One unmasked Close frame; a reason above 123 bytes of UTF-8 is cut at a code point. */
export function closeFrame(code: number, reason: string): Uint8Array {
  const text = Buffer.from(reason, 'utf8');
  let length = Math.min(text.length, REASON_BYTES);
  if (length < text.length) while (length > 0 && ((text[length] ?? 0) & 0xc0) === 0x80) length--;
  const frame = Buffer.allocUnsafe(4 + length);
  frame[0] = 0x88;
  frame[1] = 2 + length;
  frame.writeUInt16BE(code, 2);
  text.copy(frame, 4, 0, length);
  return frame;
}
