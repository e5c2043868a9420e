import { type ClientHttp2Session, connect, constants, type IncomingHttpHeaders } from 'node:http2';

/** One request's answer, as it was on the wire. */
export interface RawAnswer {
  readonly headers: IncomingHttpHeaders;
  readonly trailers: IncomingHttpHeaders;
  readonly body: Buffer;
  readonly rstCode: number;
}

/** A bare HTTP/2 client. */
export class RawClient {
  readonly session: ClientHttp2Session;

  constructor(url: string) {
    this.session = connect(url);
    this.session.on('error', () => {});
  }

  /** Sends a request with `body` in the given pieces; `end: false` leaves it open. */
  open(path: string, headers: Record<string, string>, pieces: readonly Uint8Array[] = [], end = true) {
    const stream = this.session.request({ ':method': 'POST', ':path': path, ...headers });
    stream.on('error', () => {});
    for (const piece of pieces) stream.write(piece);
    if (end) stream.end();
    const answer = new Promise<RawAnswer>((resolve) => {
      let got: IncomingHttpHeaders = {};
      let trailers: IncomingHttpHeaders = {};
      const chunks: Buffer[] = [];
      stream.on('response', (it) => {
        got = it;
      });
      stream.on('trailers', (it) => {
        trailers = it;
      });
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('close', () => {
        resolve({ headers: got, trailers, body: Buffer.concat(chunks), rstCode: stream.rstCode });
      });
    });
    return { stream, answer };
  }

  close(): void {
    this.session.destroy();
  }
}

export const { NGHTTP2_CANCEL, NGHTTP2_NO_ERROR } = constants;

/** One envelope. */
export function framed(message: Uint8Array, flags = 0, length = message.byteLength): Buffer {
  const prefix = Buffer.alloc(5);
  prefix[0] = flags;
  prefix.writeUInt32BE(length, 1);
  return Buffer.concat([prefix, message]);
}

/** Takes a body apart. */
export function envelopes(body: Uint8Array): { readonly flags: number; readonly message: Buffer }[] {
  const bytes = Buffer.from(body);
  const found: { flags: number; message: Buffer }[] = [];
  let position = 0;
  while (position < bytes.length) {
    const end = position + 5 + bytes.readUInt32BE(position + 1);
    found.push({ flags: bytes[position] ?? 0, message: bytes.subarray(position + 5, end) });
    position = end;
  }
  return found;
}
