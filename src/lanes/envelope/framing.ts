import type { DescMessage } from '@bufbuild/protobuf';
import { fromBinary, type JsonWriteOptions, type Registry, toJsonString } from '@bufbuild/protobuf';
import type { Framing, PrefixFraming, TranscodeFraming } from '../../core/lane.ts';
import { type Codec, compressedFlag } from './connect-protocol.ts';
import { prefixBytes } from './envelope-reader.ts';
import { deflate } from './gzip.ts';

const encoder = new TextEncoder();

/** Writes the 5 bytes before a message; returns the position behind them. */
export function writeEnvelopePrefix(
  out: Uint8Array,
  position: number,
  flags: number,
  length: number,
): number {
  out[position] = flags;
  out[position + 1] = length >>> 24;
  out[position + 2] = length >>> 16;
  out[position + 3] = length >>> 8;
  out[position + 4] = length;
  return position + prefixBytes;
}

/** One envelope. */
export function envelope(flags: number, message: Uint8Array): Uint8Array {
  const out = new Uint8Array(prefixBytes + message.byteLength);
  out.set(message, writeEnvelopePrefix(out, 0, flags, message.byteLength));
  return out;
}

/** One envelope, its message compressed if it is at least `minBytes` long. */
export function compressedEnvelope(message: Uint8Array, minBytes: number): Uint8Array {
  return message.byteLength < minBytes ? envelope(0, message) : envelope(compressedFlag, deflate(message));
}

/** Binary messages, not compressed: the same bytes on gRPC, gRPC-Web and Connect, so one framing serves all three. */
export const plainFraming: PrefixFraming = {
  kind: 'prefix',
  name: 'envelope',
  prefixSize: () => prefixBytes,
  writePrefix: (out, position, length) => writeEnvelopePrefix(out, position, 0, length),
};

/** Frames one message the way the framing says. */
export function frameMessage(framing: Framing, message: Uint8Array): Uint8Array {
  if (framing.kind === 'transcode') return framing.encode(message);
  const out = new Uint8Array(framing.prefixSize(message.byteLength) + message.byteLength);
  out.set(message, framing.writePrefix(out, 0, message.byteLength));
  return out;
}

/** JSON settings of the codec. */
export interface JsonSettings {
  /** Types inside `google.protobuf.Any` and extensions. Default: none, a message with an `Any` is refused. */
  readonly registry?: Registry;
}

/** Encodes binary messages of one type as JSON. Throws on bytes that are no such message. */
export function jsonEncoder(desc: DescMessage, settings: JsonSettings): (message: Uint8Array) => Uint8Array {
  const options: Partial<JsonWriteOptions> = settings.registry === undefined ? {} : settings;
  return (message) => encoder.encode(toJsonString(desc, fromBinary(desc, message), options));
}

/** The framings of one message type; one object for each variant, so that lanes can share joined bytes. */
export class FramingSet {
  readonly #byVariant: Readonly<Record<`${Codec}` | `${Codec}+gzip`, Framing>>;

  /**
   * @param desc type of the messages that are sent
   * @param compressMinBytes shorter messages are not compressed
   */
  constructor(desc: DescMessage, settings: JsonSettings, compressMinBytes: number) {
    const toJson = jsonEncoder(desc, settings);
    const transcode = (name: string, encode: TranscodeFraming['encode']): TranscodeFraming => ({
      kind: 'transcode',
      name,
      encode,
    });
    this.#byVariant = {
      proto: plainFraming,
      json: transcode('envelope+json', (message) => envelope(0, toJson(message))),
      'proto+gzip': transcode('envelope+gzip', (message) => compressedEnvelope(message, compressMinBytes)),
      'json+gzip': transcode('envelope+json+gzip', (message) =>
        compressedEnvelope(toJson(message), compressMinBytes),
      ),
    };
  }

  /** The framing of a call. */
  select(codec: Codec, gzip: boolean): Framing {
    return gzip ? this.#byVariant[`${codec}+gzip`] : this.#byVariant[codec];
  }
}
