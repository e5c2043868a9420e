import type { Json, JsonObject } from './foreign-client.ts';

/** ada and eve are clients of one kind, bo and cy of another. */
export type Who = 'ada' | 'bo' | 'eve' | 'cy';

/**
 * One step. Texts that begin with `$` stand for what was kept before; `$seq` for the seq of what was said last. A frame
 * that is said gets the next seq of its client, unless it says one itself (0: none).
 */
export type Step =
  | { readonly who: Who; readonly opens: 'good' | 'forged' | 'none'; readonly first?: readonly JsonObject[] }
  | { readonly who: Who; readonly says: JsonObject }
  /**
   * The next frame of `who` is this, among other fields. `keep`: names for values of the frame, by path. `whole`: its
   * record has the very bytes that the sender has encoded.
   */
  | {
      readonly who: Who;
      readonly hears: JsonObject;
      readonly keep?: Readonly<Record<string, string>>;
      readonly whole?: 'signal' | 'message';
    }
  /** What is said breaks the protocol: Closed and the end of the stream, or of the SendFrames call. */
  | { readonly who: Who; readonly breaks: JsonObject; readonly closed: JsonObject; readonly status: string }
  | { readonly who: Who; readonly ends: string }
  | { readonly who: Who; readonly hangsUp: true };

const sdp = [
  'v=0',
  'o=- 4611731400430051336 2 IN IP4 127.0.0.1',
  's=-',
  't=0 0',
  'a=group:BUNDLE 0',
  'm=application 9 UDP/DTLS/SCTP webrtc-datachannel',
  'c=IN IP4 0.0.0.0',
  'a=ice-ufrag:F7gI',
  'a=ice-pwd:x9cml/YzichV2+XlhiMu8g',
  `a=fingerprint:sha-256 ${Array.from({ length: 32 }, (_, index) => index.toString(16).padStart(2, '0').toUpperCase()).join(':')}`,
  'a=setup:actpass',
  'a=mid:0',
  'a=sctp-port:5000',
  '',
].join('\r\n');

const connection = { connectionId: 'main.k3f9', negotiationId: 1 };
const offer: Json = {
  ...connection,
  to: '$ada',
  description: {
    sdpType: 'TYPE_OFFER',
    sdp: sdp.repeat(12),
    media: [{ mid: '0', trackId: 'cam', source: 'TRACK_SOURCE_CAMERA' }],
  },
  traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
};
const answer: Json = { ...connection, to: '$bo', description: { sdpType: 'TYPE_ANSWER', sdp } };
/** Empty texts and zeros that are there: a decoder that drops them loses the difference. */
const candidates = (to: string): JsonObject => ({
  ...connection,
  to,
  candidates: {
    candidates: [
      {
        candidate: 'candidate:1 1 udp 2122260223 192.0.2.1 54321 typ host',
        sdpMid: '0',
        sdpMLineIndex: 0,
        usernameFragment: 'F7gI',
      },
      { candidate: 'candidate:2 1 udp 1686052607 2001:db8::1 54322 typ srflx', sdpMid: '' },
      { candidate: '' },
    ],
    endOfCandidates: true,
  },
});
const chat: Json = { room: '$room', messageType: 'chat', text: 'Grüße, 世界 👋' };
const blob: Json = { room: '$room', messageType: 'blob', payload: 'AAEC/v8=' };
const topic: Json = {
  room: '$room',
  messageType: 'topic',
  key: 'main',
  delivery: 'DELIVERY_CLASS_LATEST',
  text: 'Tea',
};

/** Join, roster, offer, answer, candidates, messages, leave, and what goes wrong: what a client must be able to do. */
export const scenario: readonly Step[] = [
  { who: 'ada', opens: 'good' },
  {
    who: 'ada',
    hears: {
      welcome: {
        outcome: 'OUTCOME_NEW',
        schemaRevision: 1,
        limits: { frameBytes: 278_528, signalBytes: 262_144, messageBytes: 16_384, rooms: 32 },
      },
    },
  },
  { who: 'ada', says: { join: { room: '$room', name: 'Ada', attributes: { seat: '7' } } } },
  {
    who: 'ada',
    hears: {
      joined: {
        room: '$room',
        rosterComplete: true,
        count: 1,
        participant: { identity: 'ada', name: 'Ada', state: 'STATE_ACTIVE' },
      },
    },
    keep: { ada: 'joined.participant.id' },
  },

  // Joining without waiting for Welcome.
  { who: 'bo', opens: 'good', first: [{ seq: 1, join: { room: '$room', name: 'Bo' } }] },
  { who: 'bo', hears: { welcome: { outcome: 'OUTCOME_NEW' } } },
  {
    who: 'bo',
    hears: {
      joined: {
        count: 2,
        participant: { identity: 'bo' },
        participants: [{ id: '$ada', identity: 'ada', name: 'Ada', attributes: { seat: '7' } }],
      },
    },
    keep: { bo: 'joined.participant.id' },
  },
  {
    who: 'ada',
    hears: { rosterDelta: { room: '$room', count: 2, joined: [{ id: '$bo', identity: 'bo', name: 'Bo' }] } },
  },

  // The later one offers.
  { who: 'bo', says: { signal: offer } },
  { who: 'ada', hears: { origin: { sender: '$bo', senderSeq: '$seq' }, signal: offer }, whole: 'signal' },
  { who: 'ada', says: { signal: answer } },
  { who: 'bo', hears: { origin: { sender: '$ada', senderSeq: '$seq' }, signal: answer }, whole: 'signal' },
  { who: 'bo', says: { signal: candidates('$ada') } },
  {
    who: 'ada',
    hears: { origin: { sender: '$bo', senderSeq: '$seq' }, signal: candidates('$ada') },
    whole: 'signal',
  },
  { who: 'ada', says: { signal: candidates('$bo') } },
  {
    who: 'bo',
    hears: { origin: { sender: '$ada', senderSeq: '$seq' }, signal: candidates('$bo') },
    whole: 'signal',
  },
  {
    who: 'bo',
    says: {
      signal: {
        ...connection,
        to: '$ada',
        wantReceipt: true,
        control: { action: 'ACTION_REQUEST_ICE_RESTART' },
      },
    },
  },
  {
    who: 'ada',
    hears: { signal: { control: { action: 'ACTION_REQUEST_ICE_RESTART' } } },
    whole: 'signal',
    keep: { asked: 'origin.senderSeq' },
  },
  // A bare acknowledgement.
  { who: 'ada', says: { seq: 0 } },
  { who: 'bo', hears: { receipt: { seq: '$asked', delivered: true } } },

  // Messages go to all, their sender included.
  { who: 'ada', says: { message: chat } },
  {
    who: 'ada',
    hears: { origin: { sender: '$ada', senderSeq: '$seq', identity: 'ada', name: 'Ada' }, message: chat },
    whole: 'message',
  },
  {
    who: 'bo',
    hears: { origin: { sender: '$ada', senderSeq: '$seq', identity: 'ada' }, message: chat },
    whole: 'message',
  },
  { who: 'bo', says: { message: blob } },
  { who: 'bo', hears: { origin: { sender: '$bo' }, message: blob }, whole: 'message' },
  { who: 'ada', hears: { origin: { sender: '$bo' }, message: blob }, whole: 'message' },
  { who: 'bo', says: { message: topic } },
  { who: 'bo', hears: { origin: { sender: '$bo', version: 1 }, message: topic }, whole: 'message' },
  { who: 'ada', hears: { origin: { sender: '$bo', version: 1 }, message: topic }, whole: 'message' },
  { who: 'bo', says: { ping: { id: 41 }, seq: 0 } },
  { who: 'bo', hears: { pong: { id: 41 } } },

  // Errors are answers, and the stream goes on.
  { who: 'ada', says: { signal: { ...connection, to: '1.nobody.1' } } },
  {
    who: 'ada',
    hears: { error: { seq: '$seq', reason: 'REASON_UNKNOWN_RECIPIENT', fieldPath: 'signal.to' } },
  },
  { who: 'bo', says: { message: { room: 'elsewhere', messageType: 'chat', text: 'hello?' } } },
  {
    who: 'bo',
    hears: {
      error: { seq: '$seq', reason: 'REASON_NOT_JOINED', fieldPath: 'message.room', room: 'elsewhere' },
    },
  },
  { who: 'ada', says: { leave: { room: 'elsewhere' } } },
  { who: 'ada', hears: { error: { seq: '$seq', reason: 'REASON_NOT_JOINED' } } },
  { who: 'bo', says: { seq: 0, signal: { ...connection, to: '$ada' } } },
  { who: 'bo', hears: { error: { reason: 'REASON_MALFORMED', fieldPath: 'seq' } } },
  { who: 'ada', says: { message: { room: '$room', messageType: 'chat', text: 'x'.repeat(16_384) } } },
  { who: 'ada', hears: { error: { seq: '$seq', reason: 'REASON_TOO_LARGE', fieldPath: 'message' } } },
  {
    who: 'bo',
    says: {
      signal: { ...connection, to: '$ada', description: { sdpType: 'TYPE_OFFER', sdp: 'x'.repeat(262_144) } },
    },
  },
  { who: 'bo', hears: { error: { seq: '$seq', reason: 'REASON_TOO_LARGE', fieldPath: 'signal' } } },

  // Who may not come in is told why.
  { who: 'eve', opens: 'forged' },
  { who: 'eve', hears: { closed: { reason: 'REASON_TOKEN_INVALID', nextStep: 'NEXT_STEP_REAUTHENTICATE' } } },
  { who: 'eve', ends: 'unauthenticated' },
  { who: 'cy', opens: 'none' },
  { who: 'cy', hears: { closed: { reason: 'REASON_TOKEN_INVALID', nextStep: 'NEXT_STEP_REAUTHENTICATE' } } },
  { who: 'cy', ends: 'unauthenticated' },
  { who: 'eve', opens: 'good' },
  { who: 'eve', hears: { welcome: { outcome: 'OUTCOME_NEW' } } },
  { who: 'eve', says: { signal: { ...connection, to: '$ada' } } },
  { who: 'eve', hears: { error: { seq: 1, reason: 'REASON_NOT_JOINED' } } },
  {
    who: 'eve',
    breaks: { seq: 9, join: { room: '$room' } },
    closed: { reason: 'REASON_OUT_OF_ORDER', nextStep: 'NEXT_STEP_RESUME' },
    status: 'unavailable',
  },
  { who: 'eve', hangsUp: true },

  // Going.
  { who: 'bo', says: { leave: { room: '$room' } } },
  { who: 'bo', hears: { left: { room: '$room', reason: 'REASON_LEFT' } } },
  { who: 'ada', hears: { rosterDelta: { count: 1, left: [{ id: '$bo', reason: 'REASON_LEFT' }] } } },
  { who: 'ada', says: { signal: { ...connection, to: '$bo' } } },
  { who: 'ada', hears: { error: { seq: '$seq', reason: 'REASON_RECIPIENT_LEFT' } } },
  { who: 'ada', says: { leave: { room: '$room' } } },
  { who: 'ada', hears: { left: { room: '$room', reason: 'REASON_LEFT' } } },
  { who: 'ada', hangsUp: true },
  { who: 'bo', hangsUp: true },
];
