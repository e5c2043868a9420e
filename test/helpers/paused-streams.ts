import { type ClientHttp2Session, connect as connectHttp2, constants } from 'node:http2';
import { connect as connectSocket, type Socket } from 'node:net';
import { lengthField } from '../core/wire/bytes.ts';
import { framed } from '../lanes/envelope/raw-client.ts';
import { encodeFrame } from './lane-client.ts';
import { contentAt } from './wire-fields.ts';

/** Signaling streams on one connection, half of them `Connect` and half `ReceiveFrames`, which join and then read no more. */
export class PausedStreams {
  readonly #socket: Socket;
  readonly #session: ClientHttp2Session;
  readonly #streams: ReturnType<ClientHttp2Session['request']>[] = [];

  constructor(url: string) {
    this.#socket = connectSocket(Number(new URL(url).port), '127.0.0.1');
    this.#socket.on('error', () => {});
    this.#session = connectHttp2(url, { createConnection: () => this.#socket });
    this.#session.on('error', () => {});
  }

  get bytesRead(): number {
    return this.#socket.bytesRead;
  }

  async open(count: number, token: string): Promise<void> {
    const hello = lengthField(1, token);
    const joining = encodeFrame({ seq: 1, body: { case: 'join', value: { room: 'flood' } } });
    const greeting = encodeFrame({ body: { case: 'hello', value: { token } } });
    const duplex = Buffer.concat([greeting, joining].map((frame) => framed(lengthField(1, frame))));
    const receive = framed(Buffer.concat([lengthField(1, hello), lengthField(2, joining)]));
    const joined: Promise<void>[] = [];
    for (let index = 0; index < count; index++) {
      const isDuplex = index % 2 === 0;
      const stream = this.#session.request({
        ':method': 'POST',
        ':path': `/signalbox.v1.SignalingService/${isDuplex ? 'Connect' : 'ReceiveFrames'}`,
        'content-type': isDuplex ? 'application/grpc' : 'application/connect+proto',
      });
      stream.on('error', () => {});
      this.#streams.push(stream);
      joined.push(
        new Promise((resolve) => {
          let held = Buffer.alloc(0);
          stream.on('data', (chunk: Buffer) => {
            held = Buffer.concat([held, chunk]);
            if (!hasJoined(held)) return;
            stream.pause();
            resolve();
          });
        }),
      );
      if (isDuplex) stream.write(duplex);
      else stream.end(receive);
    }
    await Promise.all(joined);
  }

  resetAll(): void {
    for (const [index, stream] of this.#streams.entries()) {
      stream.close(index % 3 === 0 ? constants.NGHTTP2_NO_ERROR : constants.NGHTTP2_CANCEL);
    }
  }

  drop(): void {
    this.#socket.destroy();
    this.#session.destroy();
  }
}

function hasJoined(bytes: Buffer): boolean {
  for (let at = 0; at + 5 <= bytes.length; ) {
    const end = at + 5 + bytes.readUInt32BE(at + 1);
    if (end > bytes.length) return false;
    if (contentAt(bytes.subarray(at + 5, end), 1, 17) !== undefined) return true;
    at = end;
  }
  return false;
}
