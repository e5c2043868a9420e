import { appendFileSync } from 'node:fs';
import type { IncomingHttpHeaders } from 'node:http';

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

/** Hears what comes of the body of a request. */
export interface BodyTap {
  data(chunk: Uint8Array): void;
  ended(): void;
  closed(): void;
}

/** Sees each request before it is served. */
export type Tap = (method: string, path: string, headers: IncomingHttpHeaders) => BodyTap | undefined;

/** What writes down each streaming request in the file, one JSON a line. */
export function openRecorder(
  file: string | undefined,
  httpVersion: number,
  maxMessageBytes: number,
): Tap | undefined {
  if (file === undefined) return undefined;
  return (method, path, fields) => {
    if (!streamingPath.test(path)) return undefined;
    const chunks: Buffer[] = [];
    let written = false;
    const headers: Record<string, string> = {};
    for (const [name, value] of Object.entries(fields)) {
      if (name.startsWith(':') || perConnection.has(name) || value === undefined) continue;
      headers[name] = Array.isArray(value) ? value.join(', ') : value;
    }
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
    return {
      data: (chunk) => void chunks.push(Buffer.from(chunk)),
      ended: () => write(true),
      closed: () => write(false),
    };
  };
}
