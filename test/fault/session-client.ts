import { fromBinary } from '@bufbuild/protobuf';
import { durationMs } from '@bufbuild/protobuf/wkt';
import { type ServerFrame, ServerFrameSchema } from '../../gen/signalbox/v1/frame_pb.ts';
import { NextStep, Welcome_Outcome as Outcome, type Welcome } from '../../gen/signalbox/v1/session_pb.ts';
import { NegotiationControl_Action as Action } from '../../gen/signalbox/v1/signal_pb.ts';
import { HistoryRecorder } from '../helpers/history.ts';
import { type ClientBody, encodeFrame } from '../helpers/lane-client.ts';
import { GrpcLink } from './grpc-link.ts';
import { HalvesLink } from './halves-link.ts';
import type { HelloInit, Link, LinkEvents, TransportName } from './link.ts';
import { recordFrame } from './record-frame.ts';
import { RoomStanding } from './room-standing.ts';
import { WebSocketLink } from './web-socket-link.ts';

export interface SessionClientOptions {
  /** Identity, device and name in the history. */
  readonly name: string;
  readonly url: string;
  readonly token: string;
  readonly room: string;
  readonly transport: TransportName;
  readonly random: () => number;
  /** Shortest and longest pause before a new try, in milliseconds. */
  readonly backoffMs?: readonly [number, number];
}

/** What a client holds of its session. Whoever copies it can resume the session. */
export interface SessionHold {
  readonly id: string;
  readonly resumeToken: string;
  readonly epoch: string;
  attempt: number;
  received: number;
}

interface Unacked {
  readonly seq: number;
  readonly body: ClientBody;
}

const links = { grpc: GrpcLink, websocket: WebSocketLink, halves: HalvesLink } as const;

/** Frames that may wait for their acknowledgement. */
const mostUnacked = 256;
const ackFrames = 64;
const ackMs = 200;

/**
 * A client that keeps to the protocol, and to nothing else: it numbers and keeps its frames until they are acknowledged,
 * acknowledges what it got, answers pings, resumes whatever happens, and writes down all of it.
 */
export class SessionClient {
  readonly name: string;
  readonly history: HistoryRecorder;
  readonly room: RoomStanding;
  transport: TransportName;
  session: SessionHold | undefined;
  /** Where the next connection goes, that one only. */
  nextUrl: string | undefined;
  readonly #options: SessionClientOptions;
  #link: Link | undefined;
  /** Connections given up for a newer one, which the gateway is to end. */
  readonly #older = new Map<number, Link>();
  #lane = 0;
  #welcomed = false;
  #attempts = 0;
  #seq = 0;
  #unacked: Unacked[] = [];
  /** What was acknowledged, by each of the two ways. */
  #told = { lane: 0, answer: 0 };
  #ackTimer: NodeJS.Timeout | undefined;
  #retry: NodeJS.Timeout | undefined;
  #failures = 0;
  #silenceMs = 5000;
  #heardAt = 0;
  #stopped = false;

  constructor(options: SessionClientOptions, history = new HistoryRecorder(options.name)) {
    this.#options = options;
    this.name = options.name;
    this.history = history;
    this.transport = options.transport;
    this.room = new RoomStanding(options.room);
  }

  get isStopped(): boolean {
    return this.#stopped;
  }

  /** Attached, in its room, and everything it sent is acknowledged. */
  get isSettled(): boolean {
    return this.isThere && this.#unacked.length === 0;
  }

  get isThere(): boolean {
    return this.#welcomed && this.room.isIn;
  }

  /** Connections that were replaced by newer ones and are open still. */
  get older(): number {
    return this.#older.size;
  }

  /** Where it stands, for messages of failed tests. */
  describe(): string {
    const waiting = this.#unacked.map(({ seq }) => seq);
    const stands = this.#welcomed
      ? 'attached'
      : this.#retry === undefined
        ? 'connecting'
        : 'waiting to connect';
    const room = this.room.isIn ? 'in its room' : 'in no room';
    return `${this.name} (${this.transport}, connection ${this.#lane}): ${stands}, ${room}, unacknowledged: ${waiting}`;
  }

  start(): void {
    this.#enter('');
    this.#open();
  }

  /**
   * Takes up the session of another client, with all that it knows, as a page does that was duplicated. It says nothing: what
   * the other one numbers meanwhile it cannot know.
   */
  static takeOver(from: SessionClient, name: string): SessionClient {
    const copy = new SessionClient({ ...from.#options, name }, from.history.copy(name));
    if (from.session !== undefined) copy.session = { ...from.session };
    copy.room.copy(from.room);
    copy.#lane = from.#lane;
    copy.#open();
    return copy;
  }

  /** A signal to a participant. False: too much is unacknowledged. */
  signal(to: string, text: string, wantReceipt = false): boolean {
    if (this.#unacked.length >= mostUnacked || this.session === undefined) return false;
    const payload = { case: 'control' as const, value: { action: Action.REQUEST_OFFER, detail: text } };
    this.#record({ kind: 'participant', id: to }, text, wantReceipt);
    this.#send({ case: 'signal', value: { to, payload, wantReceipt } });
    return true;
  }

  /** A RELIABLE message to the room; `padding` characters behind the text are not written down. */
  say(text: string, padding = 0): boolean {
    if (this.#unacked.length >= mostUnacked || this.session === undefined) return false;
    this.#record({ kind: 'room', name: this.room.name }, text, false);
    const value = padding === 0 ? text : `${text}\n${'x'.repeat(padding)}`;
    this.#send({ case: 'message', value: { room: this.room.name, content: { case: 'text', value } } });
    return true;
  }

  /** Goes on over another transport; the connection before is closed first, or left to the gateway to end. */
  moveTo(transport: TransportName, closeFirst: boolean): void {
    this.transport = transport;
    if (closeFirst) this.#link?.drop();
    else if (this.#link !== undefined) this.#older.set(this.#lane, this.#link);
    this.#open();
  }

  /** Closes the connection, as a client does that knows it to be dead. */
  reconnect(): void {
    this.#lost();
  }

  /** To be called now and then: gives up a connection on which nothing came for too long. */
  check(): void {
    if (this.#link === undefined || performance.now() - this.#heardAt < this.#silenceMs) return;
    this.#lost();
  }

  /** Leaves and is over; without a word, or after its Leave was acknowledged. */
  leave(): void {
    this.history.add({ kind: 'control', seq: this.#seq + 1, what: 'leave' });
    this.#send({ case: 'leave', value: { room: this.room.name } });
  }

  stop(how: 'left' | 'told' = 'left'): void {
    if (this.#stopped) return;
    this.#stopped = true;
    clearTimeout(this.#retry);
    clearTimeout(this.#ackTimer);
    for (const link of this.#older.values()) link.drop();
    this.#link?.drop();
    this.#link = undefined;
    this.#welcomed = false;
    this.history.add({ kind: 'stopped', how });
  }

  #open(): void {
    if (this.#stopped) return;
    clearTimeout(this.#retry);
    this.#retry = undefined;
    this.#lane += 1;
    this.#welcomed = false;
    this.#heardAt = performance.now();
    const lane = this.#lane;
    const { session } = this;
    if (session !== undefined) {
      this.#attempts = Math.max(this.#attempts, session.attempt) + 1;
    }
    this.history.add({
      kind: 'opened',
      ...{ lane, transport: this.transport, session: session?.id ?? '', attempt: this.#attempts },
      received: session?.received ?? 0,
    });
    const events: LinkEvents = {
      frame: (bytes) => this.#frame(lane, fromBinary(ServerFrameSchema, bytes)),
      answered: (ack) => {
        if (lane === this.#lane) this.#acknowledged(ack, 'answer');
      },
      ended: () => {
        this.#older.delete(lane);
        if (lane === this.#lane && !this.#stopped) this.#lost();
      },
    };
    const url = this.nextUrl ?? this.#options.url;
    this.nextUrl = undefined;
    this.#link = new links[this.transport](url, this.#hello(), events);
  }

  #hello(): HelloInit {
    const hello = { token: this.#options.token, deviceId: this.name };
    if (this.session === undefined) return hello;
    const { resumeToken: token, received: receivedSeq, epoch } = this.session;
    const rooms = this.room.positions;
    return { ...hello, resume: { token, receivedSeq, epoch, attempt: this.#attempts, rooms } };
  }

  /** The connection is gone or given up: another one follows, soon. */
  #lost(): void {
    this.#link?.drop();
    this.#link = undefined;
    this.#welcomed = false;
    this.history.add({ kind: 'ended', lane: this.#lane });
    const [least, most] = this.#options.backoffMs ?? [10, 200];
    const wait = Math.min(most, least * 2 ** this.#failures);
    this.#failures += 1;
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => this.#open(), wait * (0.5 + this.#options.random() / 2));
  }

  #frame(lane: number, frame: ServerFrame): void {
    if (this.#stopped) return;
    if (lane !== this.#lane) {
      this.history.add({ kind: 'stray', lane, what: frame.body.case ?? 'ack' });
      return;
    }
    this.#heardAt = performance.now();
    const { body, seq, ack } = frame;
    recordFrame(this.history, lane, frame);
    this.room.take(frame);
    if (seq > 0 && this.session !== undefined) this.#received(seq);
    switch (body.case) {
      case 'welcome':
        this.#welcome(body.value);
        break;
      case 'ping':
        this.#link?.send([encodeFrame({ body: { case: 'pong', value: { id: body.value.id } } })]);
        break;
      case 'resync':
        if (this.session !== undefined && body.value.room === '') {
          this.session = { ...this.session, epoch: body.value.epoch, received: body.value.nextSeq - 1 };
        }
        break;
      case 'closed':
        if (body.value.nextStep === NextStep.STOP) this.stop('told');
        else this.#lost();
        return;
      default:
    }
    if (ack > 0) this.#acknowledged(ack, 'lane');
  }

  #welcome(welcome: Welcome): void {
    this.#failures = 0;
    this.#welcomed = true;
    this.#silenceMs = durationMs(welcome.pingInterval!) + durationMs(welcome.pongTimeout!) + 500;
    if (welcome.outcome === Outcome.RESUMED) {
      if (this.session !== undefined) this.session.attempt = welcome.attempt;
    } else {
      const { sessionId, resumeToken, epoch, attempt } = welcome;
      this.session = { id: sessionId, resumeToken, epoch, attempt, received: 0 };
      this.#attempts = attempt;
      if (welcome.outcome === Outcome.FRESH) this.#startOver();
    }
    this.#link?.send(this.#unacked.map((frame) => this.#encode(frame)));
  }

  /** What the session before did not have acknowledged may or may not have arrived: it is not sent again. */
  #startOver(): void {
    const replaces = this.room.self;
    this.room.leave();
    this.#unacked = [];
    this.#seq = 0;
    this.#told = { lane: 0, answer: 0 };
    this.#enter(replaces);
  }

  #enter(replaces: string): void {
    this.#seq += 1;
    this.history.add({ kind: 'control', seq: this.#seq, what: 'join' });
    this.#unacked.push({ seq: this.#seq, body: { case: 'join', value: { room: this.room.name, replaces } } });
  }

  #received(seq: number): void {
    if (this.session === undefined || seq <= this.session.received) return;
    this.session.received = seq;
    if (seq % ackFrames === 0) this.#sendAck();
    this.#ackTimer ??= setTimeout(() => this.#sendAck(), ackMs);
  }

  #sendAck(): void {
    clearTimeout(this.#ackTimer);
    this.#ackTimer = undefined;
    if (this.#welcomed && this.session !== undefined) {
      this.#link?.send([encodeFrame({ ack: this.session.received })]);
    }
  }

  #send(body: ClientBody): void {
    this.#seq += 1;
    const frame = { seq: this.#seq, body };
    this.#unacked.push(frame);
    if (this.#welcomed) this.#link?.send([this.#encode(frame)]);
  }

  #encode({ seq, body }: Unacked): Uint8Array {
    return encodeFrame({ seq, ack: this.session?.received ?? 0, body });
  }

  #record(to: Parameters<typeof recordSent>[1], text: string, wantReceipt: boolean): void {
    recordSent(this.history, to, this.#seq + 1, text, wantReceipt);
  }

  #acknowledged(ack: number, by: 'lane' | 'answer'): void {
    if (ack > this.#told[by]) this.history.add({ kind: 'ack', lane: this.#lane, by, seq: ack });
    this.#told[by] = Math.max(this.#told[by], ack);
    while (this.#unacked[0] !== undefined && this.#unacked[0].seq <= ack) this.#unacked.shift();
  }
}

function recordSent(
  history: HistoryRecorder,
  to:
    | { readonly kind: 'participant'; readonly id: string }
    | { readonly kind: 'room'; readonly name: string },
  seq: number,
  text: string,
  wantReceipt: boolean,
): void {
  history.add({ kind: 'sent', seq, to, text, wantReceipt });
}
