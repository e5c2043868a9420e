import { type ClientHttp2Session, connect } from 'node:http2';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { encodeFields } from '../../../../src/lanes/http2/hpack/encoder.ts';
import {
  END_HEADERS,
  END_STREAM,
  FrameType,
  http2Frame,
  PREFACE,
  readFrames,
  settings,
  writeFrame,
} from '../../../fuzz/kit/http2-frames.ts';

const ACK = 1;
const HEADER_TABLE_SIZE = 1;
const PRIORITY_FLAG = 0x20;
const PADDED = 8;

/** The header block of one request as it came, and the answer that its client read. */
export interface Captured {
  readonly block: Uint8Array;
  readonly answer: Record<string, unknown>;
}

/** nghttp2 as an encoder: Node's client, talking to a server that keeps its header blocks. */
export class BlockCapture implements AsyncDisposable {
  readonly #server: Server;
  readonly #socket: Socket;
  readonly #session: ClientHttp2Session;
  #received = Buffer.alloc(0);
  #blocks: Uint8Array[] = [];
  #answer: readonly string[] = [':status', '200'];

  private constructor(server: Server, socket: Socket, session: ClientHttp2Session) {
    this.#server = server;
    this.#socket = socket;
    this.#session = session;
    socket.on('data', (chunk: Buffer) => this.#receive(chunk));
  }

  /** @param clientTable Octets of the table that the client keeps at the most. */
  static async open(clientTable = 4_096): Promise<BlockCapture> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const accepted = new Promise<Socket>((resolve) => server.once('connection', resolve));
    const session = connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, {
      maxDeflateDynamicTableSize: clientTable,
      maxSendHeaderBlockLength: 1_000_000,
    });
    session.on('error', () => {});
    await new Promise<void>((resolve) => session.once('connect', () => resolve()));
    const capture = new BlockCapture(server, await accepted, session);
    capture.allow(4_096);
    return capture;
  }

  /** Tells the client how large a table it may have. What it sends from its next request on keeps to that. */
  allow(tableBytes: number): void {
    this.#send(http2Frame(FrameType.SETTINGS, 0, 0, settings([HEADER_TABLE_SIZE, tableBytes])));
  }

  /** Has the client encode a request. What it is answered is `answer`, encoded by ourselves. */
  async request(
    fields: readonly string[],
    answer: readonly string[] = [':status', '200'],
  ): Promise<Captured> {
    this.#answer = answer;
    // The client takes the settings that were sent before: they come first.
    await new Promise<void>((resolve, reject) =>
      this.#session.ping((error) => (error ? reject(error) : resolve())),
    );
    const stream = this.#session.request([...fields] as never, { endStream: true });
    const read = await new Promise<Record<string, unknown>>((resolve, reject) => {
      stream.on('response', resolve);
      stream.on('error', reject);
    });
    stream.resume();
    await new Promise<void>((resolve) => stream.once('close', resolve));
    const block = this.#blocks.shift();
    if (block === undefined) throw new Error('no header block came');
    return { block, answer: read };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#session.destroy();
    this.#socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #send(...frames: Parameters<typeof writeFrame>): void {
    for (const frame of frames) this.#socket.write(writeFrame(frame));
  }

  #receive(chunk: Buffer): void {
    this.#received = Buffer.concat([this.#received, chunk]);
    if (this.#received.subarray(0, 3).equals(PREFACE.subarray(0, 3))) {
      if (this.#received.length < PREFACE.length) return;
      this.#received = this.#received.subarray(PREFACE.length);
    }
    const frames = readFrames(this.#received);
    const taken = frames.reduce((sum, { payload }) => sum + 9 + payload.length, 0);
    this.#received = this.#received.subarray(taken);
    for (const { type, flags, stream, payload } of frames) {
      if (type === FrameType.SETTINGS && flags !== ACK)
        this.#send(http2Frame(FrameType.SETTINGS, ACK, 0, new Uint8Array(0)));
      if (type === FrameType.PING && flags !== ACK) this.#send(http2Frame(FrameType.PING, ACK, 0, payload));
      if (type === FrameType.HEADERS) {
        if ((flags & PADDED) !== 0) throw new Error('padding was not asked for');
        this.#blocks.push(payload.subarray((flags & PRIORITY_FLAG) !== 0 ? 5 : 0));
      }
      if (type === FrameType.CONTINUATION)
        this.#blocks.push(Buffer.concat([this.#blocks.pop() ?? Buffer.alloc(0), payload]));
      if ((type === FrameType.HEADERS || type === FrameType.CONTINUATION) && (flags & END_HEADERS) !== 0)
        this.#send(
          http2Frame(FrameType.HEADERS, END_HEADERS | END_STREAM, stream, encodeFields(this.#answer)),
        );
    }
  }
}
