import { SignalingService } from '../../../gen/signalbox/v1/signaling_service_pb.ts';
import type { Framing, PrefixFraming, TranscodeFraming } from '../../core/lane.ts';
import { varintSize, writeVarint } from '../../core/wire/varint.ts';
import type { Codec } from './connect-protocol.ts';
import { prefixBytes } from './envelope-reader.ts';
import { FramingSet, frameMessage, type JsonSettings, writeEnvelopePrefix } from './framing.ts';
import { frameTag } from './signaling-messages.ts';

function wrapSize(frameLength: number): number {
  return 1 + varintSize(frameLength);
}

function writeWrap(out: Uint8Array, position: number, frameLength: number): number {
  out[position] = frameTag;
  return writeVarint(out, position + 1, frameLength);
}

/** Envelope, then the tag and length of the `ServerFrame` in its response message: 7 to 9 bytes in all. */
const plain: PrefixFraming = {
  kind: 'prefix',
  name: 'envelope-frame',
  prefixSize: (length) => prefixBytes + wrapSize(length),
  writePrefix: (out, position, length) =>
    writeWrap(out, writeEnvelopePrefix(out, position, 0, wrapSize(length) + length), length),
};

/**
 * The framings of the signaling streams. `ConnectResponse` and `ReceiveFramesResponse` are the same on the wire, in
 * binary and in JSON, so lanes of both share them.
 */
export class SignalingFramings {
  readonly #json: Framing;
  readonly #protoGzip: Framing;
  readonly #jsonGzip: Framing;

  constructor(settings: JsonSettings, compressMinBytes: number) {
    const messages = new FramingSet(SignalingService.method.connect.output, settings, compressMinBytes);
    this.#json = ofFrames(messages.select('json', false));
    this.#protoGzip = ofFrames(messages.select('proto', true));
    this.#jsonGzip = ofFrames(messages.select('json', true));
  }

  select(codec: Codec, gzip: boolean): Framing {
    if (codec === 'proto') return gzip ? this.#protoGzip : plain;
    return gzip ? this.#jsonGzip : this.#json;
  }
}

function ofFrames(messages: Framing): TranscodeFraming {
  return {
    kind: 'transcode',
    name: `${messages.name}-frame`,
    encode: (frame) => {
      const message = new Uint8Array(wrapSize(frame.byteLength) + frame.byteLength);
      message.set(frame, writeWrap(message, 0, frame.byteLength));
      return frameMessage(messages, message);
    },
  };
}
