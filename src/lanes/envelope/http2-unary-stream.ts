import { constants, type ServerHttp2Stream } from 'node:http2';
import { Readable } from 'node:stream';
import type { ByteStreamEvents, UnaryStream } from './byte-stream.ts';
import type { HeaderFields } from './metadata.ts';
import { resetHttp2 } from './reset-http2.ts';

/**
 * A unary exchange over an HTTP/2 stream that nobody else has touched.
 *
 * The request goes by Node's read buffer: `push` is taken over until the request is complete. That spares its events, and as the
 * buffer learns of the end only when the stream closes, Node does not destroy the stream over the answer that it is about to
 * report as written (an error with a stack, for each call: 4 µs).
 */
export class Http2UnaryStream implements UnaryStream {
  readonly httpVersion = '2';
  readonly #stream: ServerHttp2Stream;
  readonly #session: ServerHttp2Stream['session'];
  #isComplete = false;

  constructor(stream: ServerHttp2Stream) {
    this.#stream = stream;
    this.#session = stream.session;
  }

  open(events: ByteStreamEvents): void {
    const stream = this.#stream;
    const closed = () => events.closed(this.#session?.destroyed === false ? 'reset' : 'dropped');
    if (stream.destroyed) {
      setImmediate(closed);
      return;
    }
    stream.on('close', closed);
    // `close` follows.
    stream.on('error', ignore);
    const complete = (): void => {
      if (this.#isComplete || stream.aborted) return;
      this.#isComplete = true;
      events.ended();
    };
    stream.push = (chunk: Uint8Array | null): boolean => {
      if (chunk !== null) {
        events.data(chunk);
        return true;
      }
      stream.push = Readable.prototype.push;
      if (stream.aborted) return stream.push(null);
      complete();
      return false;
    };
    // What came before the stream was handed over is in the buffer, if it is not the end alone.
    stream.on('end', complete);
    if (stream.readableLength > 0) stream.on('data', (chunk: Uint8Array) => events.data(chunk));
    else stream.read(0);
  }

  respond(status: number, fields: HeaderFields): void {
    const stream = this.#stream;
    if (stream.destroyed || stream.closed || stream.headersSent) return;
    stream.respond({ ':status': status, ...fields });
  }

  end(body: Uint8Array | undefined): void {
    const stream = this.#stream;
    if (stream.destroyed || stream.closed || stream.writableEnded) return;
    stream.end(body);
    if (!this.#isComplete) stream.once('finish', () => this.#hangUp());
  }

  destroy(): void {
    resetHttp2(this.#stream, this.#session);
  }

  /** Tells a peer that is still sending to stop (RFC 9113, 8.1: RST_STREAM with NO_ERROR). */
  #hangUp(): void {
    setImmediate(() => {
      if (!this.#isComplete && !this.#stream.closed) this.#stream.close(constants.NGHTTP2_NO_ERROR);
    });
  }
}

function ignore(): void {}
