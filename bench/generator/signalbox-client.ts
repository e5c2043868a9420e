import { create, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import { ClientFrameSchema } from '../../gen/signalbox/v1/frame_pb.ts';
import { type SignalSchema, SessionDescription_Type as Type } from '../../gen/signalbox/v1/signal_pb.ts';
import { CandidateBatch } from '../../src/client/mesh/candidate-batch.ts';
import { Client } from './client.ts';
import { readVarint, skipVarint } from './fields.ts';
import { candidate, connectionId, descriptions, type Kind, messageText, negotiationId } from './payload.ts';
import type { ClientBody, RoomKind, SignalboxSession } from './signalbox-session.ts';
import { Template } from './template.ts';
import { Templates } from './templates.ts';

const signalTag = 0x1a;
const messageTag = 0x22;
/** Candidates that are joined in one signal. */
const mostCandidates = 12;

type Payload = NonNullable<MessageInitShape<typeof SignalSchema>['payload']>;

/** A client of the gateway, or of a plain relay of its frames. */
export class SignalboxClient extends Client {
  readonly #session: SignalboxSession;
  /** Candidates leave as the SDK lets them leave. */
  readonly #gathered = new CandidateBatch((candidates) => this.trickle(candidates.length));
  #room = '';

  constructor(name: string, session: SignalboxSession) {
    super(name, session.pipe);
    this.#session = session;
    session.onFault = (error) => this.onFault(error);
    session.onBody = (bytes, start, end) => this.#take(bytes, start, end);
    this.#gathered.release();
  }

  override get address(): string {
    return this.#session.participant;
  }

  override get isSettled(): boolean {
    return this.#session.isSettled;
  }

  override async enter(room: string, kind?: RoomKind): Promise<void> {
    this.#room = room;
    await this.#session.join(room, kind);
  }

  override found(): void {
    this.#gathered.add(candidate);
  }

  override async leave(): Promise<void> {
    await this.#session.leave(this.#room);
  }

  override async close(): Promise<void> {
    await this.#session.close();
  }

  override acknowledge(): void {
    this.#session.acknowledge();
  }

  protected override templatesFor(peer: Client): Templates {
    return templates(peer.address, this.#room);
  }

  /** The record arrives as it was sent: that is the promise. */
  protected override arrivalsAt(peer: Client): Templates {
    return templates(peer.address, this.#room);
  }

  protected override write(template: Template, firstCount: number): void {
    this.#session.requestRecord(template, firstCount);
  }

  /** The record that a peer wrote; behind it stands the gateway's word. */
  #take(bytes: Buffer, start: number, _end: number): boolean {
    if (bytes[start] !== signalTag && bytes[start] !== messageTag) return false;
    this.arrived(bytes, start, skipVarint(bytes, start + 1) + readVarint(bytes, start + 1));
    return true;
  }
}

/** `ClientFrame.signal` or `.message` with its tag and length: the record that the gateway relays. */
function templates(to: string, room: string): Templates {
  const make = (kind: Kind, candidates: number): Template => {
    switch (kind) {
      case 'offer':
      case 'offer-of-many':
        return signal(to, description(Type.OFFER, descriptions[kind]));
      case 'answer':
        return signal(to, description(Type.ANSWER, descriptions.answer));
      case 'candidate': {
        const value = { candidates: Array.from({ length: candidates }, () => candidate) };
        return signal(to, { case: 'candidates', value });
      }
      case 'message': {
        const content = { case: 'text', value: messageText } as const;
        return record({ case: 'message', value: { room, messageType: 'chat', content } });
      }
    }
  };
  return new Templates(make, mostCandidates);
}

function signal(to: string, payload: Payload): Template {
  return record({ case: 'signal', value: { to, connectionId, negotiationId, payload } });
}

/** A ClientFrame without numbers. */
export function record(body: ClientBody): Template {
  return new Template(toBinary(ClientFrameSchema, create(ClientFrameSchema, { body })));
}

function description(sdpType: Type, sdp: string): Payload {
  return { case: 'description', value: { sdpType, sdp } };
}
