import { fromBinary } from '@bufbuild/protobuf';
import type { Client } from '@connectrpc/connect';
import { ConnectError, createClient } from '@connectrpc/connect';
import { createConnectTransport } from '@connectrpc/connect-web';
import { ClientFrameSchema, type ServerFrame } from '../../../gen/signalbox/v1/frame_pb.ts';
import { SignalingService } from '../../../gen/signalbox/v1/signaling_service_pb.ts';
import { BatchSender } from './batch-sender.ts';
import type { Link, LinkEvents, Opening, Transport } from './port.ts';

/** The session in two halves: a server stream, and unary calls for what is sent. */
export const connectWebTransport: Transport = {
  name: 'connect-web',
  open: (opening, events) => new ConnectWebLink(opening, events),
};

class ConnectWebLink implements Link {
  readonly #events: LinkEvents;
  readonly #abort = new AbortController();
  readonly #sender: BatchSender;
  #keepalive = false;
  #closed = false;

  constructor(opening: Opening, events: LinkEvents) {
    this.#events = events;
    const transport = createConnectTransport({
      baseUrl: opening.url,
      useBinaryFormat: true,
      fetch: (input, init) => fetch(input, this.#keepalive ? { ...init, keepalive: true } : init),
    });
    const client = createClient(SignalingService, transport);
    this.#sender = new BatchSender(client, this.#abort.signal, {
      frame: (frame) => this.#frame(frame),
      closed: (end) => this.#end(end.code, end.detail),
    });
    void this.#receive(client, opening);
  }

  get congested(): boolean {
    return this.#sender.busy;
  }

  send(frame: Uint8Array | undefined, ack: number): void {
    if (!this.#closed) this.#sender.send(frame, ack);
  }

  flush(): void {
    this.#keepalive = true;
    this.#sender.flush();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    // Leaving the loop does not cancel the stream of a connect-es client; its signal does.
    this.#abort.abort();
  }

  async #receive(client: Client<typeof SignalingService>, opening: Opening): Promise<void> {
    try {
      const frames = opening.frames.map((frame) => fromBinary(ClientFrameSchema, frame));
      const responses = client.receiveFrames(
        { hello: opening.hello, frames },
        { signal: this.#abort.signal },
      );
      for await (const { frame } of responses) {
        if (this.#closed) return;
        if (frame !== undefined) this.#frame(frame);
      }
      this.#end(undefined, 'the gateway ended the stream');
    } catch (error) {
      const { code, rawMessage } = ConnectError.from(error);
      this.#end(code, rawMessage);
    }
  }

  #frame(frame: ServerFrame): void {
    if (this.#closed) return;
    if (frame.body.case === 'welcome') this.#sender.authorise(frame.body.value.sendKey);
    this.#events.frame(frame);
  }

  #end(code: number | undefined, detail: string): void {
    if (this.#closed) return;
    this.close();
    this.#events.closed({ code, detail });
  }
}
