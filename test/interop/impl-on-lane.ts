import {
  create,
  type DescMessage,
  type DescMethod,
  fromBinary,
  type MessageShape,
  toBinary,
} from '@bufbuild/protobuf';
import { Code, ConnectError } from '@connectrpc/connect';
import type { EnvelopeCall, EnvelopeHandler, OpenEnvelope } from '../../src/lanes/envelope/call.ts';

/** What an implementation gets beside its request; the part of Connect's HandlerContext that both stacks can give. */
export interface ImplContext {
  readonly requestHeader: Headers;
  readonly responseHeader: Headers;
  readonly responseTrailer: Headers;
  readonly signal: AbortSignal;
  timeoutMs(): number | undefined;
}

/** A streaming method written the way Connect's router takes it. */
export type StreamingImpl = (requests: AsyncIterable<never>, context: ImplContext) => AsyncIterable<object>;

/** Messages on their way from a lane to an implementation; says when it has enough of them. */
class Inbox<T> implements AsyncIterable<T> {
  readonly #queue: T[] = [];
  readonly #onEmpty: () => void;
  #ended = false;
  #error: unknown;
  #wake: (() => void) | undefined;

  constructor(onEmpty: () => void) {
    this.#onEmpty = onEmpty;
  }

  push(message: T): boolean {
    this.#queue.push(message);
    this.#wake?.();
    return this.#queue.length < 4;
  }

  end(error?: unknown): void {
    this.#ended = true;
    this.#error = error;
    this.#wake?.();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T> {
    for (;;) {
      const message = this.#queue.shift();
      if (message !== undefined) {
        if (this.#queue.length === 0) this.#onEmpty();
        yield message;
      } else if (this.#ended) {
        if (this.#error !== undefined) throw this.#error;
        return;
      } else {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    }
  }
}

/** Serves a streaming method that is written for Connect's router on the envelope lane. */
export function onLane(method: DescMethod, impl: StreamingImpl): OpenEnvelope {
  return (call) => new ImplHandler(method, impl, call);
}

class ImplHandler implements EnvelopeHandler {
  readonly #call: EnvelopeCall;
  readonly #input: DescMessage;
  readonly #inbox: Inbox<MessageShape<DescMessage>>;
  readonly #abort = new AbortController();
  #wake: (() => void) | undefined;

  constructor(method: DescMethod, impl: StreamingImpl, call: EnvelopeCall) {
    this.#call = call;
    this.#input = method.input;
    this.#inbox = new Inbox(() => call.resume());
    void this.#run(method, impl);
  }

  message(bytes: Uint8Array): boolean {
    let message: MessageShape<DescMessage>;
    try {
      // A field of bytes is a view of what it was read from, which is lent.
      message = fromBinary(this.#input, new Uint8Array(bytes));
    } catch (reason) {
      throw new ConnectError(`parse binary: ${String(reason)}`, Code.Internal);
    }
    return this.#inbox.push(message);
  }

  halfClosed(): void {
    this.#inbox.end();
  }

  drained(): void {
    this.#wake?.();
  }

  closed(): void {
    const gone = new ConnectError('the call is over', Code.Canceled);
    this.#abort.abort(gone);
    this.#inbox.end(gone);
    this.#wake?.();
  }

  violated(error: ConnectError): void {
    this.#inbox.end(error);
    this.#call.end(error);
  }

  async #run(method: DescMethod, impl: StreamingImpl): Promise<void> {
    const call = this.#call;
    const trailers = new Headers();
    try {
      const responses = impl(this.#inbox as AsyncIterable<never>, {
        requestHeader: call.requestHeaders,
        responseHeader: call.responseHeaders,
        responseTrailer: trailers,
        signal: this.#abort.signal,
        timeoutMs: () => call.timeoutMs,
      });
      for await (const response of responses) {
        const bytes = toBinary(method.output, create(method.output, response as Record<string, unknown>));
        if (!call.send(bytes) && !this.#abort.signal.aborted) {
          await new Promise<void>((resolve) => {
            this.#wake = resolve;
          });
        }
      }
      call.end(undefined, trailers);
    } catch (reason) {
      call.end(ConnectError.from(reason, Code.Internal), trailers);
    }
  }
}
