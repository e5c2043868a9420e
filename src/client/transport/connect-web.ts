import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import { decode } from '../codec/decode.ts';
import { encode } from '../codec/encode.ts';
import type { ServerFrame } from '../codec/messages.ts';
import { BatchSender } from './batch-sender.ts';
import { CallError, serverStream, unary } from './connect-protocol.ts';
import type { Link, LinkEvents, Opening, Transport } from './port.ts';

const SERVICE = '/signalbox.v1.SignalingService';
/** Numbers of the fields `hello` and `frames` in ReceiveFramesRequest. */
const HELLO = 1;
const FRAMES = 2;

/** The session in two halves over the Connect protocol: a server stream, and unary calls for what is sent. */
export const connectWebTransport: Transport = {
  name: 'connect-web',
  open: (opening, events) => new ConnectWebLink(opening, events),
};

class ConnectWebLink implements Link {
  readonly #events: LinkEvents;
  readonly #abort = new AbortController();
  readonly #sender: BatchSender;
  #closed = false;

  constructor(opening: Opening, events: LinkEvents) {
    this.#events = events;
    const { signal } = this.#abort;
    this.#sender = new BatchSender(
      (request, { farewell, timeoutMs }) => {
        const url = `${opening.url}${SERVICE}/SendFrames`;
        // The last call goes on when this link is closed.
        return unary({ url, timeoutMs, ...(farewell ?? { signal }) }, request);
      },
      {
        frame: (frame, bytes) => this.#frame(frame, bytes),
        closed: (end) => this.#end(end.code, end.detail),
      },
    );
    void this.#receive(opening);
  }

  get congested(): boolean {
    return this.#sender.busy;
  }

  send(frame: Uint8Array | undefined, ack: number): void {
    if (!this.#closed) this.#sender.send(frame, ack);
  }

  flush(): void {
    if (!this.#closed) this.#sender.flush();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#sender.stop();
    this.#abort.abort();
  }

  async #receive({ url, hello, frames }: Opening): Promise<void> {
    const request = new BinaryWriter().tag(HELLO, WireType.LengthDelimited).bytes(encode('Hello', hello));
    for (const frame of frames) request.tag(FRAMES, WireType.LengthDelimited).bytes(frame);
    const call = { url: `${url}${SERVICE}/ReceiveFrames`, signal: this.#abort.signal };
    try {
      await serverStream(call, request.finish(), (message) => {
        const { frame } = decode('ReceiveFramesResponse', message);
        if (frame !== undefined) this.#frame(frame, message.length);
      });
      this.#end(undefined, 'the gateway ended the stream');
    } catch (error) {
      this.#end(error instanceof CallError ? error.code : undefined, `ReceiveFrames: ${error}`);
    }
  }

  #frame(frame: ServerFrame, bytes: number): void {
    if (this.#closed) return;
    if (frame.body.case === 'welcome') this.#sender.authorise(frame.body.value.sendKey);
    this.#events.frame(frame, bytes);
  }

  #end(code: number | undefined, detail: string): void {
    if (this.#closed) return;
    this.close();
    this.#events.closed({ code, detail });
  }
}
