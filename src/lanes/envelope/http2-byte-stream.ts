import { constants, type ServerHttp2Stream } from 'node:http2';
import type { ByteStream, ByteStreamEvents } from './byte-stream.ts';
import type { HeaderFields } from './metadata.ts';
import { resetHttp2 } from './reset-http2.ts';

/** An exchange over one HTTP/2 stream. */
export class Http2ByteStream implements ByteStream {
  readonly httpVersion = '2';
  readonly #stream: ServerHttp2Stream;
  readonly #session: ServerHttp2Stream['session'];
  #trailers: HeaderFields = {};
  #closed = false;

  constructor(stream: ServerHttp2Stream) {
    this.#stream = stream;
    this.#session = stream.session;
  }

  get responded(): boolean {
    return this.#stream.headersSent;
  }

  get pendingBytes(): number {
    return this.#stream.writableLength;
  }

  open(events: ByteStreamEvents): void {
    const stream = this.#stream;
    const close = () => {
      if (this.#closed) return;
      this.#closed = true;
      events.closed(this.#session === undefined || this.#session.destroyed ? 'dropped' : 'reset');
    };
    // `aborted` comes where `close` does not: a paused stream that was reset without an error code keeps its unread
    // bytes. Node emits it from within its own methods, hence the microtask.
    stream.on('aborted', () => queueMicrotask(close));
    stream.on('close', close);
    stream.on('error', close);
    if (stream.destroyed || stream.aborted) {
      setImmediate(close);
      return;
    }
    stream.on('data', (chunk: Uint8Array) => {
      if (!this.#closed) events.data(chunk);
    });
    stream.on('end', () => {
      if (!this.#closed) events.ended();
    });
    stream.on('drain', () => {
      if (!this.#closed) events.drained();
    });
    stream.on('wantTrailers', () => {
      // The peer may have reset the stream between the event and this call.
      attempt(() => stream.sendTrailers(this.#trailers));
      this.#hangUp();
    });
  }

  respond(status: number, fields: HeaderFields, trailers: boolean): void {
    if (this.#gone() || this.#stream.headersSent) return;
    attempt(() => this.#stream.respond({ ':status': status, ...fields }, { waitForTrailers: trailers }));
  }

  write(bytes: Uint8Array): boolean {
    if (this.#gone() || this.#stream.writableEnded) return true;
    return this.#stream.write(bytes);
  }

  end(last: Uint8Array | undefined, trailers: HeaderFields | undefined): void {
    const stream = this.#stream;
    if (this.#gone() || stream.writableEnded) return;
    if (trailers !== undefined) this.#trailers = trailers;
    if (last === undefined) stream.end();
    else stream.end(last);
    // What still comes in is read to nowhere until the response is out.
    stream.removeAllListeners('data');
    stream.resume();
    if (trailers === undefined) stream.once('finish', () => this.#hangUp());
  }

  /** Tells a peer that is still sending to stop (RFC 9113, 8.1: RST_STREAM with NO_ERROR). */
  #hangUp(): void {
    const stream = this.#stream;
    if (stream.readableEnded) return;
    // Node submits trailers in an immediate of its own, which was queued before this one.
    setImmediate(() => {
      if (!stream.closed && !stream.readableEnded) stream.close(constants.NGHTTP2_NO_ERROR);
    });
  }

  pause(): void {
    this.#stream.pause();
  }

  resume(): void {
    this.#stream.resume();
  }

  destroy(): void {
    resetHttp2(this.#stream, this.#session);
  }

  #gone(): boolean {
    return this.#stream.destroyed || this.#stream.closed;
  }
}

/** Node throws when the state of the stream has changed under the caller; its `close` tells the rest. */
function attempt(action: () => void): void {
  try {
    action();
  } catch {
    // Nothing can be said to this peer any more.
  }
}
