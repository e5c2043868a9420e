import type { MessageInitShape } from '@bufbuild/protobuf';
import type {
  IceCandidate,
  IceCandidateSchema,
  IceCandidatesSchema,
} from '../../../gen/signalbox/v1/signal_pb.ts';
import { type ClassicFault, type ClassicMessage, isObject, missing, parseJson } from './classic-message.ts';

const TYPES: ReadonlySet<string> = new Set([
  'candidate',
  'candidates',
  'ice-candidate',
  'ice_candidate',
  'icecandidate',
  'iceCandidate',
  'ice',
]);
/** How deep candidates may be wrapped: `data.candidates[0].candidate.candidate`. */
const WRAPPINGS = 5;

type Candidate = MessageInitShape<typeof IceCandidateSchema>;

/** Whether messages of this type carry candidates. */
export function isCandidateType(type: string): boolean {
  return TYPES.has(type);
}

/**
 * Reads candidates in `data`: an RTCIceCandidateInit, its `candidate` text, an event with a `candidate`, a list of any
 * of these, or null for the end of candidates; else the same beside `type`.
 */
export function readCandidates(
  message: ClassicMessage,
): MessageInitShape<typeof IceCandidatesSchema> | ClassicFault {
  const value = 'data' in message.whole ? message.data : message.whole;
  if (isEnd(value)) return { endOfCandidates: true };
  const candidates: Candidate[] = [];
  if (!collect(value, candidates, WRAPPINGS)) {
    return missing('data.candidate', 'an RTCIceCandidateInit, or null for the end of candidates');
  }
  return { candidates };
}

/** The RTCIceCandidateInit that a page hands to `addIceCandidate`. */
export function candidateInit(candidate: IceCandidate): object {
  return {
    candidate: candidate.candidate,
    sdpMid: candidate.sdpMid ?? null,
    sdpMLineIndex: candidate.sdpMLineIndex ?? null,
    usernameFragment: candidate.usernameFragment ?? null,
  };
}

/** `RTCPeerConnectionIceEvent.candidate` is null at the end, and pages send it on as it is. */
function isEnd(value: unknown): boolean {
  if (value === null || value === '') return true;
  return isObject(value) && value.candidate === null;
}

/** Adds the candidates in `value`; false when there is something else. */
function collect(value: unknown, into: Candidate[], wrappings: number): boolean {
  if (wrappings === 0) return false;
  if (typeof value === 'string') {
    if (value.startsWith('{') || value.startsWith('[')) return collect(parseJson(value), into, wrappings - 1);
    into.push({ candidate: value.replace(/^a=/, '') });
    return true;
  }
  if (Array.isArray(value)) return value.every((each) => collect(each, into, wrappings - 1));
  if (!isObject(value)) return false;
  const { candidate, candidates } = value;
  if (typeof candidate !== 'string') return collect(candidate ?? candidates, into, wrappings - 1);
  const { sdpMid, sdpMLineIndex, usernameFragment } = value;
  into.push({
    candidate: candidate.replace(/^a=/, ''),
    ...(typeof sdpMid === 'string' ? { sdpMid } : {}),
    ...(isIndex(sdpMLineIndex) ? { sdpMLineIndex } : {}),
    ...(typeof usernameFragment === 'string' ? { usernameFragment } : {}),
  });
  return true;
}

function isIndex(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value < 2 ** 16;
}
