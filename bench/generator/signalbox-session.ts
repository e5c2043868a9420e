import { setTimeout as delay } from 'node:timers/promises';
import { create, fromBinary, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import { type ClientFrameSchema, ServerFrameSchema } from '../../gen/signalbox/v1/frame_pb.ts';
import { Reason, ReasonSchema } from '../../gen/signalbox/v1/reason_pb.ts';
import { RoomSettings_Presence, RoomSettings_Topology } from '../../gen/signalbox/v1/room_pb.ts';
import { ConnectRequestSchema } from '../../gen/signalbox/v1/signaling_service_pb.ts';
import { varintSize, writeVarint } from '../../src/core/wire/varint.ts';
import { Awaited } from './awaited.ts';
import type { Participant } from './crew.ts';
import { readVarint, skipVarint } from './fields.ts';
import type { Pipe } from './pipe.ts';
import type { Template } from './template.ts';

const frameTag = 0x0a;
const seqTag = 0x08;
const ackTag = 0x10;
/** ClientFrame.ack goes out at the latest when so many frames, or bytes of them, wait for it. */
const ackFrames = 64;
const ackBytes = 64 * 1024;
/** A connection that is broken does not leave. */
const leaveMs = 2_000;

export type ClientBody = NonNullable<MessageInitShape<typeof ClientFrameSchema>['body']>;

/** What kind of room a join makes: of a few who see each other; of many who see hubs, or nobody. */
export type RoomKind = 'mesh' | 'hub' | 'count';

const settings = {
  mesh: undefined,
  hub: { topology: RoomSettings_Topology.HUB, presence: RoomSettings_Presence.LISTED },
  count: { presence: RoomSettings_Presence.COUNT },
} as const;

/** The gateway takes no new sessions at the moment. */
export class Overloaded extends Error {}

/**
 * A session of the gateway: frames by hand where they are many, by the generated code where they are few. It numbers and
 * acknowledges, and fails at a gap, a refusal or an end.
 */
export class SignalboxSession implements Participant {
  readonly pipe: Pipe;
  /** Participant id in the room that was joined last. */
  participant = '';
  onFault: (error: Error) => void = () => {};
  /** A frame's body, from its tag on. False: it is not taken. */
  onBody: (bytes: Buffer, start: number, end: number) => boolean = () => false;
  readonly #name: string;
  /** Whether the server acknowledges and numbers frames. */
  readonly #guaranteed: boolean;
  readonly #awaited = new Awaited();
  readonly #rooms = new Set<string>();
  #seq = 0;
  /** seq of the last frame of the inbox, and what of it was acknowledged. */
  #inbox = 0;
  #told = 0;
  #untoldBytes = 0;
  /** What the gateway acknowledged. */
  #acked = 0;

  constructor(name: string, pipe: Pipe, guaranteed: boolean) {
    this.#name = name;
    this.pipe = pipe;
    this.#guaranteed = guaranteed;
    pipe.onMessage = (bytes, start, end) => this.#take(bytes, start, end);
    pipe.onBroken = (reason) => this.fail(`the connection broke: ${reason}`);
  }

  get isSettled(): boolean {
    return !this.#guaranteed || this.#acked === this.#seq;
  }

  /** Says Hello. Done at the Welcome. The token names the identity; '' where the server asks for none. */
  async hello(token: string): Promise<void> {
    const welcome = this.#awaited.until('welcome');
    this.say({ case: 'hello', value: { token, deviceId: this.#name } });
    await welcome;
  }

  async join(room: string, kind: RoomKind = 'mesh'): Promise<void> {
    const joined = this.#awaited.until('joined');
    const create = settings[kind];
    this.request({ case: 'join', value: { room, ...(create && { create }) } });
    await joined;
    this.#rooms.add(room);
  }

  async leave(room: string): Promise<void> {
    const left = this.#awaited.until('left');
    this.#rooms.delete(room);
    this.request({ case: 'leave', value: { room } });
    await left;
  }

  acknowledge(): void {
    if (this.#told < this.#inbox) this.say({ case: undefined });
  }

  /** Leaves its rooms first: a session that goes without a word has its gateway busy when its window ends. */
  async close(): Promise<void> {
    this.onFault = () => {};
    await Promise.race([delay(leaveMs), this.#leaveAll()]);
    await this.pipe.close();
  }

  /** Sends a frame that needs no delivery. */
  say(body: ClientBody): void {
    this.#send(body, 0);
  }

  /** Sends a frame that needs delivery. */
  request(body: ClientBody): void {
    this.#seq += 1;
    this.#send(body, this.#seq);
  }

  /** The same, by hand. */
  requestRecord(template: Template, firstCount: number): void {
    this.#seq += 1;
    const seq = this.#seq;
    const ack = this.#ack();
    const head = 1 + varintSize(seq) + (ack === 0 ? 0 : 1 + varintSize(ack));
    const frame = head + template.length;
    const { pipe } = this;
    let at = pipe.begin(1 + varintSize(frame) + frame);
    const { out } = pipe;
    out[at] = frameTag;
    at = writeVarint(out, at + 1, frame);
    out[at] = seqTag;
    at = writeVarint(out, at + 1, seq);
    if (ack !== 0) {
      out[at] = ackTag;
      at = writeVarint(out, at + 1, ack);
    }
    template.copyTo(out, at, firstCount);
    pipe.commit();
  }

  fail(message: string): void {
    this.onFault(new Error(`${this.#name}: ${message}`));
  }

  async #leaveAll(): Promise<void> {
    for (const room of this.#rooms) await this.leave(room);
  }

  #send(body: ClientBody, seq: number): void {
    const request = create(ConnectRequestSchema, { frame: { seq, ack: this.#ack(), body } });
    this.pipe.send(toBinary(ConnectRequestSchema, request));
  }

  /** What has not been acknowledged yet; 0: nothing. */
  #ack(): number {
    const ack = this.#told < this.#inbox ? this.#inbox : 0;
    this.#told = this.#inbox;
    this.#untoldBytes = 0;
    return ack;
  }

  #take(bytes: Buffer, start: number, end: number): void {
    let at = skipVarint(bytes, start + 1);
    if (bytes[at] === seqTag) {
      this.#number(readVarint(bytes, at + 1));
      this.#untoldBytes += end - start;
      at = skipVarint(bytes, at + 1);
    }
    if (bytes[at] === ackTag) {
      this.#acked = readVarint(bytes, at + 1);
      at = skipVarint(bytes, at + 1);
    }
    if (at < end && !this.onBody(bytes, at, end)) this.#control(bytes.subarray(at, end));
    if (this.#inbox - this.#told >= ackFrames || this.#untoldBytes >= ackBytes) this.acknowledge();
  }

  /** Frames of the inbox come without gaps. */
  #number(seq: number): void {
    if (seq !== this.#inbox + 1) this.fail(`inbox frame ${seq} came where ${this.#inbox + 1} was due`);
    this.#inbox = seq;
  }

  #control(frame: Buffer): void {
    const { body } = fromBinary(ServerFrameSchema, frame);
    switch (body.case) {
      case 'joined':
        this.participant = body.value.participant?.id ?? '';
        this.#awaited.tell('joined');
        return;
      case 'ping':
        this.say({ case: 'pong', value: { id: body.value.id } });
        return;
      case 'closed':
      case 'error': {
        const { reason, detail } = body.value;
        if (reason === Reason.OVERLOADED) this.onFault(new Overloaded(detail));
        else this.fail(`the gateway said ${body.case}: ${ReasonSchema.value[reason]?.name} ${detail}`);
        return;
      }
      case 'resync':
        this.fail('the gateway lost its place');
        return;
      case undefined:
        return;
      default:
        this.#awaited.tell(body.case);
    }
  }
}
