import type {
  NewSignal,
  Origin,
  IceCandidate as WireCandidate,
  MediaSection as WireMediaSection,
  Signal as WireSignal,
} from './codec/messages.ts';
import type { ControlAction, Reason, SdpType, SignalKind, TrackSource } from './vocabulary.ts';
import { controlActions, reasons, sdpTypes, signalKinds, trackSources } from './vocabulary.ts';

/** Ties an m-line to a track of the sender's roster entry. */
export interface MediaSection {
  readonly mid: string;
  readonly trackId: string;
  readonly source: TrackSource;
}

/** An RTCIceCandidateInit (W3C WebRTC 4.8). An empty `candidate` ends one media section. */
export interface Candidate {
  readonly candidate: string;
  readonly sdpMid?: string | null;
  readonly sdpMLineIndex?: number | null;
  readonly usernameFragment?: string | null;
}

/** What a signal carries. */
export type SignalPayload =
  | {
      readonly kind: 'description';
      readonly type: SdpType;
      readonly sdp: string;
      readonly media?: readonly MediaSection[];
    }
  | {
      readonly kind: 'candidates';
      readonly candidates: readonly Candidate[];
      /** No further candidates in this negotiation. */
      readonly endOfCandidates?: boolean;
      /** Candidates that are gone. */
      readonly removed?: readonly Candidate[];
    }
  | {
      readonly kind: 'control';
      readonly action: ControlAction;
      /** With 'reject' and 'close'. */
      readonly reason?: Reason;
      /** English, for developers. */
      readonly detail?: string;
      /** With 'request_offer': what to send. Empty: all. */
      readonly want?: readonly TrackSource[];
      /** With 'request_offer': which stream of a device. */
      readonly stream?: string;
    }
  | {
      readonly kind: 'sealed';
      readonly sealedKind: SignalKind;
      readonly keyId: string;
      readonly ciphertext: Uint8Array;
    };

/** One step of a WebRTC negotiation, to one participant. */
export interface OutgoingSignal {
  /** Names one RTCPeerConnection: `purpose.nonce`, at most 32 bytes (`main.k3f9`). */
  readonly connectionId: string;
  /** Offer/answer round: set by the offerer, rising; answers and candidates repeat it. */
  readonly negotiationId: number;
  readonly payload: SignalPayload;
  /** Resolve when the receiver's client acknowledged it, not already when the gateway did. Default false. */
  readonly wantReceipt?: boolean;
  /** W3C trace context, relayed untouched. */
  readonly traceparent?: string;
}

/** A signal from another participant. */
export interface IncomingSignal {
  /** Participant id of the sender: the gateway's word. */
  readonly sender: string;
  /** When the gateway accepted it. */
  readonly acceptedAt: Date;
  readonly connectionId: string;
  readonly negotiationId: number;
  readonly payload: SignalPayload;
  readonly traceparent: string;
}

/**
 * What became of a signal. 'accepted': it is in the receiver's inbox; the other two only where a receipt was wanted:
 * 'delivered' its client acknowledged it; 'undelivered' it never will, see `reason`.
 */
export type Receipt =
  | { readonly status: 'accepted' }
  | { readonly status: 'delivered' }
  | { readonly status: 'undelivered'; readonly reason: Reason };

type WirePayload = NonNullable<NewSignal['payload']>;

/** A signal as the schema writes it. `to` '' means the hub of `room`. */
export function signalToWire(room: string, to: string, signal: OutgoingSignal): NewSignal {
  return {
    to,
    room: to === '' ? room : '',
    connectionId: signal.connectionId,
    negotiationId: signal.negotiationId,
    wantReceipt: signal.wantReceipt ?? false,
    traceparent: signal.traceparent ?? '',
    payload: payloadToWire(signal.payload),
  };
}

function payloadToWire(payload: SignalPayload): WirePayload {
  switch (payload.kind) {
    case 'description': {
      const media = (payload.media ?? []).map(({ mid, trackId, source }) => ({
        mid,
        trackId,
        source: trackSources.value(source),
      }));
      return {
        case: 'description',
        value: { sdpType: sdpTypes.value(payload.type), sdp: payload.sdp, media },
      };
    }
    case 'candidates':
      return {
        case: 'candidates',
        value: {
          candidates: payload.candidates.map(candidateToWire),
          endOfCandidates: payload.endOfCandidates ?? false,
          removed: (payload.removed ?? []).map(candidateToWire),
        },
      };
    case 'control':
      return {
        case: 'control',
        value: {
          action: controlActions.value(payload.action),
          reason: payload.reason === undefined ? 0 : reasons.value(payload.reason),
          detail: payload.detail ?? '',
          want: (payload.want ?? []).map((source) => trackSources.value(source)),
          stream: payload.stream ?? '',
        },
      };
    case 'sealed':
      return {
        case: 'sealed',
        value: {
          kind: signalKinds.value(payload.sealedKind),
          keyId: payload.keyId,
          ciphertext: payload.ciphertext,
        },
      };
  }
}

function candidateToWire(candidate: Candidate) {
  const { sdpMid, sdpMLineIndex, usernameFragment } = candidate;
  return {
    candidate: candidate.candidate,
    ...(sdpMid != null && { sdpMid }),
    ...(sdpMLineIndex != null && { sdpMLineIndex }),
    ...(usernameFragment != null && { usernameFragment }),
  };
}

/** A signal of the schema as the SDK shows it; undefined for a payload that this version does not know. */
export function signalFromWire(wire: WireSignal, origin: Origin): IncomingSignal | undefined {
  const payload = payloadFromWire(wire.payload);
  return (
    payload && {
      sender: origin.sender,
      acceptedAt: new Date(Number(origin.acceptedAtMs)),
      connectionId: wire.connectionId,
      negotiationId: wire.negotiationId,
      payload,
      traceparent: wire.traceparent,
    }
  );
}

function payloadFromWire(payload: WireSignal['payload']): SignalPayload | undefined {
  switch (payload.case) {
    case 'description': {
      const type = sdpTypes.word(payload.value.sdpType);
      if (type === 'unknown') return undefined;
      return {
        kind: 'description',
        type,
        sdp: payload.value.sdp,
        media: payload.value.media.map(mediaFromWire),
      };
    }
    case 'candidates': {
      const { candidates, endOfCandidates, removed } = payload.value;
      return {
        kind: 'candidates',
        candidates: candidates.map(candidateFromWire),
        endOfCandidates,
        removed: removed.map(candidateFromWire),
      };
    }
    case 'control': {
      const { reason, detail, want, stream } = payload.value;
      const action = controlActions.word(payload.value.action);
      if (action === 'unknown') return undefined;
      return {
        kind: 'control',
        action,
        reason: reasons.word(reason),
        detail,
        want: want.map((source) => trackSources.word(source)),
        stream,
      };
    }
    case 'sealed': {
      const sealedKind = signalKinds.word(payload.value.kind);
      if (sealedKind === 'unknown') return undefined;
      return { kind: 'sealed', sealedKind, keyId: payload.value.keyId, ciphertext: payload.value.ciphertext };
    }
    default:
      return undefined;
  }
}

function mediaFromWire(section: WireMediaSection): MediaSection {
  return { mid: section.mid, trackId: section.trackId, source: trackSources.word(section.source) };
}

function candidateFromWire({ candidate, sdpMid, sdpMLineIndex, usernameFragment }: WireCandidate): Candidate {
  return {
    candidate,
    ...(sdpMid !== undefined && { sdpMid }),
    ...(sdpMLineIndex !== undefined && { sdpMLineIndex }),
    ...(usernameFragment !== undefined && { usernameFragment }),
  };
}
