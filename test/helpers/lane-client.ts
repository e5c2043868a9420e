import {
  create,
  fromBinary,
  fromJson,
  type JsonValue,
  type MessageInitShape,
  toBinary,
  toJson,
} from '@bufbuild/protobuf';
import { ClientFrameSchema, type ServerFrame, ServerFrameSchema } from '../../gen/signalbox/v1/frame_pb.ts';
import { DeliveryClass } from '../../gen/signalbox/v1/message_pb.ts';
import type { HelloSchema, JoinSchema } from '../../gen/signalbox/v1/session_pb.ts';
import { ConnectResponseSchema } from '../../gen/signalbox/v1/signaling_service_pb.ts';
import { lengthField } from '../core/wire/bytes.ts';
import { fieldsOf } from './wire-fields.ts';

/** What a ClientFrame says, as an initialiser. */
export type ClientBody = Extract<MessageInitShape<typeof ClientFrameSchema>['body'], { case: string }>;
export type ServerCase = Exclude<ServerFrame['body']['case'], undefined>;
export type ServerValue<Case extends ServerCase> = Extract<ServerFrame['body'], { case: Case }>['value'];

/** How a lane came to its end, as its own protocol tells it. */
export interface LaneEnd {
  /** Name of the gRPC code, lower case; `ok`; `none`: the transport went away without a word. */
  readonly code: string;
  readonly message: string;
  /** WebSocket: the close code. */
  readonly closeCode?: number;
}

/** One lane as bytes and text, however they are carried. */
export interface LaneTransport {
  /** Sends one `ConnectRequest`: binary, or JSON text. */
  message(request: Uint8Array | string): void;
  /** The client gives up: RST_STREAM, an aborted fetch, a WebSocket Close. */
  cancel(): void;
  /** The client says that it sends no more, and goes on reading. */
  halfClose(): void;
  /** The socket is closed (FIN). */
  drop(): void;
  /** The socket is reset (RST). */
  reset(): void;
}

export interface LaneSink {
  /** One `ConnectResponse`: binary, or JSON text. */
  message(response: Uint8Array | string): void;
  ended(end: LaneEnd): void;
}

export interface LaneOptions {
  readonly url: string;
  /** Token in the Hello. */
  readonly token?: string;
  readonly hello?: MessageInitShape<typeof HelloSchema>;
  /** Frames that go with the Hello: in the request of ReceiveFrames, behind it elsewhere. */
  readonly first?: readonly MessageInitShape<typeof ClientFrameSchema>[];
  readonly headers?: Readonly<Record<string, string>>;
  /** The call's deadline, in milliseconds. WebSockets have none. */
  readonly timeoutMs?: number;
  /** Answers pings. Default true. */
  readonly autoPong?: boolean;
  /** Acknowledges what came. Default true. */
  readonly autoAck?: boolean;
  /** seq of the first frame that needs delivery. Default 1. */
  readonly firstSeq?: number;
  /** Sends the Hello at once. Default true. ReceiveFrames cannot be opened without. */
  readonly greet?: boolean;
}

const patienceMs = 4000;

/** A client that says what a test tells it to, over a real socket, and keeps all that comes. */
export class LaneClient {
  /** All frames so far, in order, and the bytes of each (JSON lanes: none). */
  readonly frames: ServerFrame[] = [];
  readonly wire: Uint8Array[] = [];
  /** Ends of the SendFrames calls, where the lane makes any. */
  readonly calls: LaneEnd[] = [];
  readonly isJson: boolean;
  readonly ended: Promise<LaneEnd>;
  readonly #consumed = new Set<ServerFrame>();
  readonly #waiters = new Set<() => void>();
  readonly #options: LaneOptions;
  #transport: LaneTransport | undefined;
  #end: LaneEnd | undefined;
  #resolveEnd: (end: LaneEnd) => void = () => {};
  #seq: number;
  #receivedSeq = 0;
  #acked = 0;
  #ackOwed = false;

  constructor(options: LaneOptions, isJson: boolean) {
    this.#options = options;
    this.isJson = isJson;
    this.#seq = (options.firstSeq ?? 1) - 1;
    this.ended = new Promise((resolve) => {
      this.#resolveEnd = resolve;
    });
  }

  /** Called once by whoever carries the lane. */
  start(transport: LaneTransport): this {
    this.#transport = transport;
    return this;
  }

  get transport(): LaneTransport {
    if (this.#transport === undefined) throw new Error('the lane was not started');
    return this.#transport;
  }

  readonly sink: LaneSink = {
    message: (response) => this.#receive(response),
    ended: (end) => {
      if (this.#end !== undefined) return;
      this.#end = end;
      this.#resolveEnd(end);
      for (const check of this.#waiters) check();
    },
  };

  get end(): LaneEnd | undefined {
    return this.#end;
  }

  get seq(): number {
    return this.#seq;
  }

  /** Highest ServerFrame.seq. */
  get receivedSeq(): number {
    return this.#receivedSeq;
  }

  /** Highest ServerFrame.ack. */
  get acked(): number {
    return this.#acked;
  }

  /** What a SendFrames call brought. */
  called(end: LaneEnd, ack: number): void {
    this.calls.push(end);
    this.#acked = Math.max(this.#acked, ack);
    for (const check of this.#waiters) check();
  }

  /** The bytes of a frame, numbered as the next of this client if it needs delivery. */
  encode(body: ClientBody, seq = needsSeq(body) ? this.#seq + 1 : 0): Uint8Array {
    this.#seq = Math.max(this.#seq, seq);
    return encodeFrame({ seq, ack: this.#options.autoAck === false ? 0 : this.#receivedSeq, body });
  }

  /** Sends a frame; returns its seq. */
  send(body: ClientBody, seq?: number): number {
    const bytes = this.encode(body, seq);
    this.sendFrame(bytes);
    return seq ?? (needsSeq(body) ? this.#seq : 0);
  }

  /** Sends the bytes of one ClientFrame, valid or not. JSON lanes take only what can be decoded. */
  sendFrame(bytes: Uint8Array): void {
    if (!this.isJson) {
      this.transport.message(lengthField(1, bytes));
      return;
    }
    const frame = toJson(ClientFrameSchema, fromBinary(ClientFrameSchema, bytes));
    this.transport.message(JSON.stringify({ frame }));
  }

  /** Sends a frame that one may number by hand. */
  sendInit(frame: MessageInitShape<typeof ClientFrameSchema>): void {
    this.sendFrame(encodeFrame(frame));
  }

  /** The first frame of this kind that fits and that no wait has taken before; throws when none comes in time. */
  async until<Case extends ServerCase>(
    kind: Case,
    fits: (value: ServerValue<Case>, frame: ServerFrame) => boolean = () => true,
    timeoutMs = patienceMs,
  ): Promise<ServerValue<Case>> {
    const frame = await this.untilFrame(
      (candidate) =>
        candidate.body.case === kind && fits(candidate.body.value as ServerValue<Case>, candidate),
      kind,
      timeoutMs,
    );
    return frame.body.value as ServerValue<Case>;
  }

  async untilFrame(
    fits: (frame: ServerFrame) => boolean,
    what: string,
    timeoutMs = patienceMs,
  ): Promise<ServerFrame> {
    let found: ServerFrame | undefined;
    await this.#wait(
      () => {
        found ??= this.frames.find((frame) => !this.#consumed.has(frame) && fits(frame));
        return found !== undefined;
      },
      what,
      timeoutMs,
    );
    if (found === undefined) throw new Error('unreachable');
    this.#consumed.add(found);
    return found;
  }

  /** The end of the next SendFrames call that failed. */
  async untilCallFails(): Promise<LaneEnd> {
    await this.#wait(() => this.calls.some(({ code }) => code !== 'ok'), 'a failed call', patienceMs);
    return this.calls.find(({ code }) => code !== 'ok') ?? { code: 'ok', message: '' };
  }

  async untilAcked(seq = this.#seq): Promise<void> {
    await this.#wait(() => this.#acked >= seq, `ack ${seq}`, patienceMs);
  }

  async join(room: string, join: MessageInitShape<typeof JoinSchema> = {}): Promise<ServerValue<'joined'>> {
    this.send({ case: 'join', value: { ...join, room } });
    return this.until('joined', (joined) => joined.room === room);
  }

  /** Kinds of all frames so far, for messages of failed tests. */
  summary(): string {
    const kinds = this.frames.map(({ body, ack }) =>
      body.case === 'error' || body.case === 'closed'
        ? `${body.case}(${body.value.detail})`
        : (body.case ?? `ack ${ack}`),
    );
    const end = this.#end === undefined ? '' : `; ended: ${JSON.stringify(this.#end)}`;
    return `${kinds.slice(-30).join(', ') || 'nothing'}${end}`;
  }

  #wait(holds: () => boolean, what: string, timeoutMs: number): Promise<void> {
    if (holds()) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const check = () => {
        if (!holds()) return;
        clearTimeout(timer);
        this.#waiters.delete(check);
        resolve();
      };
      const timer = setTimeout(() => {
        this.#waiters.delete(check);
        reject(new Error(`waited ${timeoutMs} ms for ${what}; came: ${this.summary()}`));
      }, timeoutMs);
      this.#waiters.add(check);
    });
  }

  #receive(response: Uint8Array | string): void {
    const frame = typeof response === 'string' ? this.#fromText(response) : this.#fromBytes(response);
    if (frame === undefined) return;
    this.frames.push(frame);
    this.#acked = Math.max(this.#acked, frame.ack);
    if (frame.seq > this.#receivedSeq) {
      this.#receivedSeq = frame.seq;
      this.#oweAck();
    }
    if (frame.body.case === 'ping' && this.#options.autoPong !== false) {
      this.send({ case: 'pong', value: { id: frame.body.value.id } });
    }
    for (const check of this.#waiters) check();
  }

  #fromBytes(response: Uint8Array): ServerFrame | undefined {
    const bytes = fieldsOf(response).find(({ number }) => number === 1)?.content;
    if (bytes === undefined) return undefined;
    this.wire.push(bytes);
    return fromBinary(ServerFrameSchema, bytes);
  }

  #fromText(response: string): ServerFrame | undefined {
    return fromJson(ConnectResponseSchema, JSON.parse(response) as JsonValue).frame;
  }

  #oweAck(): void {
    if (this.#options.autoAck === false || this.#ackOwed) return;
    this.#ackOwed = true;
    setImmediate(() => {
      this.#ackOwed = false;
      if (this.#end === undefined) this.sendInit({ ack: this.#receivedSeq });
    });
  }
}

export function encodeFrame(frame: MessageInitShape<typeof ClientFrameSchema>): Uint8Array {
  return toBinary(ClientFrameSchema, create(ClientFrameSchema, frame));
}

const unsequenced: readonly string[] = ['hello', 'ping', 'pong', 'report', 'clientState'];

function needsSeq(body: ClientBody): boolean {
  if (body.case === 'message') return body.value?.delivery !== DeliveryClass.LOSSY;
  return !unsequenced.includes(body.case);
}
