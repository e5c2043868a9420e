/** Types of frames (RFC 9113, section 6). */
export const FrameType = {
  DATA: 0,
  HEADERS: 1,
  PRIORITY: 2,
  RST_STREAM: 3,
  SETTINGS: 4,
  PUSH_PROMISE: 5,
  PING: 6,
  GOAWAY: 7,
  WINDOW_UPDATE: 8,
  CONTINUATION: 9,
} as const;

/** Flags of frames; each type has its own (RFC 9113, section 6). */
export const Flag = { NONE: 0, END_STREAM: 1, ACK: 1, END_HEADERS: 4, PADDED: 8, PRIORITY: 0x20 } as const;

/** RFC 9113, section 7. */
export const ErrorCode = {
  NO_ERROR: 0,
  PROTOCOL_ERROR: 1,
  INTERNAL_ERROR: 2,
  FLOW_CONTROL_ERROR: 3,
  STREAM_CLOSED: 5,
  FRAME_SIZE_ERROR: 6,
  REFUSED_STREAM: 7,
  CANCEL: 8,
  COMPRESSION_ERROR: 9,
  ENHANCE_YOUR_CALM: 11,
} as const;

/** RFC 9113, section 6.5.2. */
export const Setting = {
  HEADER_TABLE_SIZE: 1,
  ENABLE_PUSH: 2,
  MAX_CONCURRENT_STREAMS: 3,
  INITIAL_WINDOW_SIZE: 4,
  MAX_FRAME_SIZE: 5,
  MAX_HEADER_LIST_SIZE: 6,
} as const;

/** Bytes before the payload of each frame. */
export const FRAME_HEAD_BYTES = 9;
/** Where the flags are in it. */
export const FLAGS_AT = 4;
/** What both sides have until they say otherwise: windows, and the longest payload. */
export const INITIAL_WINDOW_BYTES = 65_535;
export const INITIAL_FRAME_BYTES = 16_384;
/** The widest window (RFC 9113, section 6.9.1). */
export const MOST_WINDOW_BYTES = 2 ** 31 - 1;

/** What a client begins with (RFC 9113, section 3.4). */
export const CLIENT_PREFACE: Uint8Array = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'latin1');

/** The peer broke the protocol: its connection ends with a GOAWAY of this code (RFC 9113, section 5.4.1). */
export class Http2Fault extends Error {
  override readonly name = 'Http2Fault';
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

export function protocolError(message: string): Http2Fault {
  return new Http2Fault(ErrorCode.PROTOCOL_ERROR, message);
}
