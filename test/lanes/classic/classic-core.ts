import { create, fromBinary, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import { WebSocket as Ws } from 'ws';
import {
  type ClientFrame,
  ClientFrameSchema,
  ServerFrameSchema,
} from '../../../gen/signalbox/v1/frame_pb.ts';
import { classicDialect } from '../../../src/lanes/classic/classic.ts';
import { type CoreScript, framed, LaneServer, type SeenLane } from '../websocket/lane-server.ts';
import { waitUntil } from '../websocket/wait-until.ts';

export type ServerBody = NonNullable<MessageInitShape<typeof ServerFrameSchema>['body']>;

/** A classic server on a fake core, whose frames a test writes by hand. */
export async function startClassic(
  script: CoreScript = {},
  tokenFor: (id: string) => Promise<string> = async (id) => `token of ${id}`,
  registerTimeoutMs = 60_000,
): Promise<LaneServer> {
  let count = 0;
  const nonce = () => `n${++count}`;
  return LaneServer.start(script, {}, (open, schedule) =>
    classicDialect({ open, tokenFor, room: 'lobby', nonce, schedule, registerTimeoutMs }),
  );
}

/** What the lane sent to the core, decoded. */
export function clientFrames(seen: SeenLane): ClientFrame[] {
  return seen.frames.map((frame) => fromBinary(ClientFrameSchema, frame));
}

/** Writes frames to the lane, joined as the pump joins them. */
export function say(seen: SeenLane, ...frames: MessageInitShape<typeof ServerFrameSchema>[]): boolean {
  const bytes = frames.map((frame) => toBinary(ServerFrameSchema, create(ServerFrameSchema, frame)));
  return seen.lane.write(framed(seen.lane, ...bytes));
}

export const entry = (id: string, identity: string) => ({ id, identity });

/** A page: sends objects, collects what it gets. */
export class Page {
  readonly socket: Ws;
  readonly got: Record<string, unknown>[] = [];
  closed: { code: number; reason: string } | undefined;

  constructor(server: LaneServer, path = '/ws') {
    this.socket = new Ws(server.url(path));
    this.socket.on('message', (data: Buffer) => this.got.push(JSON.parse(data.toString())));
    this.socket.on('close', (code, reason) => {
      this.closed = { code, reason: reason.toString() };
    });
    this.socket.on('error', () => {});
  }

  async open(): Promise<this> {
    await waitUntil(() => this.socket.readyState === Ws.OPEN, 'the page is connected');
    return this;
  }

  send(message: unknown): void {
    this.socket.send(typeof message === 'string' ? message : JSON.stringify(message));
  }

  /** The message number `index` that the page got, once it did. */
  async message(index: number): Promise<Record<string, unknown>> {
    await waitUntil(() => this.got.length > index, `message ${index} arrives`);
    return this.got[index] ?? {};
  }
}

/** A page that registered as `ann` in room `lobby` with `bob` (2.b.1) there. */
export async function registeredPage(server: LaneServer): Promise<{ page: Page; seen: SeenLane }> {
  const index = server.seen.length;
  const page = await new Page(server).open();
  page.send({ type: 'register', data: { id: 'ann' } });
  const seen = await server.lane(index);
  await waitUntil(() => seen.frames.length === 2, 'Hello and Join');
  say(
    seen,
    { body: { case: 'welcome', value: {} } },
    {
      seq: 1,
      ack: 1,
      body: {
        case: 'joined',
        value: {
          room: 'lobby',
          participant: entry('9.a.1', 'ann'),
          participants: [entry('2.b.1', 'bob')],
          rosterComplete: true,
        },
      },
    },
  );
  await page.message(0);
  await waitUntil(() => seen.frames.length === 3, 'the ack of Joined');
  return { page, seen };
}
