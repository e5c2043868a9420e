/**
 * The TypeScript SDK of Signalbox, for browsers and Node: what is exported here is public, everything else in this folder
 * is not.
 */
export { connect } from './connect.ts';
export type { Emitter, Listener } from './emitter.ts';
export type {
  ChannelMessage,
  MeshChannel,
  MeshChannelEvents,
} from './mesh/mesh-channel.ts';
export type { MeshOptions } from './mesh/mesh-options.ts';
export type { Peer, PeerFailure, PeerState, PeerTrack } from './mesh/peer.ts';
export type { MeshEvents } from './mesh/peer-mesh.ts';
export { PeerMesh } from './mesh/peer-mesh.ts';
export type { InboundStats, OutboundStats, PeerStats, StreamStats } from './mesh/peer-stats.ts';
export type { Publication, PublishOptions } from './mesh/publication.ts';
export type { DataMessage, SendOptions, Sent } from './message.ts';
export type { Moderation, ModerationNote, ModerationNotice } from './moderation.ts';
export type { ConnectOptions, JoinOptions, Logger, Pending, TransportName } from './options.ts';
export type { Participant, Permissions, Track } from './participant.ts';
export type {
  Departure,
  LobbyEntry,
  ParticipantChange,
  Room,
  RoomClosed,
  RoomEvents,
  RoomResync,
  SetupReport,
} from './room.ts';
export type { RoomInfo } from './room-info.ts';
export type {
  IceServer,
  IceServersChange,
  Limits,
  Session,
  SessionEvents,
  SessionState,
  TokenFailure,
} from './session.ts';
export type {
  Candidate,
  IncomingSignal,
  MediaSection,
  OutgoingSignal,
  Receipt,
  SignalPayload,
} from './signal.ts';
export { SignalboxError } from './signalbox-error.ts';
export type {
  ControlAction,
  Delivery,
  Feature,
  Kind,
  ModerationAction,
  NextStep,
  ParticipantState,
  Presence,
  Reason,
  Recording,
  SdpType,
  SetupStage,
  SignalKind,
  Topology,
  TrackSource,
} from './vocabulary.ts';
export { allReasons } from './vocabulary.ts';
