import {
  type ClientHttp2Session,
  connect,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
} from 'node:http2';
import { afterEach } from 'vitest';

const sessions = new Set<ClientHttp2Session>();

afterEach(() => {
  for (const session of sessions) session.destroy();
  sessions.clear();
});

/** An HTTP/2 session that is closed after the test. */
export function http2Session(url: string, options: Parameters<typeof connect>[1] = {}): ClientHttp2Session {
  const session = connect(url, options);
  session.on('error', () => {});
  sessions.add(session);
  return session;
}

export interface Http2Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly trailers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** One request and its whole answer. Rejects when the stream fails. */
export function http2Request(
  session: ClientHttp2Session,
  headers: OutgoingHttpHeaders,
  body?: Uint8Array | string,
): Promise<Http2Answer> {
  return new Promise((resolve, reject) => {
    const stream = session.request(headers);
    const chunks: Buffer[] = [];
    let response: IncomingHttpHeaders = {};
    let trailers: IncomingHttpHeaders = {};
    stream.on('response', (fields) => {
      response = fields;
    });
    stream.on('trailers', (fields) => {
      trailers = fields;
    });
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    stream.on('error', reject);
    stream.on('close', () =>
      resolve({
        status: Number(response[':status']),
        headers: response,
        trailers,
        body: Buffer.concat(chunks),
      }),
    );
    stream.end(body);
  });
}
