import { once } from 'node:events';
import { type ClientHttp2Session, type ClientHttp2Stream, connect, constants } from 'node:http2';
import { connect as connectSocket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { splitEnvelopes } from './envelopes.ts';
import { Pipe } from './pipe.ts';
import type { Route } from './route.ts';

const path = '/signalbox.v1.SignalingService/Connect';

/** A gRPC call over an HTTP/2 connection of its own, its envelopes made by hand. The call begins with the first message. */
export class GrpcPipe extends Pipe {
  readonly #session: ClientHttp2Session;
  #stream: ClientHttp2Stream | undefined;

  private constructor(session: ClientHttp2Session) {
    super();
    this.#session = session;
    session.on('error', (error) => this.broken(error.message));
    session.on('close', () => this.broken('the connection was closed'));
  }

  /** Done when both sides have told their settings. */
  static async open(route: Route): Promise<GrpcPipe> {
    return new GrpcPipe(await openHttp2(route));
  }

  override get bytesIn(): number {
    return this.#session.socket?.bytesRead ?? 0;
  }

  protected override frame(out: Buffer, position: number, length: number): number {
    out[position] = 0;
    return out.writeUInt32BE(length, position + 1);
  }

  protected override seal(): void {}

  protected override write(bytes: Buffer): void {
    this.#stream ??= this.#begin();
    this.#stream.write(bytes);
  }

  protected override split(bytes: Buffer): number {
    return splitEnvelopes(bytes, (start, end) => this.deliver(bytes, start, end));
  }

  protected override async hangUp(): Promise<void> {
    if (this.#session.destroyed) return;
    await new Promise<void>((resolve) => {
      this.#session.once('close', resolve);
      this.#stream?.close(constants.NGHTTP2_CANCEL);
      this.#session.close();
    });
  }

  #begin(): ClientHttp2Stream {
    const stream = this.#session.request({
      ':method': 'POST',
      ':path': path,
      'content-type': 'application/grpc+proto',
      te: 'trailers',
    });
    stream.on('data', (chunk: Buffer) => this.received(chunk));
    stream.on('error', (error) => this.broken(error.message));
    stream.on('close', () => this.broken(`the stream was closed with HTTP/2 code ${stream.rstCode}`));
    return stream;
  }
}

/** An HTTP/2 connection whose settings are known. */
export async function openHttp2({ port, secure, from }: Route): Promise<ClientHttp2Session> {
  const options = { host: '127.0.0.1', port, localAddress: from };
  const session = connect(`http${secure ? 's' : ''}://127.0.0.1:${port}`, {
    createConnection: () =>
      secure
        ? connectTls({ ...options, rejectUnauthorized: false, ALPNProtocols: ['h2'] })
        : connectSocket(options),
  });
  const refused = Promise.withResolvers<never>();
  const refuse = (): void => refused.reject(new Error('the connection was closed at once'));
  session.once('close', refuse);
  await Promise.race([refused.promise, once(session, 'remoteSettings')]);
  session.off('close', refuse);
  return session;
}
