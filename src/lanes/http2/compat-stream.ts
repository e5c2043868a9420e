import type { OutgoingHttpHeaders } from 'node:http';
import { Http2ServerRequest, Http2ServerResponse, type ServerHttp2Stream } from 'node:http2';
import { Duplex } from 'node:stream';
import type { ByteStreamEvents } from '../envelope/byte-stream.ts';
import { httpDate } from './http-date.ts';
import type { Http2Stream } from './http2-stream.ts';
import { ErrorCode } from './protocol.ts';
import type { RequestHead } from './request-head.ts';

/** What is read ahead of whoever reads, at each of two places. */
const READ_AHEAD_BYTES = 16_384;
/** What is read of a request behind its answer, before it is reset. */
const DISCARDED_BYTES = 64 * 1024;
/** Answers without content (RFC 9110, sections 15.3.5, 15.3.6 and 15.4.5). */
const bare: ReadonlySet<number> = new Set([204, 205, 304]);

type Done = (error?: Error | null) => void;

interface RespondOptions {
  readonly endStream?: boolean;
  readonly sendDate?: boolean;
}

/**
 * A stream of ours as Node's request and response of HTTP/2 (lib/internal/http2/compat.js) want one. There is no session of
 * Node's behind it.
 */
export class CompatStream extends Duplex {
  /** The response is told apart by it from those that were pushed; there are none. */
  readonly headRequest = false;
  readonly pushAllowed = false;
  /** The stream was over before its answer was complete. */
  aborted = false;
  readonly #stream: Http2Stream;
  /** No content goes out, whatever is written: the answer is to a HEAD. */
  #isBare: boolean;
  #trailers: readonly string[] | undefined;
  #written: Done | undefined;

  /** @param stream that nobody else has opened */
  constructor(stream: Http2Stream, head: RequestHead) {
    super({ readableHighWaterMark: READ_AHEAD_BYTES, autoDestroy: false });
    this.#stream = stream;
    this.#isBare = head.method === 'HEAD';
    stream.isAnswer = true;
    stream.readOn(DISCARDED_BYTES);
    stream.open(new Arrivals(this, stream, () => this.#drained()));
  }

  get headersSent(): boolean {
    return this.#stream.responded;
  }

  /** The code of the RST_STREAM that ended it. */
  get rstCode(): number {
    return this.#stream.resetCode ?? ErrorCode.NO_ERROR;
  }

  /** Everything of the request has come, read or not. */
  get isRemoteClosed(): boolean {
    return this.#stream.isRemoteClosed;
  }

  respond(headers: OutgoingHttpHeaders, { endStream = false, sendDate = true }: RespondOptions = {}): void {
    const { ':status': status, ...fields } = headers;
    if (bare.has(Number(status))) this.#isBare = true;
    if (sendDate && fields.date === undefined) fields.date = httpDate();
    this.#stream.begin(Number(status), fieldList(fields), endStream || this.#isBare);
  }

  additionalHeaders({ ':status': status, ...fields }: OutgoingHttpHeaders): void {
    this.#stream.inform(Number(status), fieldList(fields));
  }

  /** Within `wantTrailers`. */
  sendTrailers(trailers: OutgoingHttpHeaders): void {
    const list = fieldList(trailers);
    if (list.length > 0) this.#trailers = list;
  }

  /** Without an error, only what still comes of the request is given up, and that when the answer is out. */
  close(code: number = ErrorCode.NO_ERROR): void {
    if (code === ErrorCode.NO_ERROR && this.writableEnded) this.#stream.stopReading();
    else this.#stream.destroy(code);
  }

  override _read(): void {
    this.#stream.resume();
  }

  override _write(chunk: Uint8Array, _encoding: string, done: Done): void {
    if (this.#isBare || this.#stream.write(chunk)) done();
    else this.#written = done;
  }

  override _final(done: Done): void {
    this.emit('wantTrailers');
    this.#stream.complete(undefined, this.#trailers);
    done();
  }

  override _destroy(error: Error | null, done: Done): void {
    this.#stream.destroy(error === null ? ErrorCode.CANCEL : ErrorCode.INTERNAL_ERROR);
    if (!this.writableEnded) {
      this.aborted = true;
      this.emit('aborted');
    }
    const written = this.#written;
    this.#written = undefined;
    written?.(error ?? new Error('the stream is over'));
    done(error);
  }

  #drained(): void {
    const written = this.#written;
    this.#written = undefined;
    written?.();
  }
}

/** What arrives for a {@link CompatStream}. */
class Arrivals implements ByteStreamEvents {
  readonly #reader: Duplex;
  readonly #stream: Http2Stream;
  readonly drained: () => void;

  constructor(reader: Duplex, stream: Http2Stream, drained: () => void) {
    this.#reader = reader;
    this.#stream = stream;
    this.drained = drained;
  }

  data(chunk: Uint8Array): void {
    // A copy: it may wait for its reader.
    if (!this.#reader.push(new Uint8Array(chunk))) this.#stream.pause();
  }

  ended(): void {
    this.#reader.push(null);
  }

  closed(): void {
    this.#reader.destroy();
  }
}

/** What no value may have (RFC 9113, section 8.2.1). */
const forbidden = /[^\t\x20-\x7e\x80-\xff]/g;

/** Names and values in turn, as an answer may have them (RFC 9113, section 8.2). */
function fieldList(fields: OutgoingHttpHeaders): string[] {
  const list: string[] = [];
  for (const [name, value] of Object.entries(fields)) {
    if (value === undefined || ofConnections.has(name)) continue;
    for (const one of Array.isArray(value) ? value : [value]) {
      list.push(name.toLowerCase(), String(one).replace(forbidden, '?').trim());
    }
  }
  return list;
}

const ofConnections: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'upgrade',
  'http2-settings',
]);

/** A request and its response as Node's HTTP/2 server would make them. */
export interface CompatExchange {
  readonly stream: CompatStream;
  readonly request: Http2ServerRequest;
  readonly response: Http2ServerResponse;
}

export function compatExchange(http2: Http2Stream, head: RequestHead): CompatExchange {
  const stream = new CompatStream(http2, head);
  // Of a stream they use what is above, and nothing else.
  const nodes = stream as unknown as ServerHttp2Stream;
  const options = { highWaterMark: READ_AHEAD_BYTES };
  const request = new Http2ServerRequest(nodes, head.headers(), options, [...head.fields]);
  return { stream, request, response: new Http2ServerResponse(nodes) };
}

/** The stream of a request that `compatExchange` has made. */
export function compatStreamOf(request: Http2ServerRequest): CompatStream {
  const stream: unknown = request.stream;
  if (!(stream instanceof CompatStream)) throw new Error('a request of another HTTP/2 server');
  return stream;
}
