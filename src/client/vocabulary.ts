import { DeliveryClass } from '../../gen/signalbox/v1/message_pb.ts';
import { ModerationAction as WireModerationAction } from '../../gen/signalbox/v1/moderation_pb.ts';
import {
  Participant_Kind,
  Participant_State,
  Feature as WireFeature,
  TrackSource as WireTrackSource,
} from '../../gen/signalbox/v1/participant_pb.ts';
import { Reason as WireReason } from '../../gen/signalbox/v1/reason_pb.ts';
import { Report_Stage } from '../../gen/signalbox/v1/report_pb.ts';
import {
  RoomSettings_Presence,
  RoomSettings_Topology,
  Recording as WireRecording,
} from '../../gen/signalbox/v1/room_pb.ts';
import { NextStep as WireNextStep } from '../../gen/signalbox/v1/session_pb.ts';
import {
  NegotiationControl_Action,
  SessionDescription_Type,
  SignalKind as WireSignalKind,
} from '../../gen/signalbox/v1/signal_pb.ts';

/** The values of an enum of the schema as words: `SCREEN_AUDIO` is 'screen_audio'. */
type Words<E> = Lowercase<Exclude<keyof E, 'UNSPECIFIED'> & string>;

/** The schema's closed vocabulary, and 'unreachable': no connection to the gateway, which only an SDK can say. */
export type Reason = Words<typeof WireReason> | 'unspecified' | 'unreachable';
/** What to do after the end of a connection. */
export type NextStep = Words<typeof WireNextStep>;
export type TrackSource = Words<typeof WireTrackSource>;
export type Kind = Words<typeof Participant_Kind>;
export type ParticipantState = Words<typeof Participant_State>;
export type Feature = Words<typeof WireFeature>;
export type Delivery = Words<typeof DeliveryClass>;
export type ModerationAction = Words<typeof WireModerationAction>;
export type Recording = Words<typeof WireRecording>;
export type Topology = Words<typeof RoomSettings_Topology>;
export type Presence = Words<typeof RoomSettings_Presence>;
export type SdpType = Words<typeof SessionDescription_Type>;
export type ControlAction = Words<typeof NegotiationControl_Action>;
/** How far the set-up of a connection got. */
export type SetupStage = Words<typeof Report_Stage>;
export type SignalKind = Words<typeof WireSignalKind>;

/** Two-way table between the words of the SDK and the numbers of one enum of the schema. */
export class Vocabulary<Word extends string, E extends { readonly UNSPECIFIED: number }> {
  readonly #words = new Map<number, Word>();
  readonly #values = new Map<Word, E[keyof E]>();
  readonly #unspecified: E['UNSPECIFIED'];
  readonly #fallback: Word;

  /** `fallback` stands for UNSPECIFIED and for values that a newer gateway may send. */
  constructor(values: E, fallback: Word) {
    this.#fallback = fallback;
    this.#unspecified = values.UNSPECIFIED;
    for (const [key, value] of Object.entries(values) as [string, E[keyof E] & number][]) {
      if (value === this.#unspecified) continue;
      const word = key.toLowerCase() as Word;
      this.#words.set(value, word);
      this.#values.set(word, value);
    }
  }

  word(value: number): Word {
    return this.#words.get(value) ?? this.#fallback;
  }

  /** UNSPECIFIED for a word that the schema does not have. */
  value(word: Word): E[keyof E] {
    return this.#values.get(word) ?? this.#unspecified;
  }

  /** All words, in the order of the schema. */
  all(): readonly Word[] {
    return [...this.#values.keys()];
  }
}

export const reasons = new Vocabulary(WireReason, 'unspecified' as Reason);
export const nextSteps = new Vocabulary(WireNextStep, 'reconnect' as NextStep);
export const trackSources = new Vocabulary(WireTrackSource, 'other' as TrackSource);
export const kinds = new Vocabulary(Participant_Kind, 'person' as Kind);
export const participantStates = new Vocabulary(Participant_State, 'active' as ParticipantState);
export const features = new Vocabulary(WireFeature, 'unknown' as Feature | 'unknown');
export const deliveries = new Vocabulary(DeliveryClass, 'reliable' as Delivery);
export const moderationActions = new Vocabulary(
  WireModerationAction,
  'unknown' as ModerationAction | 'unknown',
);
export const recordings = new Vocabulary(WireRecording, 'off' as Recording);
export const topologies = new Vocabulary(RoomSettings_Topology, 'mesh' as Topology);
export const presences = new Vocabulary(RoomSettings_Presence, 'full' as Presence);
export const sdpTypes = new Vocabulary(SessionDescription_Type, 'unknown' as SdpType | 'unknown');
export const controlActions = new Vocabulary(
  NegotiationControl_Action,
  'unknown' as ControlAction | 'unknown',
);
export const setupStages = new Vocabulary(Report_Stage, 'unknown' as SetupStage | 'unknown');
export const signalKinds = new Vocabulary(WireSignalKind, 'unknown' as SignalKind | 'unknown');

/** Every reason that `SignalboxError.reason` and the ends can carry: for tables of sentences that must be total. */
export const allReasons: readonly Reason[] = ['unspecified', 'unreachable', ...reasons.all()];
