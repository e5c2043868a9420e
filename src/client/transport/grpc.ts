import { isIP } from 'node:net';
import { checkServerIdentity } from 'node:tls';
import type { ClientDuplexStream } from '@grpc/grpc-js';
import { Client, credentials } from '@grpc/grpc-js';
import { encode } from '../codec/encode.ts';
import type { ServerFrame } from '../codec/messages.ts';
import type { Link, LinkEvents, Opening, Transport } from './port.ts';
import { acknowledging, connectRequest, frameOfResponse } from './wire.ts';

const PATH = '/signalbox.v1.SignalingService/Connect';
/** Larger than any frame that a gateway sends; its limits are its own. */
const MAX_RECEIVED_BYTES = 4 * 1024 * 1024;
/** gRPC status UNAVAILABLE: said here of a connection that cannot even be tried. */
const UNAVAILABLE = 14;

/** The session over one gRPC stream. Node only: loaded where it is needed, so that no page ever carries it. */
export const grpcTransport: Transport = grpcTransportOver(true);

/** The same; `verifies` false: it takes any certificate, for tools that look at test systems. */
export function grpcTransportOver(verifies: boolean): Transport {
  return { name: 'grpc', open: (opening, events) => new GrpcLink(opening, events, verifies) };
}

class GrpcLink implements Link {
  readonly #client: Client;
  readonly #call: ClientDuplexStream<Uint8Array, Uint8Array>;
  readonly #events: LinkEvents;
  #closed = false;

  constructor(opening: Opening, events: LinkEvents, verifies: boolean) {
    this.#events = events;
    const { protocol, hostname, port } = new URL(opening.url);
    const secure = protocol === 'https:';
    const address = hostname.replace(/^\[|\]$/g, '');
    const isNamed = isIP(address) === 0;
    this.#client = new Client(
      `${hostname}:${port === '' ? (secure ? 443 : 80) : port}`,
      secure
        ? credentials.createSsl(null, null, null, {
            rejectUnauthorized: verifies,
            ...(!isNamed && {
              checkServerIdentity: (_name, certificate) => checkServerIdentity(address, certificate),
            }),
          })
        : credentials.createInsecure(),
      {
        'grpc.max_receive_message_length': MAX_RECEIVED_BYTES,
        // Each link gets a connection of its own: a shared one may be the dead one that is being replaced.
        'grpc.use_local_subchannel_pool': 1,
        // An address is no server name for TLS (RFC 6066, 3), and grpc-js would give it as one.
        ...(secure && !isNamed && { 'grpc.ssl_target_name_override': 'localhost' }),
      },
    );
    this.#call = this.#client.makeBidiStreamRequest<Uint8Array, Uint8Array>(
      PATH,
      (bytes) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength),
      // A Buffer would reach the application as the content of messages.
      (bytes) => new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length),
    );
    this.#call.on('data', (bytes: Uint8Array) => this.#receive(bytes));
    this.#call.on('error', () => {
      // Every error has its status, which tells the same.
    });
    this.#call.on('status', ({ code, details }) => this.#end(code, details));
    const hello = encode('ClientFrame', { body: { case: 'hello', value: opening.hello } });
    this.#call.write(connectRequest(hello));
    for (const frame of opening.frames) this.#call.write(connectRequest(frame));
  }

  get congested(): boolean {
    return this.#call.writableNeedDrain;
  }

  send(frame: Uint8Array | undefined, ack: number): void {
    if (!this.#closed) this.#call.write(connectRequest(acknowledging(frame, ack)));
  }

  flush(): void {
    // There are no pages here.
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    // A cancel, not a half-close: the gateway must not wait for more.
    this.#call.cancel();
    this.#client.close();
  }

  #receive(bytes: Uint8Array): void {
    if (this.#closed) return;
    let frame: ServerFrame;
    try {
      frame = frameOfResponse(bytes);
    } catch (error) {
      this.#end(UNAVAILABLE, `unreadable message from the gateway: ${error}`);
      return;
    }
    this.#events.frame(frame, bytes.length);
  }

  #end(code: number, detail: string): void {
    if (this.#closed) return;
    this.close();
    this.#events.closed({ code: code === 0 ? undefined : code, detail: detail || `gRPC status ${code}` });
  }
}
