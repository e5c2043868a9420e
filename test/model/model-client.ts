import { create, fromBinary, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import { ClientFrameSchema, type ServerFrame } from '../../gen/signalbox/v1/frame_pb.ts';
import type { PermissionsSchema } from '../../gen/signalbox/v1/participant_pb.ts';
import { FrameErrorSchema } from '../../gen/signalbox/v1/reason_pb.ts';
import { NextStep, Welcome_Outcome as Outcome, type Welcome } from '../../gen/signalbox/v1/session_pb.ts';
import type { SendFramesResult } from '../../src/core/send-frames.ts';
import { type Destination, HistoryRecorder } from '../helpers/history.ts';
import type { Gateway } from './gateway.ts';
import type { Keepsake } from './keepsake.ts';
import { type LaneOwner, ModelLane, type Wiring } from './model-lane.ts';
import { record } from './record.ts';
import { RoomReplica } from './room-replica.ts';
import { SendingHalf } from './sending-half.ts';

export type ClientBody = Extract<MessageInitShape<typeof ClientFrameSchema>['body'], { case: string }>;

/** Who a client is: its token says so. */
export interface Persona {
  readonly identity: string;
  readonly device: string;
  readonly permissions: MessageInitShape<typeof PermissionsSchema>;
}

/** What a client holds of its session. Whoever copies it can resume the session. */
interface SessionHold {
  readonly id: string;
  readonly resumeToken: string;
  readonly sendKey: string;
  epoch: string;
  received: number;
}

/** How a Hello is to be. */
export interface Greeting {
  readonly wiring: Wiring;
  /** Of the resume. `omitted`: 0, which stands for the one that owns the session. */
  readonly attempt: 'next' | 'same' | 'omitted';
  /** The connection before is closed first, or left to the gateway to end. */
  readonly closeFirst: boolean;
  /** When the token ends, in milliseconds since 1970. */
  readonly expiresAt: number;
}

interface Unacked {
  readonly seq: number;
  readonly body: ClientBody;
}

/**
 * A client that keeps to the protocol and to nothing else: it numbers and keeps its frames until they are acknowledged,
 * sends them again after a resume, answers pings from its read path, and writes down all that it learns. It acknowledges
 * only when it is told to or has something to say, and drops no duplicates: one is a violation.
 */
export class ModelClient implements LaneOwner {
  readonly name: string;
  readonly persona: Persona;
  readonly history: HistoryRecorder;
  readonly rooms: ReadonlyMap<string, RoomReplica>;
  readonly keepsakes: Keepsake[] = [];
  session: SessionHold | undefined;
  /** It holds a copied secret: what the other one numbers it cannot know, and so it says nothing. */
  isCopy = false;
  readonly #gateway: Gateway;
  #lane: ModelLane | undefined;
  /** Set where frames go by SendFrames. */
  #half: SendingHalf | undefined;
  readonly #older = new Set<ModelLane>();
  #lanes = 0;
  #attempts = 0;
  #welcomed = false;
  #stopped = false;
  #seq = 0;
  #unacked: Unacked[] = [];
  #told = { lane: 0, answer: 0 };
  /** Frames that were refused, by session. */
  readonly #refused = new Set<string>();
  /** Sessions whose inbox lost frames. */
  readonly #resynced = new Set<string>();
  #pongs: number[] = [];
  #sendsAgain = false;

  constructor(gateway: Gateway, name: string, persona: Persona, history?: HistoryRecorder) {
    this.#gateway = gateway;
    this.name = name;
    this.persona = persona;
    this.history = history ?? new HistoryRecorder(name, gateway.stamp);
    this.rooms = new Map(gateway.rooms.map((room) => [room, new RoomReplica(room)]));
  }

  get isStopped(): boolean {
    return this.#stopped;
  }

  get isAttached(): boolean {
    return this.#welcomed;
  }

  get lane(): ModelLane | undefined {
    return this.#lane;
  }

  /** Connections that were given up for a newer one and are open still. */
  get older(): number {
    return [...this.#older].filter(({ isOpen }) => isOpen).length;
  }

  get unacked(): number {
    return this.#unacked.length;
  }

  /** It has read all that was written, and the gateway reads what it says as it says it. */
  get isHeardAtOnce(): boolean {
    const lane = this.#lane;
    const isFree = !this.#unacked.some(({ body }) => body.case === 'refreshToken');
    return isFree && lane?.wiring !== 'halves' && lane?.unread === 0 && lane.isRead;
  }

  /** Highest acknowledgement of this session. */
  get acked(): number {
    return Math.max(this.#told.lane, this.#told.answer);
  }

  /** Whether the frame was carried out, as far as the client knows. */
  fateOf({ session, seq }: Keepsake): 'done' | 'refused' | 'unknown' {
    if (this.#refused.has(`${session} ${seq}`)) return 'refused';
    // A Resync tells that an Error may have been lost.
    const isTold = session === this.session?.id && !this.#resynced.has(session);
    // The Errors behind an answer of SendFrames come by the lane.
    return isTold && seq <= (this.#stopped ? this.#told.lane : this.acked) ? 'done' : 'unknown';
  }

  get attempts(): number {
    return this.#attempts;
  }

  /** The next answer to SendFrames is lost, or not. */
  loseAnswer(loses: boolean): void {
    if (this.#half !== undefined) this.#half.losesAnswer = loses;
  }

  /** Connects: a new session, or the one that it holds. */
  connect({ wiring, attempt, closeFirst, expiresAt }: Greeting): void {
    if (this.#stopped) return;
    if (closeFirst) this.#lane?.drop();
    else if (this.#lane !== undefined) this.#older.add(this.#lane);
    this.#disconnected();
    this.#lanes += 1;
    const { session } = this;
    if (session !== undefined && attempt === 'next') this.#attempts += 1;
    const lane = new ModelLane(this.#lanes, wiring, this);
    const { identity, permissions } = this.persona;
    lane.asked = { session: session?.id ?? '', identity, honest: true };
    this.#lane = lane;
    if (wiring === 'halves') this.#half = this.#sendingHalf(lane);
    this.history.add({
      kind: 'opened',
      ...{ lane: lane.number, transport: wiring, session: session?.id ?? '', attempt: this.#attempts },
      received: session?.received ?? 0,
    });
    const token = this.#gateway.token({ identity, permissions, expiresAt });
    const resume = session && {
      token: session.resumeToken,
      receivedSeq: session.received,
      epoch: session.epoch,
      attempt: attempt === 'omitted' ? 0 : this.#attempts,
      rooms: [...this.rooms.values()].filter(({ self }) => self !== '').map((room) => room.position()),
    };
    const hello = { token, deviceId: this.persona.device, ...(resume && { resume }) };
    lane.open(this.#gateway.open);
    lane.send(this.#encode(0, { case: 'hello', value: hello }));
  }

  /** Another client with all that this one knows, as a page has that was duplicated. */
  duplicate(name: string, attempt: number): ModelClient {
    const copy = new ModelClient(this.#gateway, name, this.persona, this.history.copy(name));
    copy.isCopy = true;
    if (this.session !== undefined) copy.session = { ...this.session };
    copy.#lanes = this.#lanes;
    copy.#attempts = attempt;
    for (const [name, replica] of this.rooms)
      (copy.rooms as Map<string, RoomReplica>).set(name, replica.copy());
    return copy;
  }

  /** The network is gone, with all that is under way. */
  drop(): void {
    for (const lane of this.#older) lane.drop();
    this.#older.clear();
    if (this.#lane === undefined) return;
    this.#lane.drop();
    this.#lost(this.#lane);
  }

  /** It is over without a word. */
  stop(how: 'left' | 'told' = 'left'): void {
    if (this.#stopped) return;
    for (const lane of this.#older) lane.drop();
    this.#lane?.drop();
    this.#disconnected();
    this.#stopped = true;
    this.history.add({ kind: 'stopped', how });
  }

  /** A frame for others, in the checker's books. */
  say(to: Destination, body: (text: string) => ClientBody, padding: number, wantReceipt = false): void {
    if (this.session === undefined || this.isCopy) return;
    const text = `${this.name}:${this.session.id}:${this.#seq + 1}${'.'.repeat(padding)}`;
    this.history.add({ kind: 'sent', seq: this.#seq + 1, to, text, wantReceipt });
    this.#send(body(text));
  }

  /** A frame for the gateway, or one whose fate is not told apart. */
  ask(what: string, body: ClientBody): void {
    if (this.session === undefined || this.isCopy) return;
    this.history.add({ kind: 'control', seq: this.#seq + 1, what });
    this.#send(body);
  }

  /** The same, of something that the room keeps. */
  keep(
    room: string,
    what: Keepsake['what'],
    key: string,
    make: (text: string) => ClientBody,
    count = 0,
  ): void {
    if (this.session === undefined || this.isCopy) return;
    const seq = this.#seq + 1;
    const text = `${what} ${this.name}:${this.session.id}:${seq}`;
    const participant = this.rooms.get(room)?.self ?? '';
    this.keepsakes.push({ session: this.session.id, seq, room, what, key, text, count, participant });
    this.ask(what, make(text));
  }

  /** A frame that needs no delivery: lost where there is no connection. */
  mention(body: ClientBody): void {
    if (this.#welcomed) this.#transmit([this.#encode(0, body)]);
  }

  /** Acknowledges what it has read, or whatever else. */
  acknowledge(seq = this.session?.received ?? 0): void {
    if (this.#welcomed)
      this.#transmit([toBinary(ClientFrameSchema, create(ClientFrameSchema, { ack: seq }))]);
  }

  /** What it owes: Pongs, and after a Welcome what is not known to be done. False: nothing. */
  answer(): boolean {
    if (!this.#welcomed || (this.#pongs.length === 0 && !this.#sendsAgain)) return false;
    const pongs = this.#pongs.map((id) => this.#encode(0, { case: 'pong', value: { id } }));
    this.#pongs = [];
    const again = this.#sendsAgain ? this.#unacked : [];
    this.#sendsAgain = false;
    this.#transmit([...pongs, ...again.map(({ seq, body }) => this.#encode(seq, body))]);
    return true;
  }

  frame(lane: ModelLane, frame: ServerFrame): void {
    if (this.#stopped) return;
    if (lane !== this.#lane) {
      this.history.add({ kind: 'stray', lane: lane.number, what: frame.body.case ?? 'ack' });
      return;
    }
    const { body, seq, ack } = frame;
    const joined = body.case === 'joined' ? this.rooms.get(body.value.room) : undefined;
    const hasRead = (epoch: string, offset: number) => joined?.hasRead(epoch, offset) ?? false;
    record(this.history, lane.number, frame, hasRead);
    if (seq > 0 && this.session !== undefined) this.session.received = Math.max(this.session.received, seq);
    if (body.case === 'welcome') this.#welcome(body.value);
    else if (body.case === 'error') this.#refused.add(`${this.session?.id} ${body.value.seq}`);
    else if (body.case === 'ping') this.#pongs.push(body.value.id);
    else if (body.case === 'resync' && body.value.room === '' && this.session !== undefined) {
      this.#resynced.add(this.session.id);
      this.session.epoch = body.value.epoch;
      this.session.received = body.value.nextSeq - 1;
      // Rooms are told anew: what was seen is to be dropped.
      for (const room of this.rooms.values()) room.isToldAgain = true;
    } else if (body.case === 'closed') {
      if (body.value.nextStep === NextStep.STOP) this.stop('told');
      else this.#lost(lane);
      return;
    } else if (body.value !== undefined && 'room' in body.value) {
      this.rooms.get(String(body.value.room))?.take(frame);
    } else if (body.case === 'roomUpdated') this.rooms.get(body.value.info?.name ?? '')?.take(frame);
    if (ack > 0) this.#acknowledged(ack, 'lane');
  }

  wrote(lane: ModelLane, frame: ServerFrame): void {
    this.#gateway.wrote(lane, frame);
  }

  lost(lane: ModelLane): void {
    this.#gateway.lost(lane);
  }

  ended(lane: ModelLane): void {
    this.#older.delete(lane);
    if (lane === this.#lane && !this.#stopped) this.#lost(lane);
  }

  #welcome({ outcome, sessionId, resumeToken, sendKey, epoch, attempt }: Welcome): void {
    this.#welcomed = true;
    this.#sendsAgain = true;
    if (outcome !== Outcome.RESUMED && this.isCopy) {
      // What it copied is lost, and it never was anything else.
      this.stop();
      return;
    }
    if (outcome !== Outcome.RESUMED) {
      this.session = { id: sessionId, resumeToken, sendKey, epoch, received: 0 };
      this.#startOver();
      this.#attempts = attempt;
    }
    this.#attempts = Math.max(this.#attempts, attempt);
  }

  /** What the session before did not have acknowledged may or may not have arrived: it is not sent again. */
  #startOver(): void {
    for (const room of this.rooms.values()) room.leave();
    this.#unacked = [];
    this.#seq = 0;
    this.#told = { lane: 0, answer: 0 };
    const [room = ''] = this.rooms.keys();
    this.ask('join', { case: 'join', value: { room } });
  }

  #lost(lane: ModelLane): void {
    this.#lane = undefined;
    this.#disconnected();
    this.history.add({ kind: 'ended', lane: lane.number });
  }

  #disconnected(): void {
    this.#welcomed = false;
    this.#sendsAgain = false;
    this.#pongs = [];
    this.#half?.close();
    this.#half = undefined;
  }

  #send(body: ClientBody): void {
    this.#seq += 1;
    this.#unacked.push({ seq: this.#seq, body });
    if (this.#welcomed && !this.#sendsAgain) this.#transmit([this.#encode(this.#seq, body)]);
  }

  #encode(seq: number, body: ClientBody): Uint8Array {
    const ack = body.case === 'hello' ? 0 : (this.session?.received ?? 0);
    return toBinary(ClientFrameSchema, create(ClientFrameSchema, { seq, ack, body }));
  }

  #transmit(frames: readonly Uint8Array[]): void {
    if (this.#half !== undefined) this.#half.send(frames);
    else for (const frame of frames) this.#lane?.send(frame);
  }

  #sendingHalf(lane: ModelLane): SendingHalf {
    return new SendingHalf(
      (frames, done) => {
        const { sendKey = '', received: ack = 0 } = this.session ?? {};
        this.#gateway.sendFrames({ sendKey, ack, frames, peer: lane.peer }, done);
      },
      (result) => this.#answered(lane, result),
      () => {
        this.#sendsAgain = true;
      },
    );
  }

  #answered(lane: ModelLane, result: SendFramesResult): void {
    if (result.kind === 'refused') {
      lane.drop();
      this.#lost(lane);
      return;
    }
    for (const error of result.errors) {
      const { seq } = fromBinary(FrameErrorSchema, error);
      this.history.add({ kind: 'refused', lane: lane.number, seq });
      this.#refused.add(`${this.session?.id} ${seq}`);
    }
    this.#acknowledged(result.ack, 'answer');
  }

  #acknowledged(ack: number, by: 'lane' | 'answer'): void {
    if (ack > this.#told[by] && this.#lane !== undefined) {
      this.history.add({ kind: 'ack', lane: this.#lane.number, by, seq: ack });
    }
    this.#told[by] = Math.max(this.#told[by], ack);
    while (this.#unacked[0] !== undefined && this.#unacked[0].seq <= ack) this.#unacked.shift();
  }
}
