import { Agent, request } from 'node:http';
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { ServerFrameSchema } from '../../gen/signalbox/v1/frame_pb.ts';
import {
  ReceiveFramesRequestSchema,
  SendFramesResponseSchema,
} from '../../gen/signalbox/v1/signaling_service_pb.ts';
import { lengthField } from '../core/wire/bytes.ts';
import { EnvelopeStream, service } from '../helpers/envelope-stream.ts';
import { frameOf } from './grpc-link.ts';
import type { HelloInit, Link, LinkEvents } from './link.ts';

/** Frames of one SendFrames call. */
const batchFrames = 64;
/** A call without an answer is made again after this, in milliseconds. */
const answerMs = 1500;
const retryMs = 30;

/** `ReceiveFrames` on one connection, `SendFrames` calls on another, one at a time, made again until they are answered. */
export class HalvesLink implements Link {
  readonly #url: string;
  readonly #events: LinkEvents;
  readonly #receive: EnvelopeStream;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 });
  #queue: Uint8Array[] = [];
  #sendKey: string | undefined;
  #calling = false;
  #dropped = false;

  constructor(url: string, hello: HelloInit, events: LinkEvents) {
    this.#url = url;
    this.#events = events;
    this.#receive = new EnvelopeStream(
      'ReceiveFrames',
      'connect',
      false,
      { url },
      {
        message: (bytes) => this.#take(frameOf(bytes as Uint8Array)),
        ended: () => this.#end(),
      },
    );
    this.#receive.message(
      toBinary(ReceiveFramesRequestSchema, create(ReceiveFramesRequestSchema, { hello })),
    );
    this.#receive.halfClose();
  }

  send(frames: readonly Uint8Array[]): void {
    this.#queue.push(...frames);
    void this.#flush();
  }

  drop(): void {
    this.#dropped = true;
    this.#queue = [];
    this.#agent.destroy();
    this.#receive.drop();
  }

  #take(frame: Uint8Array): void {
    if (this.#dropped) return;
    if (this.#sendKey === undefined) {
      const { body } = fromBinary(ServerFrameSchema, frame);
      if (body.case === 'welcome') this.#sendKey = body.value.sendKey;
    }
    this.#events.frame(frame);
  }

  #end(): void {
    if (this.#dropped) return;
    this.drop();
    this.#events.ended();
  }

  async #flush(): Promise<void> {
    if (this.#calling || this.#sendKey === undefined) return;
    this.#calling = true;
    while (this.#queue.length > 0) {
      const batch = this.#queue.slice(0, batchFrames);
      const parts = [lengthField(1, this.#sendKey), ...batch.map((frame) => lengthField(3, frame))];
      const answer = await this.#call(Buffer.concat(parts));
      if (this.#dropped) return;
      if (answer.status === 200) {
        this.#queue.splice(0, batch.length);
        this.#events.answered(fromBinary(SendFramesResponseSchema, answer.body).ack);
      } else if (answer.status === 401) {
        this.#end();
        return;
      } else await new Promise((resolve) => setTimeout(resolve, retryMs));
    }
    this.#calling = false;
  }

  /** Status 0: no answer. */
  #call(body: Uint8Array): Promise<{ readonly status: number; readonly body: Uint8Array }> {
    return new Promise((resolve) => {
      const none = { status: 0, body: new Uint8Array(0) };
      const call = request(`${this.#url}${service}/SendFrames`, {
        method: 'POST',
        agent: this.#agent,
        headers: { 'content-type': 'application/proto', 'content-length': body.length },
        signal: AbortSignal.timeout(answerMs),
      });
      call.on('error', () => resolve(none));
      call.on('response', (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () => resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks) }));
        response.on('error', () => resolve(none));
        response.on('close', () => resolve(none));
      });
      call.end(body);
    });
  }
}
