import { type DecodedFields, HpackDecoder } from './hpack/decoder.ts';
import { HpackError } from './hpack/hpack-error.ts';
import type { Http2Limits } from './http2-owner.ts';
import { ErrorCode, Http2Fault } from './protocol.ts';

/** SETTINGS_HEADER_TABLE_SIZE is not announced: this is what a peer may use. */
const TABLE_BYTES = 4_096;

/** The header blocks of one connection, in their order. */
export class HeaderDecoder {
  readonly #hpack: HpackDecoder;

  constructor({ headerBytes, headerCount }: Http2Limits) {
    this.#hpack = new HpackDecoder({ tableBytes: TABLE_BYTES, listBytes: headerBytes, fields: headerCount });
  }

  /** @throws Http2Fault it is no HPACK */
  decode(block: Uint8Array): DecodedFields {
    try {
      return this.#hpack.decode(block);
    } catch (error) {
      if (!(error instanceof HpackError)) throw error;
      throw new Http2Fault(ErrorCode.COMPRESSION_ERROR, error.message);
    }
  }
}
