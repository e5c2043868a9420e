import { create, fromBinary, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import { ClientFrameSchema, ServerFrameSchema } from '../../gen/signalbox/v1/frame_pb.ts';
import { ReasonSchema } from '../../gen/signalbox/v1/reason_pb.ts';
import { type SignalSchema, SessionDescription_Type as Type } from '../../gen/signalbox/v1/signal_pb.ts';
import { ConnectRequestSchema } from '../../gen/signalbox/v1/signaling_service_pb.ts';
import { CandidateBatch } from '../../src/client/mesh/candidate-batch.ts';
import { varintSize, writeVarint } from '../../src/core/wire/varint.ts';
import { Client, type Templates } from './client.ts';
import { candidate, connectionId, descriptions, negotiationId } from './payload.ts';
import type { Pipe } from './pipe.ts';
import { Template } from './template.ts';

const frameTag = 0x0a;
const seqTag = 0x08;
const ackTag = 0x10;
const signalTag = 0x1a;
/** ClientFrame.ack goes out at the latest when so many frames wait for it. */
const ackFrames = 64;

/** Candidates that are joined in one signal. */
const mostCandidates = 12;

type Payload = NonNullable<MessageInitShape<typeof SignalSchema>['payload']>;
type ClientBody = MessageInitShape<typeof ClientFrameSchema>['body'];

/** A client of the gateway: frames by hand where they are many, by the generated code where they are few. */
export class SignalboxClient extends Client {
  address = '';
  #room = '';
  #seq = 0;
  /** seq of the last frame of the inbox, and what of it was acknowledged. */
  #inbox = 0;
  #told = 0;
  /** What the gateway acknowledged. */
  #acked = 0;

  /** Candidates leave as the SDK lets them leave. */
  readonly #gathered = new CandidateBatch((candidates) => this.trickle(candidates.length));
  /** Whether the server acknowledges and numbers frames. */
  readonly #guaranteed: boolean;

  private constructor(name: string, pipe: Pipe, guaranteed: boolean) {
    super(name, pipe);
    this.#guaranteed = guaranteed;
    this.#gathered.release();
  }

  /** Opens a session. The token names the identity; without one the server is a plain relay of the same frames. */
  static async open(name: string, pipe: Pipe, token: string | undefined): Promise<SignalboxClient> {
    const client = new SignalboxClient(name, pipe, token !== undefined);
    const welcome = client.until('welcome');
    client.#say({ case: 'hello', value: { token: token ?? '', deviceId: name } }, 0);
    await welcome;
    return client;
  }

  override get isSettled(): boolean {
    return !this.#guaranteed || this.#acked === this.#seq;
  }

  override async enter(room: string): Promise<void> {
    this.#room = room;
    const joined = this.until('joined');
    this.#say({ case: 'join', value: { room } }, this.#nextSeq());
    await joined;
  }

  override found(): void {
    this.#gathered.add(candidate);
  }

  override async leave(): Promise<void> {
    const left = this.until('left');
    this.#say({ case: 'leave', value: { room: this.#room } }, this.#nextSeq());
    await left;
  }

  override acknowledge(): void {
    if (this.#told < this.#inbox) this.#say({ case: undefined }, 0);
  }

  protected override templatesFor(peer: Client): Templates {
    return templates(peer.address);
  }

  /** The record arrives as it was sent: that is the promise. */
  protected override arrivalsAt(peer: Client): Templates {
    return templates(peer.address);
  }

  protected override write(template: Template, firstCount: number): void {
    const seq = this.#nextSeq();
    const ack = this.#told < this.#inbox ? this.#inbox : 0;
    this.#told = this.#inbox;
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

  protected override take(bytes: Buffer, start: number, end: number): void {
    let at = skipVarint(bytes, start + 1);
    const frameStart = at;
    let seq = 0;
    let ack = 0;
    if (bytes[at] === seqTag) {
      seq = readVarint(bytes, at + 1);
      at = skipVarint(bytes, at + 1);
    }
    if (bytes[at] === ackTag) {
      ack = readVarint(bytes, at + 1);
      at = skipVarint(bytes, at + 1);
    }
    if (seq > 0) this.#number(seq);
    if (ack > 0) this.#acked = ack;
    if (bytes[at] === signalTag) {
      const length = readVarint(bytes, at + 1);
      const recordEnd = skipVarint(bytes, at + 1) + length;
      this.arrived(bytes, at, recordEnd);
    } else if (at < end) {
      this.#control(bytes.subarray(frameStart, end));
    }
    if (this.#inbox - this.#told >= ackFrames) this.acknowledge();
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
        this.address = body.value.participant?.id ?? '';
        this.tell('joined');
        return;
      case 'ping':
        this.#say({ case: 'pong', value: { id: body.value.id } }, 0);
        return;
      case 'closed':
      case 'error':
        this.fail(
          `the gateway said ${body.case}: ${ReasonSchema.value[body.value.reason]?.name} ${body.value.detail}`,
        );
        return;
      case 'resync':
        this.fail('the gateway lost its place');
        return;
      case undefined:
        return;
      default:
        this.tell(body.case);
    }
  }

  #nextSeq(): number {
    this.#seq += 1;
    return this.#seq;
  }

  #say(body: ClientBody, seq: number): void {
    this.toServer += 1;
    const ack = this.#told < this.#inbox ? this.#inbox : 0;
    this.#told = this.#inbox;
    const request = create(ConnectRequestSchema, { frame: { seq, ack, body: body ?? { case: undefined } } });
    this.pipe.send(toBinary(ConnectRequestSchema, request));
  }
}

/** `ClientFrame.signal` with its tag and length: the record that the gateway relays. */
function templates(to: string): Templates {
  return {
    offer: template(to, description(Type.OFFER, descriptions.offer)),
    answer: template(to, description(Type.ANSWER, descriptions.answer)),
    candidates: Array.from({ length: mostCandidates }, (_, more) => {
      const candidates = Array.from({ length: more + 1 }, () => candidate);
      return template(to, { case: 'candidates', value: { candidates } });
    }),
  };
}

function template(to: string, payload: Payload): Template {
  const value = { to, connectionId, negotiationId, payload };
  return new Template(
    toBinary(ClientFrameSchema, create(ClientFrameSchema, { body: { case: 'signal', value } })),
  );
}

function description(sdpType: Type, sdp: string): Payload {
  return { case: 'description', value: { sdpType, sdp } };
}

function readVarint(bytes: Buffer, position: number): number {
  let value = 0;
  for (let at = position, scale = 1; ; at += 1, scale *= 128) {
    const byte = bytes[at] ?? 0;
    value += (byte & 0x7f) * scale;
    if (byte < 0x80) return value;
  }
}

function skipVarint(bytes: Buffer, position: number): number {
  let at = position;
  while ((bytes[at] ?? 0) >= 0x80) at += 1;
  return at + 1;
}
