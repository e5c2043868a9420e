/**
 * The messages of the schema as the SDK holds them: those of `gen/`, without the runtime's own marks. The SDK has a codec of
 * its own because the general runtime alone takes 26 KB (gzip) of the 45 that a page should load.
 */
import type { Message } from '@bufbuild/protobuf';
import type * as frame from '../../../gen/signalbox/v1/frame_pb.ts';
import type * as ice from '../../../gen/signalbox/v1/ice_pb.ts';
import type * as message from '../../../gen/signalbox/v1/message_pb.ts';
import type * as moderation from '../../../gen/signalbox/v1/moderation_pb.ts';
import type * as participant from '../../../gen/signalbox/v1/participant_pb.ts';
import type * as reason from '../../../gen/signalbox/v1/reason_pb.ts';
import type * as room from '../../../gen/signalbox/v1/room_pb.ts';
import type * as session from '../../../gen/signalbox/v1/session_pb.ts';
import type * as signal from '../../../gen/signalbox/v1/signal_pb.ts';
import type * as service from '../../../gen/signalbox/v1/signaling_service_pb.ts';

type Atom = string | number | bigint | boolean | undefined | Uint8Array;
type Mark = '$typeName' | '$unknown';

/** A message as it is read: every field is there. */
export type Read<T> = T extends Atom
  ? T
  : T extends readonly (infer E)[]
    ? Read<E>[]
    : T extends Message
      ? { [K in keyof T as Exclude<K, Mark>]: Read<T[K]> }
      : { [K in keyof T]: Read<T[K]> };

/** A message as it is written: what is absent has its default. */
export type Written<T> = T extends Atom
  ? T
  : T extends readonly (infer E)[]
    ? readonly Written<E>[]
    : T extends Message
      ? { readonly [K in keyof T as Exclude<K, Mark>]?: Written<T[K]> | undefined }
      : { readonly [K in keyof T]: Written<T[K]> };

export type ServerFrame = Read<frame.ServerFrame>;
export type Origin = Read<frame.Origin>;
export type Joined = Read<frame.Joined>;
export type Receipt = Read<frame.Receipt>;
export type RelayedMessage = Read<frame.RelayedMessage>;
export type IceServer = Read<ice.IceServer>;
export type DataMessage = Read<message.DataMessage>;
export type ModerationNotice = Read<moderation.ModerationNotice>;
export type Participant = Read<participant.Participant>;
export type Track = Read<participant.Track>;
export type Permissions = Read<participant.Permissions>;
export type RosterDelta = Read<participant.RosterDelta>;
export type LobbyDelta = Read<participant.LobbyDelta>;
export type FrameError = Read<reason.FrameError>;
export type Room = Read<room.Room>;
export type RoomUpdated = Read<room.RoomUpdated>;
export type Welcome = Read<session.Welcome>;
export type Limits = Read<session.Limits>;
export type IceServersUpdate = Read<session.IceServersUpdate>;
export type Resync = Read<session.Resync>;
export type Left = Read<session.Left>;
export type GoAway = Read<session.GoAway>;
export type Closed = Read<session.Closed>;
export type Signal = Read<signal.Signal>;
export type MediaSection = Read<signal.MediaSection>;
export type IceCandidate = Read<signal.IceCandidate>;
export type Duration = NonNullable<Welcome['resumeWindow']>;
export type Timestamp = NonNullable<Welcome['serverTime']>;

export type NewClientFrame = Written<frame.ClientFrame>;
export type NewDataMessage = Written<message.DataMessage>;
export type NewHello = Written<session.Hello>;
export type NewRoomPosition = Written<session.RoomPosition>;
export type NewSignal = Written<signal.Signal>;
export type NewTrack = Written<participant.Track>;

/** Messages that are read or written by themselves. */
export interface Readable {
  ServerFrame: ServerFrame;
  ReceiveFramesResponse: Read<service.ReceiveFramesResponse>;
  SendFramesResponse: Read<service.SendFramesResponse>;
}
export interface Writable {
  ClientFrame: NewClientFrame;
  Hello: NewHello;
}
