import { fromBinary } from '@bufbuild/protobuf';
import { ConnectResponseSchema } from '../../gen/signalbox/v1/signaling_service_pb.ts';
import { lengthField } from '../core/wire/bytes.ts';
import { EnvelopeStream } from '../helpers/envelope-stream.ts';
import { encodeFrame } from '../helpers/lane-client.ts';
import { fieldsOf } from '../helpers/wire-fields.ts';
import type { HelloInit, Link, LinkEvents } from './link.ts';

/** A gRPC `Connect` call on an HTTP/2 connection of its own. */
export class GrpcLink implements Link {
  readonly #stream: EnvelopeStream;
  #dropped = false;

  constructor(url: string, hello: HelloInit, events: LinkEvents) {
    this.#stream = new EnvelopeStream(
      'Connect',
      'grpc',
      false,
      { url },
      {
        message: (bytes) => {
          if (!this.#dropped) events.frame(frameOf(bytes as Uint8Array));
        },
        ended: () => {
          if (!this.#dropped) events.ended();
        },
      },
    );
    this.send([encodeFrame({ body: { case: 'hello', value: hello } })]);
  }

  send(frames: readonly Uint8Array[]): void {
    for (const frame of frames) this.#stream.message(lengthField(1, frame));
  }

  drop(): void {
    this.#dropped = true;
    this.#stream.drop();
  }
}

/** The frame in a ConnectResponse, or in a ReceiveFramesResponse: both have it in field 1. */
export function frameOf(response: Uint8Array): Uint8Array {
  const content = fieldsOf(response).find(({ number }) => number === 1)?.content;
  if (content === undefined) throw new Error(`no frame: ${fromBinary(ConnectResponseSchema, response)}`);
  return content;
}
