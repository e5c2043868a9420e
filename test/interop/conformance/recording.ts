import { appendFileSync } from 'node:fs';
import type { Http2ServerRequest } from 'node:http2';

/** One streaming request as the runner's client sent it. */
export interface RecordedRequest {
  readonly httpVersion: 1 | 2;
  readonly maxMessageBytes: number;
  readonly method: string;
  readonly path: string;
  /** Without pseudo-headers and what belongs to the connection. */
  readonly headers: Record<string, string>;
  /** Base64; as far as it had come when the request ended or was given up. */
  readonly body: string;
  /** The client has ended its request. */
  readonly complete: boolean;
}

const streamingPath = /\/(ServerStream|ClientStream|BidiStream)$/;
const perConnection = new Set([
  'connection',
  'transfer-encoding',
  'content-length',
  'host',
  'keep-alive',
  'expect',
]);

/** What writes down each streaming request in the file, one JSON a line. */
export function openRecorder(
  file: string | undefined,
  httpVersion: number,
  maxMessageBytes: number,
): ((request: Http2ServerRequest) => void) | undefined {
  if (file === undefined) return undefined;
  return (request) => {
    if (!streamingPath.test(request.url)) return;
    // The lane takes the stream from under the request; over HTTP/1.1 the request is the stream.
    const source = request.stream ?? request;
    const chunks: Buffer[] = [];
    let written = false;
    const headers: Record<string, string> = {};
    for (const [name, value] of Object.entries(request.headers)) {
      if (name.startsWith(':') || perConnection.has(name) || value === undefined) continue;
      headers[name] = Array.isArray(value) ? value.join(', ') : value;
    }
    const method = request.method;
    const path = request.url;
    const write = (complete: boolean) => {
      if (written) return;
      written = true;
      const recorded: RecordedRequest = {
        httpVersion: httpVersion === 1 ? 1 : 2,
        maxMessageBytes,
        method,
        path,
        headers,
        body: Buffer.concat(chunks).toString('base64'),
        complete,
      };
      appendFileSync(file, `${JSON.stringify(recorded)}\n`);
    };
    // Looks at what passes without reading: a listener for `data` would set the stream flowing.
    const push = source.push.bind(source);
    source.push = (chunk: Buffer | null, ...rest: []) => {
      if (chunk === null) write(true);
      else chunks.push(Buffer.from(chunk));
      return push(chunk, ...rest);
    };
    source.once('close', () => write(false));
  };
}
