import { create, fromBinary, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import {
  type ClientFrame,
  ClientFrameSchema,
  type ServerFrame,
  ServerFrameSchema,
} from '../../gen/signalbox/v1/frame_pb.ts';
import { DeliveryClass } from '../../gen/signalbox/v1/message_pb.ts';
import type { HelloSchema, JoinSchema, Welcome } from '../../gen/signalbox/v1/session_pb.ts';
import type {
  Lane,
  LaneCloseCause,
  LaneEnd,
  LaneEvents,
  OpenLane,
  PrefixFraming,
} from '../../src/core/lane.ts';

/** Four bytes of length before each frame. */
const framing: PrefixFraming = {
  kind: 'prefix',
  name: 'scripted',
  prefixSize: () => 4,
  writePrefix(out, position, frameLength) {
    new DataView(out.buffer, out.byteOffset).setUint32(position, frameLength);
    return position + 4;
  },
};

/** What a ClientFrame says, as an initialiser. */
export type ClientBody = Extract<MessageInitShape<typeof ClientFrameSchema>['body'], { case: string }>;
export type ServerCase = Exclude<ServerFrame['body']['case'], undefined>;
/** The value of a body of that kind. */
export type ServerValue<Case extends ServerCase> = Extract<ServerFrame['body'], { case: Case }>['value'];

export interface ScriptedClientOptions {
  /** Hello.token. */
  readonly token?: string;
  /** Further fields of the Hello. */
  readonly hello?: MessageInitShape<typeof HelloSchema>;
  readonly bearerToken?: string;
  /** Sends the Hello at once. Default true. */
  readonly greet?: boolean;
  /** Answers pings from the read path. Default true. */
  readonly autoPong?: boolean;
  /** Acknowledges what came, with every frame and, where none goes out, with a bare ack. Default true. */
  readonly autoAck?: boolean;
  /** seq of the first frame that needs delivery. Default 1. */
  readonly firstSeq?: number;
}

interface Waiter {
  readonly matches: (received: Received) => boolean;
  readonly done: (received: Received) => void;
}

interface Received {
  readonly frame: ServerFrame;
  consumed: boolean;
}

const patienceMs = 2000;

/**
 * A client of the core over a lane in memory, driven by a script: it sends frames with seqs of its own, decodes what comes, and waits for it.
 *
 *     const ada = scriptedClient(node.open, { token });
 *     await ada.until('welcome');
 *     ada.send({ case: 'join', value: { room: 'r' } });
 *     const { participant } = await ada.until('joined');
 */
export class ScriptedClient {
  /** All that was received, in order. */
  readonly frames: ServerFrame[] = [];
  readonly #options: ScriptedClientOptions;
  readonly #received: Received[] = [];
  readonly #waiters = new Set<Waiter>();
  readonly #ackWaiters = new Set<() => void>();
  readonly #outbox: Uint8Array[] = [];
  readonly #events: LaneEvents;
  #blocked = false;
  #open = true;
  #stalled = false;
  #seq: number;
  #ackOwed = false;
  #receivedSeq = 0;
  #acked = 0;
  #end: LaneEnd | undefined;

  constructor(open: OpenLane, options: ScriptedClientOptions = {}) {
    this.#options = options;
    this.#seq = (options.firstSeq ?? 1) - 1;
    this.#events = open(this.#lane());
    if (options.greet !== false) {
      this.send({ case: 'hello', value: { token: options.token ?? '', ...options.hello } });
    }
  }

  /** How the gateway ended the lane; undefined while it has not. */
  get end(): LaneEnd | undefined {
    return this.#end;
  }

  /** seq of the newest frame that needed delivery. */
  get seq(): number {
    return this.#seq;
  }

  /** Highest ServerFrame.ack. */
  get acked(): number {
    return this.#acked;
  }

  /** Highest ServerFrame.seq. */
  get receivedSeq(): number {
    return this.#receivedSeq;
  }

  /** Sends a frame; those that need delivery get the next seq, unless `seq` says another. Returns the seq. */
  send(body: ClientBody, seq = needsSeq(body) ? this.#seq + 1 : 0): number {
    if (seq > this.#seq) this.#seq = seq;
    const ack = this.#options.autoAck === false ? 0 : this.#receivedSeq;
    this.#ackOwed = false;
    this.sendFrame({ seq, ack, body });
    return seq;
  }

  sendFrame(frame: MessageInitShape<typeof ClientFrameSchema>): void {
    this.sendBytes(toBinary(ClientFrameSchema, create(ClientFrameSchema, frame)));
  }

  /** Sends whatever bytes. The array is overwritten once the core has taken it, as a read buffer would be. */
  sendBytes(bytes: Uint8Array): void {
    this.#outbox.push(Uint8Array.from(bytes));
    this.#flush();
  }

  /**
   * The first frame of this kind that `matches` and that no wait has taken before: one that is here already, or one that
   * comes within `timeoutMs`. Throws, with what came instead, when none does.
   */
  async until<Case extends ServerCase>(
    kind: Case,
    matches: (value: ServerValue<Case>, frame: ServerFrame) => boolean = () => true,
    timeoutMs = patienceMs,
  ): Promise<ServerValue<Case>> {
    const frame = await this.untilFrame(
      (candidate) =>
        candidate.body.case === kind && matches(candidate.body.value as ServerValue<Case>, candidate),
      kind,
      timeoutMs,
    );
    return frame.body.value as ServerValue<Case>;
  }

  /** As `until`, for the whole frame: its seq, ack and origin. */
  untilFrame(
    matches: (frame: ServerFrame) => boolean,
    what = 'a frame',
    timeoutMs = patienceMs,
  ): Promise<ServerFrame> {
    const fits = (received: Received) => !received.consumed && matches(received.frame);
    const here = this.#received.find(fits);
    if (here !== undefined) {
      here.consumed = true;
      return Promise.resolve(here.frame);
    }
    return new Promise((resolve, reject) => {
      const waiter: Waiter = {
        matches: fits,
        done: (received) => {
          clearTimeout(timer);
          received.consumed = true;
          resolve(received.frame);
        },
      };
      const timer = setTimeout(() => {
        this.#waiters.delete(waiter);
        reject(new Error(`waited ${timeoutMs} ms for ${what}; came: ${this.#summary()}`));
      }, timeoutMs);
      this.#waiters.add(waiter);
    });
  }

  /** Waits until the gateway has carried out, or refused, the frame. */
  async untilAcked(seq = this.#seq, timeoutMs = patienceMs): Promise<void> {
    if (this.#acked >= seq) return;
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#ackWaiters.delete(check);
        reject(new Error(`waited ${timeoutMs} ms for ack ${seq}; came: ${this.#summary()}`));
      }, timeoutMs);
      const check = () => {
        if (this.#acked < seq) return;
        clearTimeout(timer);
        this.#ackWaiters.delete(check);
        resolve();
      };
      this.#ackWaiters.add(check);
    });
  }

  /** All bodies of this kind so far, consumed or not. */
  all<Case extends ServerCase>(kind: Case): ServerValue<Case>[] {
    return this.frames.flatMap(({ body }) => (body.case === kind ? [body.value as ServerValue<Case>] : []));
  }

  /** Waits for the Welcome. */
  welcomed(): Promise<Welcome> {
    return this.until('welcome');
  }

  /** Joins a room and waits until it is in. */
  join(room: string, join: MessageInitShape<typeof JoinSchema> = {}): Promise<ServerValue<'joined'>> {
    this.send({ case: 'join', value: { ...join, room } });
    return this.until('joined', (joined) => joined.room === room);
  }

  /** The connection is lost. */
  drop(cause: LaneCloseCause = 'dropped'): void {
    if (!this.#open) return;
    this.#open = false;
    this.#events.closed(cause);
  }

  /** From now on the transport says that it is over its high-water mark; what is written still arrives. */
  stall(): void {
    this.#stalled = true;
  }

  drain(): void {
    this.#stalled = false;
    if (this.#open) this.#events.drained();
  }

  #lane(): Lane {
    return {
      transport: 'grpc',
      framing,
      peer: {
        address: '127.0.0.1',
        userAgent: 'scripted',
        bearerToken: this.#options.bearerToken ?? '',
      },
      write: (bytes) => {
        this.#take(bytes);
        return !this.#stalled;
      },
      resume: () => {
        this.#blocked = false;
        this.#flush();
      },
      end: (end) => {
        this.#open = false;
        this.#end ??= end;
      },
    };
  }

  #flush(): void {
    while (this.#open && !this.#blocked) {
      const bytes = this.#outbox.shift();
      if (bytes === undefined) return;
      // Resumed from within, or later: false alone does not say.
      this.#blocked = true;
      if (this.#events.frame(bytes)) this.#blocked = false;
      bytes.fill(0xff);
    }
  }

  #take(bytes: Uint8Array): void {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    for (let at = 0; at < bytes.length; ) {
      const start = at + 4;
      at = start + view.getUint32(at);
      this.#read(fromBinary(ServerFrameSchema, bytes.subarray(start, at)));
    }
  }

  #read(frame: ServerFrame): void {
    this.frames.push(frame);
    const received: Received = { frame, consumed: false };
    this.#received.push(received);
    if (frame.ack > this.#acked) this.#acked = frame.ack;
    for (const check of this.#ackWaiters) check();
    if (frame.seq > this.#receivedSeq) {
      this.#receivedSeq = frame.seq;
      this.#oweAck();
    }
    if (frame.body.case === 'ping' && this.#options.autoPong !== false) {
      const { id } = frame.body.value;
      // Lanes never call the core from within a write.
      queueMicrotask(() => this.send({ case: 'pong', value: { id } }));
    }
    for (const waiter of this.#waiters) {
      if (!waiter.matches(received)) continue;
      this.#waiters.delete(waiter);
      waiter.done(received);
      return;
    }
  }

  #oweAck(): void {
    if (this.#options.autoAck === false || this.#ackOwed) return;
    this.#ackOwed = true;
    queueMicrotask(() => {
      if (!this.#ackOwed || !this.#open) return;
      this.#ackOwed = false;
      this.sendFrame({ ack: this.#receivedSeq });
    });
  }

  #summary(): string {
    const kinds = this.frames.map(({ body, seq, ack }) =>
      body.case === 'error' ? `error(${body.value.detail})` : (body.case ?? `ack ${ack || seq}`),
    );
    const end = this.#end === undefined ? '' : `; ended: ${this.#end.status} ${this.#end.message}`;
    return `${kinds.slice(-30).join(', ') || 'nothing'}${end}`;
  }
}

/** A client on a new lane. */
export function scriptedClient(open: OpenLane, options: ScriptedClientOptions = {}): ScriptedClient {
  return new ScriptedClient(open, options);
}

const unsequenced: readonly ClientFrame['body']['case'][] = [
  'hello',
  'ping',
  'pong',
  'report',
  'clientState',
];

function needsSeq(body: ClientBody): boolean {
  if (body.case === 'message') return body.value?.delivery !== DeliveryClass.LOSSY;
  return !unsequenced.includes(body.case);
}
