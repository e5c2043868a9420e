import type { MessageInitShape } from '@bufbuild/protobuf';
import type { ClientFrameSchema, Origin } from '../../../gen/signalbox/v1/frame_pb.ts';
import { type DataMessage, DeliveryClass } from '../../../gen/signalbox/v1/message_pb.ts';
import { Reason } from '../../../gen/signalbox/v1/reason_pb.ts';
import {
  NegotiationControl_Action as Action,
  type NegotiationControl,
  SessionDescription_Type as SdpType,
  type Signal,
  type SignalSchema,
} from '../../../gen/signalbox/v1/signal_pb.ts';
import { candidateInit, isCandidateType, readCandidates } from './candidates.ts';
import { type ClassicFault, type ClassicMessage, isFault, missing, parseJson } from './classic-message.ts';
import { classicTypeOf, originOf, readDescription, sdpTypeOf } from './description.ts';
import { Pair, type Round } from './pair.ts';
import { errorReply, GATEWAY_TYPES, reasonName } from './replies.ts';
import { type Entry, Roster } from './roster.ts';

/** The body of a `ClientFrame`. */
export type ClientBody = NonNullable<MessageInitShape<typeof ClientFrameSchema>['body']>;
type Payload = NonNullable<MessageInitShape<typeof SignalSchema>['payload']>;

/** Ids of participants that no roster lists have this form; whether there is one, the core knows. */
const PARTICIPANT_ID = /^\d+\.[^.]+\.\d+$/;

/** One registered page in its room: translates what it says to frames, and frames to what it understands. */
export class Member {
  readonly own: Entry;
  readonly room: string;
  readonly roster: Roster;
  readonly #nonce: () => string;
  readonly #pairs = new Map<string, Pair>();
  /** The page's own word for candidates, which it expects in return. */
  #candidateType = 'candidate';

  /** `nonce`: see {@link Pair}. */
  constructor(own: Entry, room: string, nonce: () => string) {
    this.own = own;
    this.room = room;
    this.roster = new Roster(own.id);
    this.#nonce = nonce;
  }

  /** The frame that a message with a `to` becomes, or the fault or error to tell the page. */
  toFrame(message: ClassicMessage): ClientBody | ClassicFault | { readonly error: object } {
    const { type } = message;
    if (message.to === '') return missing('to', 'the id of a participant');
    const to = this.roster.find(message.to) ?? (PARTICIPANT_ID.test(message.to) ? message.to : undefined);
    if (to === undefined) {
      const detail = `there is no participant \`${message.to}\` in room \`${this.room}\``;
      return { error: errorReply(Reason.UNKNOWN_RECIPIENT, detail, message.to) };
    }
    const sdpType = sdpTypeOf(type);
    if (sdpType !== undefined) return this.#descriptionTo(to, message, sdpType);
    if (isCandidateType(type)) {
      const candidates = readCandidates(message);
      if (isFault(candidates)) return candidates;
      this.#candidateType = type;
      return signal(to, this.#pair(to).following(), { case: 'candidates', value: candidates });
    }
    const action =
      type === 'bye' ? Action.CLOSE : type === 'request_offer' ? Action.REQUEST_OFFER : undefined;
    if (action === undefined) return { case: 'message', value: this.#dataTo(to, message) };
    const round = this.#pair(to).following();
    if (action === Action.CLOSE) this.#pairs.delete(to);
    const detail = message.data === undefined ? '' : JSON.stringify(message.data);
    return signal(to, round, { case: 'control', value: { action, detail } });
  }

  /** What the page is told of a relayed signal. */
  fromSignal(relayed: Signal, sender: string): readonly object[] {
    this.roster.spoke(sender);
    const { payload } = relayed;
    if (payload.case === undefined || !this.#pair(sender).accept(relayed)) return [];
    if (payload.case === 'description') {
      const type = classicTypeOf(payload.value);
      return [this.#relay(type, sender, { type, sdp: payload.value.sdp })];
    }
    if (payload.case === 'candidates') {
      return payload.value.candidates.map((each) =>
        this.#relay(this.#candidateType, sender, candidateInit(each)),
      );
    }
    if (payload.case === 'control') return this.#fromControl(payload.value, sender);
    const detail = `\`${this.#nameOf(sender)}\` sent an encrypted signal, which the classic dialect cannot carry`;
    return [errorReply(Reason.UNSUPPORTED, detail, '')];
  }

  /** What the page is told of a message of the application. */
  fromMessage(relayed: DataMessage, origin: Origin | undefined): readonly object[] {
    const sender = origin?.sender ?? '';
    if (sender === this.own.id && relayed.toParticipant === '') return [];
    this.roster.spoke(sender);
    const { content, messageType } = relayed;
    const data = content.case === 'payload' ? Buffer.from(content.value).toString('base64') : content.value;
    const value = content.case === 'text' ? (parseJson(content.value) ?? content.value) : (data ?? null);
    const from = this.roster.identityOf(sender) ?? (origin?.identity || sender);
    const forged = messageType === '' || GATEWAY_TYPES.has(messageType);
    const relay = forged
      ? { type: 'message', data: { type: messageType, data: value } }
      : { type: messageType, data: value };
    return [{ type: relay.type, from, to: this.own.identity, data: relay.data }];
  }

  /** Forgets the negotiation with participants that left. */
  forget(ids: readonly string[]): void {
    for (const id of ids) this.#pairs.delete(id);
  }

  #descriptionTo(to: string, message: ClassicMessage, sdpType: SdpType): ClientBody | ClassicFault {
    const description = readDescription(message, sdpType);
    if (isFault(description)) return description;
    const pair = this.#pair(to);
    const origin = originOf(description.sdp ?? '');
    const answers = sdpType === SdpType.ANSWER || sdpType === SdpType.PRANSWER;
    const round = answers
      ? pair.answer(origin)
      : sdpType === SdpType.OFFER
        ? pair.offer(origin)
        : pair.following();
    if (round === undefined)
      return { field: 'type', message: `there is no offer of \`${message.to}\` to answer` };
    return signal(to, round, { case: 'description', value: description });
  }

  #dataTo(to: string, { type, data, whole }: ClassicMessage) {
    const { type: _type, to: _to, from: _from, ...beside } = whole;
    const content = 'data' in whole ? data : Object.keys(beside).length > 0 ? beside : null;
    return {
      room: this.room,
      delivery: DeliveryClass.RELIABLE,
      messageType: type,
      content: { case: 'text' as const, value: JSON.stringify(content) },
      toParticipant: to,
    };
  }

  #fromControl(control: NegotiationControl, sender: string): readonly object[] {
    const given = control.detail === '' ? undefined : (parseJson(control.detail) ?? control.detail);
    const reason = control.reason === Reason.UNSPECIFIED ? {} : { reason: reasonName(control.reason) };
    const data = given ?? reason;
    switch (control.action) {
      case Action.CLOSE:
        this.#pairs.delete(sender);
        return [this.#relay('bye', sender, data)];
      case Action.REQUEST_OFFER:
        return [this.#relay('request_offer', sender, data)];
      case Action.REQUEST_ICE_RESTART:
        return [this.#relay('request_ice_restart', sender, data)];
      case Action.REJECT:
        return [this.#relay('reject', sender, data)];
      default:
        return [];
    }
  }

  #relay(type: string, sender: string, data: unknown): object {
    return { type, from: this.#nameOf(sender), to: this.own.identity, data };
  }

  #nameOf(id: string): string {
    return this.roster.identityOf(id) ?? id;
  }

  #pair(id: string): Pair {
    const known = this.#pairs.get(id);
    if (known !== undefined) return known;
    const pair = new Pair(this.#nonce);
    this.#pairs.set(id, pair);
    return pair;
  }
}

function signal(to: string, round: Round, payload: Payload): ClientBody {
  return { case: 'signal', value: { to, ...round, payload } };
}
