import { encode } from '../codec/encode.ts';
import type { ServerFrame } from '../codec/messages.ts';
import type { Link, LinkEvents, Opening, Transport } from './port.ts';
import { acknowledging, connectRequest, frameOfResponse } from './wire.ts';

/** The subprotocol whose binary messages are ConnectRequest and ConnectResponse. */
const SUBPROTOCOL = 'signalbox.v1.proto';
/** The gateway's close codes are this plus the gRPC status code. */
const STATUS_BASE = 4000;
/** Above this, droppable frames are not added to what the browser holds. */
const CONGESTED_BYTES = 65_536;

/** The session over a WebSocket: the path `/ws` of the gateway. */
export const webSocketTransport: Transport = {
  name: 'websocket',
  open: (opening, events) => new WebSocketLink(opening, events),
};

class WebSocketLink implements Link {
  readonly #socket: WebSocket;
  readonly #events: LinkEvents;
  /** Until the socket is open. */
  #waiting: Uint8Array<ArrayBuffer>[] | undefined;
  #closed = false;

  constructor(opening: Opening, events: LinkEvents) {
    this.#events = events;
    const hello = encode('ClientFrame', { body: { case: 'hello', value: opening.hello } });
    this.#waiting = [hello, ...opening.frames].map(connectRequest);
    this.#socket = new WebSocket(`${opening.url.replace(/^http/, 'ws')}/ws`, SUBPROTOCOL);
    this.#socket.binaryType = 'arraybuffer';
    this.#socket.onopen = () => {
      const waiting = this.#waiting ?? [];
      this.#waiting = undefined;
      for (const message of waiting) this.#socket.send(message);
    };
    this.#socket.onmessage = ({ data }) => this.#receive(data);
    this.#socket.onclose = ({ code, reason }) => {
      const status = code >= STATUS_BASE ? code - STATUS_BASE : undefined;
      this.#end(status, reason === '' ? `WebSocket closed with code ${code}` : reason);
    };
  }

  get congested(): boolean {
    return this.#waiting !== undefined || this.#socket.bufferedAmount > CONGESTED_BYTES;
  }

  send(frame: Uint8Array | undefined, ack: number): void {
    const message = connectRequest(acknowledging(frame, ack));
    if (this.#waiting !== undefined) this.#waiting.push(message);
    else if (this.#socket.readyState === WebSocket.OPEN) this.#socket.send(message);
  }

  flush(): void {
    // The browser sends what it holds before it closes the socket of a page that goes.
  }

  close(): void {
    this.#closed = true;
    this.#socket.close(1000);
  }

  #receive(data: unknown): void {
    if (this.#closed) return;
    let frame: ServerFrame;
    try {
      if (!(data instanceof ArrayBuffer)) throw new TypeError('a text message on the binary subprotocol');
      frame = frameOfResponse(new Uint8Array(data));
    } catch (error) {
      this.#end(undefined, `unreadable message from the gateway: ${error}`);
      return;
    }
    this.#events.frame(frame, data.byteLength);
  }

  #end(code: number | undefined, detail: string): void {
    if (this.#closed) return;
    this.close();
    this.#events.closed({ code, detail });
  }
}
