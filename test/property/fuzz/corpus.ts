import { create, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import { ClientFrameSchema } from '../../../gen/signalbox/v1/frame_pb.ts';
import { DeliveryClass } from '../../../gen/signalbox/v1/message_pb.ts';
import { ModerationAction } from '../../../gen/signalbox/v1/moderation_pb.ts';
import { Feature, TrackSource } from '../../../gen/signalbox/v1/participant_pb.ts';
import { Reason } from '../../../gen/signalbox/v1/reason_pb.ts';
import { Report_Stage } from '../../../gen/signalbox/v1/report_pb.ts';
import { RoomSettings_Topology } from '../../../gen/signalbox/v1/room_pb.ts';
import { ClientState_Activity } from '../../../gen/signalbox/v1/session_pb.ts';
import {
  NegotiationControl_Action,
  SessionDescription_Type,
  SignalKind,
} from '../../../gen/signalbox/v1/signal_pb.ts';

export type FrameInit = MessageInitShape<typeof ClientFrameSchema>;

const sdp = [
  'v=0',
  'o=- 4611731400430051336 2 IN IP4 127.0.0.1',
  's=größer 𝄞',
  't=0 0',
  'm=audio 9 UDP/TLS/RTP/SAVPF 111',
  'a=ice-ufrag:EsAw',
  'a=mid:0',
  '',
].join('\r\n');
const candidate = {
  candidate: 'candidate:842163049 1 udp 1677729535 203.0.113.7 46154 typ srflx raddr 10.0.0.1 rport 46154',
  sdpMid: '0',
  sdpMLineIndex: 0,
  usernameFragment: 'EsAw',
};
const track = { id: 't1', source: TrackSource.CAMERA, muted: true, name: 'Kamera', streamId: 's' };
const to = 'p_k3f9a8b7c6d5e4f3';

/** One frame of each kind that clients send, filled as clients fill them; and the edges of their types. */
export const frameInits: readonly FrameInit[] = [
  {},
  { ack: 4_294_967_295 },
  signal(1, {
    case: 'description',
    value: {
      sdpType: SessionDescription_Type.OFFER,
      sdp,
      media: [{ mid: '0', trackId: 't1', source: 2 }, {}],
    },
  }),
  signal(2, {
    case: 'description',
    value: {
      sdpType: SessionDescription_Type.ANSWER,
      sdp: sdp.repeat(3),
      fingerprintSignature: new Uint8Array(9),
    },
  }),
  signal(3, { case: 'description', value: { sdpType: SessionDescription_Type.ROLLBACK } }),
  signal(4, {
    case: 'candidates',
    value: { candidates: [candidate, { candidate: '', sdpMid: '' }], removed: [candidate] },
  }),
  signal(5, { case: 'candidates', value: { endOfCandidates: true } }),
  signal(6, {
    case: 'control',
    value: {
      action: NegotiationControl_Action.REQUEST_OFFER,
      want: [TrackSource.CAMERA, TrackSource.SCREEN],
      stream: 'main',
    },
  }),
  signal(7, {
    case: 'control',
    value: {
      action: NegotiationControl_Action.REJECT,
      reason: Reason.INCOMPATIBLE_MEDIA,
      detail: 'no codec',
    },
  }),
  signal(8, {
    case: 'sealed',
    value: { kind: SignalKind.OFFER, keyId: 'k1', ciphertext: Uint8Array.of(0, 255, 128, 8, 1, 8, 1) },
  }),
  {
    seq: 9,
    body: {
      case: 'signal',
      value: { room: 'stage', wantReceipt: true, traceparent: '00-4bf92f3577b34da6-00f067aa-01' },
    },
  },
  {
    seq: 10,
    body: {
      case: 'message',
      value: {
        room: 'demo',
        delivery: DeliveryClass.RELIABLE,
        messageType: 'chat',
        content: { case: 'text', value: 'Grüße, 世界 😀' },
      },
    },
  },
  {
    seq: 11,
    body: {
      case: 'message',
      value: {
        room: 'demo',
        delivery: DeliveryClass.COUNTED,
        messageType: 'like',
        key: 'heart',
        count: -1_000_000n,
      },
    },
  },
  {
    body: {
      case: 'message',
      value: {
        room: 'demo',
        delivery: DeliveryClass.LOSSY,
        messageType: 'cursor',
        content: { case: 'payload', value: Uint8Array.of(1, 2, 250) },
        toParticipant: to,
        toIdentity: 'bob',
        toRole: 'host',
        count: 2n ** 63n - 1n,
      },
    },
  },
  { body: { case: 'message', value: { content: { case: 'payload', value: new Uint8Array(0) } } } },
  { body: { case: 'ping', value: { id: 4_294_967_295 } } },
  { body: { case: 'pong', value: {} } },
  {
    seq: 12,
    body: {
      case: 'updateParticipant',
      value: {
        room: 'demo',
        setAttributes: { a: '1', ключ: 'значение', '': '' },
        clearAttributes: ['x', ''],
        tracks: [track],
        dropTracks: ['t2'],
        handRaised: false,
        name: '',
      },
    },
  },
  {
    body: {
      case: 'report',
      value: {
        peer: to,
        connectionId: 'main.1',
        stage: Report_Stage.ICE_CONNECTED,
        elapsedMs: 812,
        detail: 'ok',
        rttMs: 40,
      },
    },
  },
  {
    body: {
      case: 'hello',
      value: {
        token: 'eyJ.eyJ.sig',
        resume: {
          token: 's1.x',
          receivedSeq: 4,
          rooms: [{ room: 'demo', epoch: 'e1', offset: 9, version: 1 }],
          attempt: 2,
          epoch: 'i1',
        },
        client: { sdk: 'js', platform: 'web' },
        schemaRevision: 1,
        features: [Feature.ROLLBACK, Feature.ICE_RESTART],
        deviceId: 'd1',
        state: { activity: ClientState_Activity.FOREGROUND, networkChanged: true },
      },
    },
  },
  {
    seq: 13,
    body: {
      case: 'join',
      value: {
        room: 'demo',
        name: 'Zoë',
        attributes: { k1: 'v1', k2: 'v2' },
        tracks: [track, {}],
        replaces: 'p_old',
        history: 50,
        create: {
          topology: RoomSettings_Topology.HUB,
          maxParticipants: 50,
          lobby: true,
          emptyTimeout: { seconds: 30n, nanos: 5 },
          startsAt: { seconds: -62_135_596_800n, nanos: 999_999_999 },
          attributes: { x: 'y' },
        },
        knock: 'hi',
      },
    },
  },
  { seq: 14, body: { case: 'leave', value: { room: 'demo', grace: { seconds: -1n, nanos: -5 } } } },
  {
    seq: 15,
    body: {
      case: 'setWill',
      value: {
        room: 'demo',
        message: { room: 'demo', messageType: 'bye', content: { case: 'text', value: 'x' } },
      },
    },
  },
  { seq: 16, body: { case: 'refreshToken', value: { token: 'eyJ' } } },
  {
    body: {
      case: 'clientState',
      value: { activity: ClientState_Activity.SUSPENDED, hold: { seconds: 600n }, network: 'cellular' },
    },
  },
  {
    seq: 17,
    body: {
      case: 'moderate',
      value: {
        room: 'demo',
        participant: to,
        action: ModerationAction.MUTE,
        argument: 'a',
        reason: Reason.REMOVED,
        note: 'n',
        trackIds: ['t1', 't2'],
      },
    },
  },
];

function signal(
  seq: number,
  payload: NonNullable<(FrameInit & { body: { case: 'signal' } })['body']['value']['payload']>,
): FrameInit {
  return {
    seq,
    ack: seq * 50,
    body: { case: 'signal', value: { to, connectionId: 'main.k3f9', negotiationId: seq, payload } },
  };
}

export const corpus: readonly Uint8Array[] = frameInits.map((init) =>
  toBinary(ClientFrameSchema, create(ClientFrameSchema, init)),
);
