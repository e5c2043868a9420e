import { fromBinary } from '@bufbuild/protobuf';
import { type ServerFrame, ServerFrameSchema } from '../../gen/signalbox/v1/frame_pb.ts';
import type { Framing, Lane, LaneEvents, OpenLane, PrefixFraming, Transport } from '../../src/core/lane.ts';

/** Whom a lane belongs to. Nothing of it may call the core from within. */
export interface LaneOwner {
  /** The client reads a frame. */
  frame(lane: ModelLane, frame: ServerFrame): void;
  /** The gateway ended the lane, and the client has read all of it. */
  ended(lane: ModelLane): void;
  /** The gateway wrote a frame, whether it is ever read or not. */
  wrote(lane: ModelLane, frame: ServerFrame): void;
  /** The session has lost this connection, by whoever's will. */
  lost(lane: ModelLane): void;
}

/** Ways to connect: what a transport is to the core. `halves` sends by SendFrames. */
export const wirings = ['stream', 'socket', 'halves'] as const;
export type Wiring = (typeof wirings)[number];

const fourBytes: PrefixFraming = {
  kind: 'prefix',
  name: 'model-4',
  prefixSize: () => 4,
  writePrefix(out, position, frameLength) {
    new DataView(out.buffer, out.byteOffset).setUint32(position, frameLength);
    return position + 4;
  },
};

/** Rewritten on its way, as JSON and compression are. */
const inverted: Framing = {
  kind: 'transcode',
  name: 'model-inverted',
  encode(frame) {
    const out = new Uint8Array(4 + frame.length);
    new DataView(out.buffer).setUint32(0, frame.length);
    for (let i = 0; i < frame.length; i += 1) out[4 + i] = 255 - (frame[i] ?? 0);
    return out;
  },
};

const transports: Readonly<Record<Wiring, Transport>> = {
  stream: 'grpc',
  socket: 'websocket',
  halves: 'connect',
};

/** A connection in memory. What was written and not read is lost with it. */
export class ModelLane implements Lane {
  readonly number: number;
  readonly wiring: Wiring;
  readonly transport: Transport;
  readonly framing: Framing;
  /** What is written is read at once. */
  readonly isFlushed = true;
  readonly peer = { address: '127.0.0.1', userAgent: 'model', bearerToken: '' };
  /** Session that the gateway welcomed on this lane; '' while it has not. */
  session = '';
  /** What the Hello asked for. */
  asked: Asked = { session: '', identity: '', honest: true };
  /** How long the client asked its session to be held, and when, in milliseconds. */
  hold: { readonly ms: number; readonly at: number } | undefined;
  readonly #owner: LaneOwner;
  #events: LaneEvents | undefined;
  readonly #outbox: Uint8Array[] = [];
  #blocked = false;
  #isOpen = true;
  #ended = false;
  /** Set while the client does not read: what waits for it, and how much the transport takes on. */
  #held: { readonly frames: ServerFrame[]; room: number; owesDrained: boolean } | undefined;

  constructor(number: number, wiring: Wiring, owner: LaneOwner) {
    this.number = number;
    this.wiring = wiring;
    this.transport = transports[wiring];
    this.framing = wiring === 'socket' ? inverted : fourBytes;
    this.#owner = owner;
  }

  /** Neither side has ended it. */
  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** Frames of the client that the gateway has not taken from the transport. */
  get unread(): number {
    return this.#outbox.length;
  }

  /** Whether the client has read all that was written. */
  get isRead(): boolean {
    return this.#held === undefined || this.#held.frames.length === 0;
  }

  open(open: OpenLane): void {
    this.#events = open(this);
  }

  send(bytes: Uint8Array): void {
    this.#outbox.push(bytes);
    this.#flush();
  }

  /** The client reads no more; the transport takes `room` bytes before it says that it is full. */
  deafen(room: number): void {
    this.#held ??= { frames: [], room, owesDrained: false };
  }

  /** The client reads what waits, and goes on reading. */
  hear(): void {
    const held = this.#held;
    if (held === undefined) return;
    this.#held = undefined;
    for (const frame of held.frames) this.#owner.frame(this, frame);
    if (this.#ended) this.#owner.ended(this);
    else if (held.owesDrained && this.#isOpen) this.#events?.drained();
  }

  /** The connection is lost, with all that is under way. */
  drop(): void {
    this.#held = { frames: [], room: 0, owesDrained: false };
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#owner.lost(this);
    this.#events?.closed('dropped');
  }

  write(bytes: Uint8Array): boolean {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    for (let at = 0; at < bytes.length; ) {
      const start = at + 4;
      at = start + view.getUint32(at);
      this.#take(fromBinary(ServerFrameSchema, this.#plain(bytes.slice(start, at))));
    }
    if (this.#held === undefined) return true;
    this.#held.room -= bytes.length;
    if (this.#held.room < 0) this.#held.owesDrained = true;
    return this.#held.room >= 0;
  }

  resume(): void {
    this.#blocked = false;
    this.#flush();
  }

  end(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#ended = true;
    this.#owner.lost(this);
    if (this.#held === undefined) this.#owner.ended(this);
  }

  #plain(frame: Uint8Array): Uint8Array {
    return this.wiring === 'socket' ? frame.map((byte) => 255 - byte) : frame;
  }

  #take(frame: ServerFrame): void {
    this.#owner.wrote(this, frame);
    if (this.#held === undefined) this.#owner.frame(this, frame);
    else this.#held.frames.push(frame);
  }

  #flush(): void {
    while (this.#isOpen && !this.#blocked && this.#events !== undefined) {
      const bytes = this.#outbox.shift();
      if (bytes === undefined) return;
      // Resumed from within, or later: false alone does not say.
      this.#blocked = true;
      if (this.#events.frame(bytes)) this.#blocked = false;
      // A read buffer is used again.
      bytes.fill(0xff);
    }
  }
}

/** What a Hello asked for. */
export interface Asked {
  /** Session to be resumed; '' for a new one. */
  readonly session: string;
  /** Identity of the token. */
  readonly identity: string;
  /** With the secret of that session, and a token of its identity. */
  readonly honest: boolean;
}
