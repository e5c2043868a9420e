import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ByteStream, ByteStreamEvents } from './byte-stream.ts';
import type { HeaderFields } from './metadata.ts';

/** An exchange over HTTP/1.1. Trailers cannot be sent: the protocols that need them are refused earlier. */
export class Http1ByteStream implements ByteStream {
  readonly httpVersion: '1.0' | '1.1';
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  #closed = false;

  constructor(request: IncomingMessage, response: ServerResponse) {
    this.#request = request;
    this.#response = response;
    this.httpVersion = request.httpVersionMajor === 1 && request.httpVersionMinor >= 1 ? '1.1' : '1.0';
  }

  get responded(): boolean {
    return this.#response.headersSent;
  }

  get pendingBytes(): number {
    return this.#response.writableLength;
  }

  get isFlushed(): boolean {
    return this.#response.writableLength === 0;
  }

  open(events: ByteStreamEvents): void {
    const request = this.#request;
    const response = this.#response;
    const close = () => {
      if (this.#closed) return;
      this.#closed = true;
      events.closed('dropped');
    };
    response.on('close', close);
    response.on('error', close);
    request.on('error', close);
    if (response.destroyed || request.socket.destroyed) {
      setImmediate(close);
      return;
    }
    request.on('data', (chunk: Uint8Array) => {
      if (!this.#closed) events.data(chunk);
    });
    request.on('end', () => {
      if (!this.#closed) events.ended();
    });
    response.on('drain', () => {
      if (!this.#closed) events.drained();
    });
  }

  respond(status: number, fields: HeaderFields): void {
    const response = this.#response;
    if (this.#gone() || response.headersSent) return;
    try {
      response.writeHead(status, fields);
    } catch {
      response.destroy();
    }
  }

  write(bytes: Uint8Array): boolean {
    if (this.#gone() || this.#response.writableEnded) return true;
    return this.#response.write(bytes);
  }

  end(last: Uint8Array | undefined): void {
    const request = this.#request;
    const response = this.#response;
    if (this.#gone() || response.writableEnded) return;
    if (last === undefined) response.end();
    else response.end(last);
    if (request.readableEnded) return;
    // Read to nowhere: a socket that is closed over unread bytes is reset, and the response may be lost with it.
    request.removeAllListeners('data');
    request.resume();
  }

  pause(): void {
    this.#request.pause();
  }

  resume(): void {
    this.#request.resume();
  }

  destroy(): void {
    this.#response.destroy();
    this.#request.destroy();
  }

  #gone(): boolean {
    return this.#response.destroyed;
  }
}
