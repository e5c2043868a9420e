import { type ClientHttp2Session, type ClientHttp2Stream, connect, constants } from 'node:http2';
import { Pipe } from './pipe.ts';

const prefixBytes = 5;

/** A gRPC call over an HTTP/2 connection of its own, its envelopes made by hand. */
export class GrpcPipe extends Pipe {
  readonly #session: ClientHttp2Session;
  readonly #stream: ClientHttp2Stream;

  constructor(port: number, path: string) {
    super();
    this.#session = connect(`http://127.0.0.1:${port}`);
    this.#session.on('error', (error) => this.broken(error.message));
    this.#stream = this.#session.request({
      ':method': 'POST',
      ':path': path,
      'content-type': 'application/grpc+proto',
      te: 'trailers',
    });
    this.#stream.on('data', (chunk: Buffer) => this.received(chunk));
    this.#stream.on('error', (error) => this.broken(error.message));
    this.#stream.on('close', () => this.broken('the stream was closed'));
  }

  protected override frame(out: Buffer, position: number, length: number): number {
    out[position] = 0;
    return out.writeUInt32BE(length, position + 1);
  }

  protected override seal(): void {}

  protected override write(bytes: Buffer): void {
    this.#stream.write(bytes);
  }

  protected override split(bytes: Buffer): number {
    let at = 0;
    while (at + prefixBytes <= bytes.length) {
      const start = at + prefixBytes;
      const end = start + bytes.readUInt32BE(at + 1);
      if (end > bytes.length) break;
      this.onMessage(bytes, start, end);
      at = end;
    }
    return at;
  }

  protected override async hangUp(): Promise<void> {
    if (this.#session.destroyed) return;
    await new Promise<void>((resolve) => {
      this.#session.once('close', resolve);
      this.#stream.close(constants.NGHTTP2_CANCEL);
      this.#session.close();
    });
  }
}
