import type { IncomingHttpHeaders } from 'node:http';
import type { DescMethod } from '@bufbuild/protobuf';
import { Code, ConnectError } from '@connectrpc/connect';
import type { Framing, LaneCloseCause } from '../../core/lane.ts';
import type { ByteStream, ByteStreamEvents } from './byte-stream.ts';
import type { EnvelopeCall, EnvelopeHandler, OpenEnvelope } from './call.ts';
import {
  type Codec,
  compressedFlag,
  connectEndFlag,
  type EnvelopeProtocol,
  publicError,
  webTrailerFlag,
} from './connect-protocol.ts';
import { EnvelopeReader } from './envelope-reader.ts';
import { frameMessage } from './framing.ts';
import { fieldValue, toHeaders } from './metadata.ts';
import { type Decoded, decompress, tooLarge, violation } from './request-codec.ts';
import type { EnvelopeResponse } from './response.ts';
import { startTimer } from './timer.ts';

/** What an endpoint knows of a call before it begins. */
export interface CallSetup {
  readonly method: DescMethod;
  readonly protocol: EnvelopeProtocol;
  readonly codec: Codec;
  readonly headers: IncomingHttpHeaders;
  readonly address: string;
  readonly timeoutMs: number | undefined;
  readonly framing: Framing;
  readonly response: EnvelopeResponse;
  /** The request names an encoding, so its messages may be compressed. */
  readonly gzipRequest: boolean;
  readonly maxMessageBytes: number;
  readonly requestTimeoutMs: number;
  readonly lingerMs: number;
  /** JSON to binary; absent with the binary codec. */
  readonly decode: ((bytes: Uint8Array) => Decoded) | undefined;
  readonly onError: (reason: unknown) => void;
  /** The exchange is over and everything of the call is let go. */
  readonly onGone: () => void;
}

/**
 * One call over one byte stream.
 *
 * `open` from the start; `ended` when the response was ended and is on its way out; `gone` when the exchange is over.
 * The handler hears nothing after `open`.
 */
export class StreamCall implements EnvelopeCall, ByteStreamEvents {
  readonly method: DescMethod;
  readonly protocol: EnvelopeProtocol;
  readonly codec: Codec;
  readonly httpVersion: '1.1' | '2';
  readonly timeoutMs: number | undefined;
  readonly address: string;
  readonly framing: Framing;
  readonly #stream: ByteStream;
  readonly #setup: CallSetup;
  readonly #reader: EnvelopeReader;
  readonly #singleRequest: boolean;
  #handler: EnvelopeHandler | undefined;
  #phase: 'open' | 'ended' | 'gone' = 'open';
  #requestHeaders: Headers | undefined;
  #held: { readonly bytes: Uint8Array; readonly compressed: boolean } | undefined;
  #inputEnded = false;
  #inputDone = false;
  #paused = false;
  #resumed = false;
  #stopDeadline: (() => void) | undefined;
  #stopRequestTimer: (() => void) | undefined;
  #stopLinger: (() => void) | undefined;

  constructor(stream: ByteStream, setup: CallSetup) {
    this.#stream = stream;
    this.#setup = setup;
    this.method = setup.method;
    this.protocol = setup.protocol;
    this.codec = setup.codec;
    this.httpVersion = stream.httpVersion === '2' ? '2' : '1.1';
    this.timeoutMs = setup.timeoutMs;
    this.address = setup.address;
    this.framing = setup.framing;
    this.#reader = new EnvelopeReader(setup.maxMessageBytes);
    const kind = setup.method.methodKind;
    this.#singleRequest = kind === 'unary' || kind === 'server_streaming';
  }

  /** Starts the call. Deadlines run from here. */
  start(open: OpenEnvelope): void {
    this.#stream.open(this);
    if (this.timeoutMs !== undefined) {
      this.#stopDeadline = startTimer(this.timeoutMs, () => this.#expire('deadline exceeded'));
    }
    if (this.#singleRequest) {
      const limit = this.#setup.requestTimeoutMs;
      this.#stopRequestTimer = startTimer(limit, () =>
        this.#expire(`the request was not complete within ${limit} ms`),
      );
    }
    try {
      this.#handler = open(this);
    } catch (reason) {
      this.#fail(reason);
    }
  }

  get requestHeaders(): Headers {
    this.#requestHeaders ??= toHeaders(this.#setup.headers);
    return this.#requestHeaders;
  }

  get responseHeaders(): Headers {
    return this.#setup.response.headers;
  }

  requestHeader(name: string): string | undefined {
    return fieldValue(this.#setup.headers, name);
  }

  get isFlushed(): boolean {
    return this.#stream.isFlushed;
  }

  send(message: Uint8Array): boolean {
    if (this.#phase !== 'open') return true;
    try {
      return this.#setup.response.write(frameMessage(this.framing, message));
    } catch (reason) {
      this.#fail(reason);
      queueMicrotask(() => this.#tellClosed('reset'));
      return true;
    }
  }

  writeFramed(bytes: Uint8Array): boolean {
    return this.#phase === 'open' ? this.#setup.response.write(bytes) : true;
  }

  end(error?: ConnectError, trailers?: Headers): void {
    if (this.#phase !== 'open') return;
    this.#phase = 'ended';
    this.#letGo();
    this.#stopLinger = startTimer(this.#setup.lingerMs, () => this.#stream.destroy());
    this.#setup.response.end(error, trailers);
  }

  resume(): void {
    this.#resumed = true;
    if (!this.#paused) return;
    this.#paused = false;
    this.#deliver();
    if (this.#reading()) this.#stream.resume();
  }

  data(chunk: Uint8Array): void {
    if (this.#phase !== 'open' || this.#inputDone) return;
    this.#reader.push(chunk);
    if (!this.#paused) this.#deliver();
    this.#reader.keep();
  }

  ended(): void {
    this.#inputEnded = true;
    if (this.#phase === 'open' && !this.#paused && !this.#inputDone) this.#deliver();
  }

  drained(): void {
    if (this.#phase === 'open') this.#tell((handler) => handler.drained());
  }

  closed(cause: 'reset' | 'dropped'): void {
    const wasOpen = this.#phase === 'open';
    this.#phase = 'gone';
    this.#letGo();
    this.#stopLinger?.();
    if (wasOpen) this.#tellClosed(cause);
    this.#handler = undefined;
    this.#setup.onGone();
  }

  #reading(): boolean {
    return this.#phase === 'open' && !this.#paused && !this.#inputDone;
  }

  /** Hands on what has been read, until the handler has enough or nothing whole is left. */
  #deliver(): void {
    while (this.#reading()) {
      const found = this.#reader.next();
      if (found === 'too-large') {
        this.#violate(tooLarge(this.#setup.maxMessageBytes));
        return;
      }
      if (found === 'incomplete') {
        if (this.#inputEnded) this.#finishInput();
        return;
      }
      this.#take(this.#reader.flags, this.#reader.message);
    }
  }

  #take(flags: number, wire: Uint8Array): void {
    let bytes = wire;
    if (flags !== 0) {
      if (this.#isEndEnvelope(flags)) return;
      if (flags !== compressedFlag) {
        this.#violate(violation('malformed', `envelope has unknown flags ${flags}`, Code.InvalidArgument));
        return;
      }
      const inflated = decompress(wire, this.#setup.gzipRequest, this.#setup.maxMessageBytes);
      if (inflated.kind !== 'ok') {
        this.#violate(inflated);
        return;
      }
      bytes = inflated.bytes;
    }
    if (this.#setup.decode !== undefined) {
      const decoded = this.#setup.decode(bytes);
      if (decoded.kind !== 'ok') {
        this.#violate(decoded);
        return;
      }
      bytes = decoded.bytes;
    }
    const compressed = flags === compressedFlag;
    if (!this.#singleRequest) this.#hand(bytes, compressed);
    else if (this.#held === undefined) this.#held = { bytes: new Uint8Array(bytes), compressed };
    else this.#violate(violation('malformed', 'request has more than one message', Code.Unimplemented));
  }

  /** Ends of a stream are the server's to send; a client's are skipped. */
  #isEndEnvelope(flags: number): boolean {
    if (this.protocol === 'connect') return (flags & connectEndFlag) !== 0;
    return this.protocol === 'grpc-web' && (flags & webTrailerFlag) !== 0;
  }

  #hand(bytes: Uint8Array, compressed: boolean): void {
    this.#resumed = false;
    const more = this.#tell((handler) => handler.message(bytes, compressed));
    if (more !== false || this.#resumed || this.#phase !== 'open') return;
    this.#paused = true;
    this.#stream.pause();
  }

  #finishInput(): void {
    this.#stopRequestTimer?.();
    if (!this.#reader.clean) {
      this.#violate(violation('malformed', 'request ends within an envelope', Code.InvalidArgument));
      return;
    }
    if (this.#singleRequest) {
      const held = this.#held;
      if (held === undefined) {
        this.#violate(violation('malformed', 'request has no message', Code.Unimplemented));
        return;
      }
      this.#held = undefined;
      this.#hand(held.bytes, held.compressed);
    }
    this.#inputDone = true;
    if (this.#phase === 'open') this.#tell((handler) => handler.halfClosed());
  }

  #violate(found: Decoded): void {
    if (found.kind !== 'violation') return;
    this.#inputDone = true;
    this.#reader.clear();
    this.#stopRequestTimer?.();
    this.#stream.pause();
    this.#tell((handler) => handler.violated(found.error, found.reason));
  }

  #expire(message: string): void {
    if (this.#phase !== 'open') return;
    this.end(new ConnectError(message, Code.DeadlineExceeded));
    this.#tellClosed('deadline');
  }

  #tellClosed(cause: LaneCloseCause): void {
    const handler = this.#handler;
    if (handler === undefined) return;
    try {
      handler.closed(cause);
    } catch (reason) {
      this.#setup.onError(reason);
    }
  }

  #tell<T>(event: (handler: EnvelopeHandler) => T): T | undefined {
    const handler = this.#handler;
    if (handler === undefined) return undefined;
    try {
      return event(handler);
    } catch (reason) {
      const wasOpen = this.#phase === 'open';
      this.#fail(reason);
      if (wasOpen) this.#tellClosed('reset');
      return undefined;
    }
  }

  #fail(reason: unknown): void {
    if (!(reason instanceof ConnectError)) this.#setup.onError(reason);
    this.end(publicError(reason));
  }

  #letGo(): void {
    this.#stopDeadline?.();
    this.#stopRequestTimer?.();
    this.#reader.clear();
    this.#held = undefined;
  }
}
