import { create, fromJson, toBinary, toJson } from '@bufbuild/protobuf';
import { type Client, Code, ConnectError, createClient, type Transport } from '@connectrpc/connect';
import {
  ClientFrameSchema,
  type ServerFrame,
  ServerFrameSchema,
} from '../../../gen/signalbox/v1/frame_pb.ts';
import { ConnectResponseSchema, SignalingService } from '../../../gen/signalbox/v1/signaling_service_pb.ts';
import type { ForeignSession, ForeignSessionEvents, JsonObject, Opening } from './foreign-client.ts';

// What connect-node and connect-web have in common: the generated client of connect-es. It runs in Node and in a page.

type Frames = AsyncIterable<{ readonly frame?: ServerFrame | undefined }>;

/** Both directions on one stream. */
export async function openDuplex(
  transport: Transport,
  { token, first }: Opening,
  events: ForeignSessionEvents,
): Promise<ForeignSession> {
  const client = createClient(SignalingService, transport);
  const queue = new Queue<{ frame: ReturnType<typeof frameOf> }>();
  const abort = new AbortController();
  queue.push({ frame: frameOf({ hello: { token } }) });
  for (const frame of first) queue.push({ frame: frameOf(frame) });
  void read(client.connect(queue, { signal: abort.signal }), events);
  return {
    async say(frame) {
      const made = frameOf(frame);
      queue.push({ frame: made });
      return toBinary(ClientFrameSchema, made);
    },
    hangUp: () => abort.abort(),
  };
}

/** ReceiveFrames and SendFrames: one session in two halves. */
export async function openHalves(
  transport: Transport,
  { token, first }: Opening,
  events: ForeignSessionEvents,
): Promise<ForeignSession> {
  const client: Client<typeof SignalingService> = createClient(SignalingService, transport);
  const abort = new AbortController();
  let sendKey = '';
  const frames = client.receiveFrames(
    { hello: { token }, frames: first.map(frameOf) },
    { signal: abort.signal },
  );
  const keyed = {
    ...events,
    heard: (heard: Parameters<ForeignSessionEvents['heard']>[0]) => {
      const { welcome } = heard.frame as { welcome?: { sendKey?: string } };
      sendKey = welcome?.sendKey ?? sendKey;
      events.heard(heard);
    },
  };
  void read(frames, keyed);
  return {
    async say(frame) {
      const made = frameOf(frame);
      const request: Parameters<typeof client.sendFrames>[0] = { sendKey, frames: [made] };
      try {
        await client.sendFrames(request);
      } catch (reason) {
        throw new Error(statusOf(reason));
      }
      return toBinary(ClientFrameSchema, made);
    },
    hangUp: () => abort.abort(),
  };
}

async function read(frames: Frames, events: ForeignSessionEvents): Promise<void> {
  let status = 'ok';
  try {
    for await (const { frame } of frames) {
      if (frame === undefined) continue;
      events.heard({
        frame: toJson(ServerFrameSchema, frame) as JsonObject,
        response: toBinary(ConnectResponseSchema, create(ConnectResponseSchema, { frame })),
        isWire: false,
      });
    }
  } catch (reason) {
    status = statusOf(reason);
  }
  events.ended(status);
}

function frameOf(frame: JsonObject) {
  return fromJson(ClientFrameSchema, frame as Parameters<typeof fromJson>[1]);
}

function statusOf(reason: unknown): string {
  const name = Code[ConnectError.from(reason).code] ?? 'unknown';
  return name.replace(/[A-Z]/g, (letter, at: number) => (at === 0 ? '' : '_') + letter.toLowerCase());
}

/** What is pushed, as an async iterable for one reader. */
class Queue<Item> implements AsyncIterable<Item> {
  readonly #items: Item[] = [];
  #wake: () => void = () => {};

  push(item: Item): void {
    this.#items.push(item);
    this.#wake();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Item> {
    for (;;) {
      const item = this.#items.shift();
      if (item !== undefined) yield item;
      else {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    }
  }
}
