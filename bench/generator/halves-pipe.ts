import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  constants,
  type OutgoingHttpHeaders,
} from 'node:http2';
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { ServerFrameSchema } from '../../gen/signalbox/v1/frame_pb.ts';
import {
  ConnectRequestSchema,
  ConnectResponseSchema,
  ReceiveFramesRequestSchema,
  SendFramesRequestSchema,
  SendFramesResponseSchema,
} from '../../gen/signalbox/v1/signaling_service_pb.ts';
import { prefixBytes, splitEnvelopes } from './envelopes.ts';
import { openHttp2 } from './grpc-pipe.ts';
import { Pipe } from './pipe.ts';
import type { Route } from './route.ts';

const service = '/signalbox.v1.SignalingService/';
const endOfStream = 0x02;
/** What the SDK says of a call, too. */
const callHeaders = { 'connect-timeout-ms': '10000' };
/** Tag of `SendFramesRequest.frames`; a ConnectRequest differs from such an entry by its tag alone. */
const framesTag = 0x1a;

/**
 * A session in two halves, as a browser has it: `ReceiveFrames` and `SendFrames` of the Connect protocol on one HTTP/2
 * connection, one call in flight; what is said meanwhile goes with the next.
 */
export class HalvesPipe extends Pipe {
  readonly #session: ClientHttp2Session;
  #receiving: ClientHttp2Stream | undefined;
  #key: Uint8Array | undefined;
  #calling = false;
  /** Where the message that is written begins. */
  #begun = 0;
  #waiting: Buffer[] = [];

  private constructor(session: ClientHttp2Session) {
    super();
    this.#session = session;
    session.on('error', (error) => this.broken(error.message));
  }

  static async open(route: Route): Promise<HalvesPipe> {
    return new HalvesPipe(await openHttp2(route));
  }

  override get bytesIn(): number {
    return this.#session.socket?.bytesRead ?? 0;
  }

  protected override frame(_out: Buffer, position: number): number {
    this.#begun = position;
    return position;
  }

  protected override seal(out: Buffer): void {
    if (this.#receiving !== undefined) out[this.#begun] = framesTag;
  }

  protected override write(bytes: Buffer): void {
    if (this.#receiving === undefined) {
      this.#receive(bytes);
      return;
    }
    this.#waiting.push(bytes);
    this.#call();
  }

  protected override split(bytes: Buffer): number {
    return splitEnvelopes(bytes, (start, end, flags) => {
      if (flags & endOfStream) this.broken(bytes.toString('utf8', start, end));
      else this.#take(bytes, start, end);
    });
  }

  protected override async hangUp(): Promise<void> {
    if (this.#session.destroyed) return;
    await new Promise<void>((resolve) => {
      this.#session.once('close', resolve);
      this.#receiving?.close(constants.NGHTTP2_CANCEL);
      this.#session.close();
    });
  }

  /** The first message is Hello: it opens the receiving half. */
  #receive(message: Buffer): void {
    const { frame } = fromBinary(ConnectRequestSchema, message);
    if (frame?.body.case !== 'hello') throw new Error('the first frame is hello');
    const request = create(ReceiveFramesRequestSchema, { hello: frame.body.value });
    const body = toBinary(ReceiveFramesRequestSchema, request);
    const prefix = Buffer.alloc(prefixBytes);
    prefix.writeUInt32BE(body.length, 1);
    const stream = this.#request('ReceiveFrames', 'application/connect+proto');
    this.#receiving = stream;
    stream.on('data', (chunk: Buffer) => this.received(chunk));
    stream.on('error', (error) => this.broken(error.message));
    stream.on('close', () => this.broken('the receiving half was closed'));
    stream.end(Buffer.concat([prefix, body]));
  }

  #take(bytes: Buffer, start: number, end: number): void {
    if (this.#key === undefined) {
      const { frame } = fromBinary(ConnectResponseSchema, bytes.subarray(start, end));
      if (frame?.body.case === 'welcome') {
        const { sendKey } = frame.body.value;
        this.#key = toBinary(SendFramesRequestSchema, create(SendFramesRequestSchema, { sendKey }));
      }
    }
    this.deliver(bytes, start, end);
  }

  #call(): void {
    if (this.#calling || this.#key === undefined) return;
    this.#calling = true;
    const body = Buffer.concat([this.#key, ...this.#waiting]);
    this.#waiting = [];
    const stream = this.#request('SendFrames', 'application/proto', callHeaders);
    const chunks: Buffer[] = [];
    let status = 0;
    stream.on('response', (headers) => {
      status = headers[':status'] ?? 0;
    });
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    stream.on('error', (error) => this.broken(error.message));
    stream.on('end', () => {
      const answer = Buffer.concat(chunks);
      if (status !== 200) this.broken(`SendFrames was answered with ${status}: ${answer}`);
      else this.#answered(answer);
    });
    stream.end(body);
  }

  /** The acknowledgement of the call, told as the receiving half tells it. */
  #answered(bytes: Buffer): void {
    const { ack, errors } = fromBinary(SendFramesResponseSchema, bytes);
    if (errors.length > 0) this.broken(`a frame was refused: ${errors[0]?.detail}`);
    const message = toBinary(
      ConnectResponseSchema,
      create(ConnectResponseSchema, { frame: create(ServerFrameSchema, { ack }) }),
    );
    this.deliver(Buffer.from(message), 0, message.length);
    this.#calling = false;
    if (this.#waiting.length > 0) this.#call();
  }

  #request(method: string, contentType: string, headers: OutgoingHttpHeaders = {}): ClientHttp2Stream {
    return this.#session.request({
      ':method': 'POST',
      ':path': `${service}${method}`,
      'content-type': contentType,
      'connect-protocol-version': '1',
      ...headers,
    });
  }
}
