/** A bidirectional relay on `@connectrpc/connect-node` as its guide writes one: an async generator a stream. */
import { createServer } from 'node:http2';
import type { AddressInfo } from 'node:net';
import type { MessageInitShape } from '@bufbuild/protobuf';
import { connectNodeAdapter } from '@connectrpc/connect-node';
import type { ServerFrameSchema } from '../../gen/signalbox/v1/frame_pb.ts';
import type { Signal } from '../../gen/signalbox/v1/signal_pb.ts';
import { type ConnectRequest, SignalingService } from '../../gen/signalbox/v1/signaling_service_pb.ts';
import { type Heard, Relay, type Said } from './relay.ts';

const relay = new Relay<Signal>();

/** Frames that wait to be yielded. */
class Outbox {
  readonly #waiting: Heard<Signal>[] = [];
  #wake: (() => void) | undefined;
  #ended = false;

  push(heard: Heard<Signal>): void {
    this.#waiting.push(heard);
    this.#wake?.();
  }

  end(): void {
    this.#ended = true;
    this.#wake?.();
  }

  async *frames() {
    for (;;) {
      const heard = this.#waiting.shift();
      if (heard !== undefined) yield { frame: frameOf(heard) };
      else if (this.#ended) return;
      else {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    }
  }
}

const handler = connectNodeAdapter({
  routes: ({ service }) =>
    service(SignalingService, {
      async *connect(requests, { signal }) {
        const outbox = new Outbox();
        const client = relay.enter((heard) => outbox.push(heard));
        signal.addEventListener('abort', () => {
          client.gone();
          outbox.end();
        });
        void readAll(requests, client).finally(() => outbox.end());
        yield* outbox.frames();
      },
    }),
});
const server = createServer(handler);
server.listen(0, '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo;
  console.log(`listening on http://127.0.0.1:${port}`);
});
process.on('SIGTERM', () => process.exit(0));

async function readAll(
  requests: AsyncIterable<ConnectRequest>,
  client: { take(said: Said<Signal>): void },
): Promise<void> {
  try {
    for await (const request of requests) {
      const said = read(request);
      if (said !== undefined) client.take(said);
    }
  } catch {
    // The client is gone: its stream ends.
  }
}

function read({ frame }: ConnectRequest): Said<Signal> | undefined {
  const body = frame?.body;
  switch (body?.case) {
    case 'signal':
      return { kind: 'signal', to: body.value.to, signal: body.value };
    case 'hello':
      return { kind: 'hello', name: body.value.deviceId };
    case 'join':
      return { kind: 'join', room: body.value.room };
    case 'leave':
      return { kind: 'leave', room: body.value.room };
    default:
      return undefined;
  }
}

function frameOf(heard: Heard<Signal>): MessageInitShape<typeof ServerFrameSchema> {
  switch (heard.kind) {
    case 'signal':
      return { origin: { sender: heard.sender }, body: { case: 'signal', value: heard.signal } };
    case 'welcome':
      return { body: { case: 'welcome', value: { sessionId: heard.session } } };
    case 'joined': {
      const value = { room: heard.room, participant: { id: heard.participant } };
      return { body: { case: 'joined', value } };
    }
    case 'left':
      return { body: { case: 'left', value: { room: heard.room } } };
  }
}
