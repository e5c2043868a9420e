import { fromBinary, fromJson, type JsonValue, toBinary, toJson } from '@bufbuild/protobuf';
import { ClientFrameSchema, ServerFrameSchema } from '../../../gen/signalbox/v1/frame_pb.ts';
import { ConnectRequestSchema } from '../../../gen/signalbox/v1/signaling_service_pb.ts';
import { CloseCode } from './close-code.ts';
import type { Dialect } from './dialect.ts';
import { textFrame } from './frame-header.ts';

/**
 * `signalbox.v1.json`: one text message is one `ConnectRequest` or `ConnectResponse` in protobuf's JSON mapping, for
 * clients without a protobuf runtime. Each frame is transcoded, once for all lanes that get it. Unknown fields and
 * enum values are ignored, as in the binary form.
 */
export const jsonDialect: Dialect = {
  subprotocol: 'signalbox.v1.json',
  framing: {
    kind: 'transcode',
    name: 'websocket-json',
    encode(frame) {
      return textFrame(
        JSON.stringify({ frame: toJson(ServerFrameSchema, fromBinary(ServerFrameSchema, frame)) }),
      );
    },
  },
  decode(isText, bytes, start, end) {
    if (!isText) {
      return {
        code: CloseCode.UNSUPPORTED_DATA,
        detail: 'signalbox.v1.json takes text messages, not binary',
      };
    }
    try {
      const json: JsonValue = JSON.parse(
        Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString(),
      );
      const { frame } = fromJson(ConnectRequestSchema, json, { ignoreUnknownFields: true });
      if (frame === undefined) return { detail: 'ConnectRequest: `frame` is missing' };
      return toBinary(ClientFrameSchema, frame);
    } catch (error) {
      return { detail: error instanceof Error ? error.message : 'the message cannot be parsed' };
    }
  },
};
