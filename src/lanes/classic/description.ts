import type { MessageInitShape } from '@bufbuild/protobuf';
import {
  SessionDescription_Type as SdpType,
  type SessionDescription,
  type SessionDescriptionSchema,
} from '../../../gen/signalbox/v1/signal_pb.ts';
import { type ClassicFault, type ClassicMessage, isObject, missing, parseJson } from './classic-message.ts';

const SDP_TYPES: Readonly<Record<string, SdpType>> = {
  offer: SdpType.OFFER,
  answer: SdpType.ANSWER,
  pranswer: SdpType.PRANSWER,
  rollback: SdpType.ROLLBACK,
};
/** How deep a description may be wrapped: `data.offer.sdp` is the deepest that pages were seen to send. */
const WRAPPINGS = 3;

/** The kind of description that a message of this type carries, undefined for other types. */
export function sdpTypeOf(type: string): SdpType | undefined {
  return Object.hasOwn(SDP_TYPES, type) ? SDP_TYPES[type] : undefined;
}

/** RTCSdpType of a description, 'offer' for one that this version does not know. */
export function classicTypeOf(description: SessionDescription): string {
  return Object.entries(SDP_TYPES).find(([, sdpType]) => sdpType === description.sdpType)?.[0] ?? 'offer';
}

/**
 * Reads the description in `data`: an RTCSessionDescriptionInit, its text, or either inside `sdp`, `description` or a
 * member named like the message's type; else the same beside `type`.
 */
export function readDescription(
  message: ClassicMessage,
  sdpType: SdpType,
): MessageInitShape<typeof SessionDescriptionSchema> | ClassicFault {
  if (sdpType === SdpType.ROLLBACK) return { sdpType, sdp: '' };
  const inside = findSdp(message.data, message.type, WRAPPINGS);
  const sdp = inside ?? findSdp(message.whole.sdp ?? message.whole[message.type], message.type, WRAPPINGS);
  return sdp === undefined ? missing('data.sdp', 'the text of a session description') : { sdpType, sdp };
}

/** The `o=` line's session id, which names an RTCPeerConnection (RFC 9429 section 5.2.1); '' without one. */
export function originOf(sdp: string): string {
  return /^o=\S+ (\S+) /m.exec(sdp)?.[1] ?? '';
}

function findSdp(value: unknown, type: string, wrappings: number): string | undefined {
  if (typeof value === 'string') {
    if (!value.startsWith('{')) return value === '' ? undefined : value;
    return wrappings > 0 ? findSdp(parseJson(value), type, wrappings - 1) : undefined;
  }
  if (!isObject(value) || wrappings === 0) return undefined;
  return findSdp(value.sdp ?? value.description ?? value[type], type, wrappings - 1);
}
