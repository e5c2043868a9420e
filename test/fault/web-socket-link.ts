import { WebSocket } from 'ws';
import { lengthField } from '../core/wire/bytes.ts';
import { encodeFrame } from '../helpers/lane-client.ts';
import { frameOf } from './grpc-link.ts';
import type { HelloInit, Link, LinkEvents } from './link.ts';

/** A WebSocket with the binary subprotocol. */
export class WebSocketLink implements Link {
  readonly #socket: WebSocket;
  #dropped = false;

  constructor(url: string, hello: HelloInit, events: LinkEvents) {
    const socket = new WebSocket(`${url.replace('http', 'ws')}/ws`, 'signalbox.v1.proto', {
      perMessageDeflate: false,
    });
    this.#socket = socket;
    socket.on('open', () => this.send([encodeFrame({ body: { case: 'hello', value: hello } })]));
    socket.on('message', (data: Buffer) => {
      if (!this.#dropped) events.frame(frameOf(data));
    });
    socket.on('error', () => {});
    socket.on('close', () => {
      if (!this.#dropped) events.ended();
    });
  }

  send(frames: readonly Uint8Array[]): void {
    if (this.#socket.readyState !== WebSocket.OPEN) return;
    for (const frame of frames) this.#socket.send(lengthField(1, frame));
  }

  drop(): void {
    this.#dropped = true;
    this.#socket.terminate();
  }
}
