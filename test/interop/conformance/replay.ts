import { request as http1Request } from 'node:http';
import { type ClientHttp2Session, connect } from 'node:http2';
import { gunzipSync } from 'node:zlib';
import { type Listening, listen } from './listener.ts';
import type { RecordedRequest } from './recording.ts';
import { unworded } from './wordings.ts';

/** An answer, without what differs from run to run. */
interface Answer {
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly envelopes: readonly string[];
  readonly trailers: Record<string, string>;
}

/** A request that the two stacks answer differently. */
export interface Difference {
  readonly name: string;
  readonly lane: Answer;
  readonly connect: Answer;
}

const perRun = new Set([
  'date',
  'connection',
  'keep-alive',
  'transfer-encoding',
  'content-length',
  ':status',
]);

/** Sends each request to the envelope lane and to Connect's own handlers, and compares what comes back. */
export async function replay(
  requests: readonly RecordedRequest[],
  parallel: number,
): Promise<{ readonly compared: number; readonly differences: Difference[] }> {
  const stacks = { lane: new Stack('lane'), connect: new Stack('connect') };
  const differences: Difference[] = [];
  const queue = requests.entries();
  const work = async () => {
    for (const [, request] of queue) {
      const [lane, own] = await Promise.all([stacks.lane.ask(request), stacks.connect.ask(request)]);
      if (JSON.stringify(lane) === JSON.stringify(own)) continue;
      const name = request.headers['x-test-case-name'] ?? request.path;
      differences.push({ name, lane, connect: own });
    }
  };
  await Promise.all(Array.from({ length: parallel }, work));
  await Promise.all([stacks.lane.close(), stacks.connect.close()]);
  return { compared: requests.length, differences };
}

class Stack {
  readonly #streaming: 'lane' | 'connect';
  readonly #listeners = new Map<string, Promise<Listening>>();
  readonly #sessions = new Map<number, ClientHttp2Session>();

  constructor(streaming: 'lane' | 'connect') {
    this.#streaming = streaming;
  }

  async ask(request: RecordedRequest): Promise<Answer> {
    const { port } = await this.#listener(request);
    return request.httpVersion === 1 ? askHttp1(port, request) : askHttp2(this.#session(port), request);
  }

  async close(): Promise<void> {
    for (const session of this.#sessions.values()) session.destroy();
    for (const listening of this.#listeners.values()) await (await listening).close();
  }

  #listener({ httpVersion, maxMessageBytes }: RecordedRequest): Promise<Listening> {
    const key = `${httpVersion} ${maxMessageBytes}`;
    const known = this.#listeners.get(key);
    if (known !== undefined) return known;
    const made = listen({ httpVersion, maxMessageBytes, streaming: this.#streaming, hideTimeouts: true });
    this.#listeners.set(key, made);
    return made;
  }

  #session(port: number): ClientHttp2Session {
    const known = this.#sessions.get(port);
    if (known !== undefined && !known.destroyed) return known;
    const session = connect(`http://127.0.0.1:${port}`);
    session.on('error', () => {});
    this.#sessions.set(port, session);
    return session;
  }
}

function askHttp2(session: ClientHttp2Session, request: RecordedRequest): Promise<Answer> {
  return new Promise((resolve) => {
    const stream = session.request({
      ':method': request.method,
      ':path': request.path,
      ...request.headers,
    });
    let headers: Record<string, unknown> = {};
    let trailers: Record<string, unknown> = {};
    const chunks: Buffer[] = [];
    stream.on('response', (it) => {
      headers = it;
    });
    stream.on('trailers', (it) => {
      trailers = it;
    });
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    stream.on('error', () => {});
    stream.on('close', () => resolve(answer(Number(headers[':status']), headers, chunks, trailers)));
    stream.end(Buffer.from(request.body, 'base64'));
  });
}

function askHttp1(port: number, request: RecordedRequest): Promise<Answer> {
  return new Promise((resolve) => {
    const { method, path, headers } = request;
    const sent = { ...headers, host: 'conformance.test' };
    const call = http1Request({ host: '127.0.0.1', port, method, path, headers: sent, agent: false });
    call.on('response', (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', () => {});
      response.on('close', () =>
        resolve(answer(response.statusCode ?? 0, response.headers, chunks, response.trailers)),
      );
    });
    call.on('error', () => resolve(answer(0, {}, [], {})));
    call.end(Buffer.from(request.body, 'base64'));
  });
}

function answer(
  status: number,
  headers: Record<string, unknown>,
  chunks: readonly Buffer[],
  trailers: Record<string, unknown>,
): Answer {
  return {
    status,
    headers: stable(headers),
    envelopes: envelopesOf(Buffer.concat(chunks)),
    trailers: stable(trailers),
  };
}

function stable(fields: Record<string, unknown>): Record<string, string> {
  const names = Object.keys(fields).filter((name) => !perRun.has(name));
  return Object.fromEntries(names.sort().map((name) => [name, unworded(String(fields[name]))]));
}

/** Flags and content of each envelope, inflated; where a body is none, its bytes. */
function envelopesOf(body: Buffer): string[] {
  const found: string[] = [];
  let position = 0;
  while (position + 5 <= body.length) {
    const flags = body[position] ?? 0;
    const end = position + 5 + body.readUInt32BE(position + 1);
    if (end > body.length) break;
    const message = body.subarray(position + 5, end);
    const plain = (flags & 1) === 1 ? gunzipSync(message) : message;
    // gRPC-Web trailers and Connect's end of stream are text.
    found.push(`${flags} ${flags > 1 ? unworded(plain.toString('utf8')) : plain.toString('base64')}`);
    position = end;
  }
  if (position < body.length) found.push(`rest ${body.subarray(position).toString('base64')}`);
  return found;
}
