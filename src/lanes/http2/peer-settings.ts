import { uint32At } from './frame-reader.ts';
import {
  ErrorCode,
  Http2Fault,
  INITIAL_FRAME_BYTES,
  INITIAL_WINDOW_BYTES,
  MOST_WINDOW_BYTES,
  Setting,
} from './protocol.ts';

const ENTRY_BYTES = 6;
/** There are ten of them. */
const MOST_ENTRIES = 32;
const MOST_FRAME_BYTES = 2 ** 24 - 1;

/** What the peer of a connection has said about itself (RFC 9113, section 6.5.2), as far as it matters to a server. */
export class PeerSettings {
  /** Bytes of DATA that it takes on a new stream. */
  windowBytes = INITIAL_WINDOW_BYTES;

  /**
   * Takes a SETTINGS frame.
   * @throws Http2Fault a value is out of its range
   */
  read(bytes: Uint8Array, start: number, end: number): void {
    if ((end - start) % ENTRY_BYTES !== 0) throw new Http2Fault(ErrorCode.FRAME_SIZE_ERROR, 'SETTINGS');
    if (end - start > MOST_ENTRIES * ENTRY_BYTES) {
      throw new Http2Fault(ErrorCode.ENHANCE_YOUR_CALM, 'SETTINGS of many entries');
    }
    for (let at = start; at < end; at += ENTRY_BYTES) {
      this.#set(((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0), uint32At(bytes, at + 2));
    }
  }

  #set(setting: number, value: number): void {
    switch (setting) {
      case Setting.ENABLE_PUSH:
        if (value > 1) throw new Http2Fault(ErrorCode.PROTOCOL_ERROR, 'SETTINGS_ENABLE_PUSH');
        return;
      case Setting.INITIAL_WINDOW_SIZE:
        if (value > MOST_WINDOW_BYTES) {
          throw new Http2Fault(ErrorCode.FLOW_CONTROL_ERROR, 'SETTINGS_INITIAL_WINDOW_SIZE');
        }
        this.windowBytes = value;
        return;
      case Setting.MAX_FRAME_SIZE:
        if (value < INITIAL_FRAME_BYTES || value > MOST_FRAME_BYTES) {
          throw new Http2Fault(ErrorCode.PROTOCOL_ERROR, 'SETTINGS_MAX_FRAME_SIZE');
        }
    }
  }
}
