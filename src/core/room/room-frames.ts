import { toBinary } from '@bufbuild/protobuf';
import { ServerFrameSchema } from '../../../gen/signalbox/v1/frame_pb.ts';
import {
  type Departure,
  type Participant,
  type Permissions,
  type RosterDelta,
  TrackSchema,
} from '../../../gen/signalbox/v1/participant_pb.ts';
import type { Room, RoomSettings } from '../../../gen/signalbox/v1/room_pb.ts';
import type { Left } from '../../../gen/signalbox/v1/session_pb.ts';
import { MessageWriter } from '../wire/message-writer.ts';

/** What is said of a message, without what makes it one. */
type Fields<Message> = Omit<Message, '$typeName' | '$unknown'>;

const { rosterDelta, left: leftField, joined: joinedField } = ServerFrameSchema.field;
/** Nobody else sees it: each function here ends what it began. */
const writer = new MessageWriter();

/** A Participant, in the order of its fields, as all functions here write them. */
export function encodeParticipant(participant: Fields<Participant>): Uint8Array {
  const { tracks, permissions } = participant;
  writer.begin();
  writer.text(1, participant.id);
  writer.text(2, participant.identity);
  writer.text(3, participant.name);
  writer.text(4, participant.role);
  writer.number(5, participant.ordinal);
  writer.number(6, participant.state);
  writer.number(7, participant.kind);
  writer.map(8, participant.attributes);
  for (const track of tracks) writer.message(9, toBinary(TrackSchema, track));
  if (permissions !== undefined) writePermissions(10, permissions);
  writer.packed(11, participant.features);
  writer.time(12, participant.joinedAt);
  writer.time(13, participant.handRaisedAt);
  if (participant.identityKey.length > 0) writer.message(14, participant.identityKey);
  writer.text(15, participant.replaces);
  writer.number(16, participant.resyncs);
  return writer.finish();
}

function writePermissions(field: number, permissions: Fields<Permissions>): void {
  const message = writer.open(field);
  writer.flag(1, permissions.signal);
  writer.flag(2, permissions.hub);
  writer.flag(3, permissions.moderate);
  writer.flag(4, permissions.listed);
  writer.flag(5, permissions.updateSelf);
  writer.flag(6, permissions.hidden);
  writer.packed(7, permissions.publish);
  writer.packed(8, permissions.deliveries);
  for (const type of permissions.sendTypes) writer.element(9, type);
  writer.flag(10, permissions.muteMessages);
  writer.close(message);
}

/** What changed in a roster: participants in their encoded form. */
export interface RosterChange extends Partial<Omit<Fields<RosterDelta>, 'joined' | 'updated' | 'left'>> {
  readonly joined?: readonly Uint8Array[];
  readonly updated?: Uint8Array;
  readonly left?: Partial<Fields<Departure>>;
}

/** A ServerFrame with a RosterDelta. */
export function encodeRosterChange(room: string, change: RosterChange): Uint8Array {
  const { joined = [], updated, left } = change;
  const frame = writer.begin().open(rosterDelta.number);
  writer.text(1, room);
  writer.number(2, change.offset ?? 0);
  for (const participant of joined) writer.message(3, participant);
  if (updated !== undefined) writer.message(4, updated);
  if (left !== undefined) {
    const departure = writer.open(5);
    writer.text(1, left.id ?? '');
    writer.number(2, left.reason ?? 0);
    writer.text(3, left.replacedBy ?? '');
    writer.close(departure);
  }
  writer.number(6, change.count ?? 0);
  writer.flag(7, change.snapshot ?? false);
  writer.flag(8, change.complete ?? false);
  writer.number(9, change.version ?? 0);
  if (change.hub !== undefined) writer.element(10, change.hub);
  writer.close(frame);
  return writer.finish();
}

/** A ServerFrame with a Left. */
export function encodeLeft(left: Fields<Left>): Uint8Array {
  const frame = writer.begin().open(leftField.number);
  writer.text(1, left.room);
  writer.number(2, left.reason);
  writer.text(3, left.movedTo);
  writer.text(4, left.token);
  writer.text(5, left.detail);
  writer.close(frame);
  return writer.finish();
}

/** A Room as its members see it. */
export type RoomInfo = Fields<Room>;

/** What a Joined says. */
export interface JoinedParts {
  readonly room: string;
  readonly epoch: string;
  readonly offset: number;
  /** The joiner, and the others, encoded. */
  readonly participant: Uint8Array;
  readonly participants: readonly Uint8Array[];
  readonly info: RoomInfo;
  readonly rosterComplete: boolean;
  readonly count: number;
  readonly hub: string;
  readonly version: number;
  readonly missedMessages: boolean;
  /** Each a RelayedMessage, encoded. */
  readonly retained: Iterable<Uint8Array>;
  readonly history: Iterable<Uint8Array>;
}

/** A ServerFrame with a Joined. */
export function encodeJoined(parts: JoinedParts): Uint8Array {
  const frame = writer.begin().open(joinedField.number);
  writer.text(1, parts.room);
  writer.text(2, parts.epoch);
  writer.number(3, parts.offset);
  writer.message(4, parts.participant);
  writeRoom(5, parts.info);
  for (const participant of parts.participants) writer.message(6, participant);
  writer.flag(7, parts.rosterComplete);
  writer.number(8, parts.count);
  for (const message of parts.retained) writer.message(9, message);
  writer.text(10, parts.hub);
  writer.number(12, parts.version);
  writer.flag(13, parts.missedMessages);
  for (const message of parts.history) writer.message(14, message);
  writer.close(frame);
  return writer.finish();
}

function writeRoom(field: number, room: RoomInfo): void {
  const message = writer.open(field);
  writer.text(1, room.name);
  writer.text(2, room.epoch);
  if (room.settings !== undefined) writeSettings(3, room.settings);
  writer.number(4, room.count);
  for (const [role, count] of Object.entries(room.countByRole)) {
    const entry = writer.open(5);
    writer.element(1, role);
    writer.number(2, count);
    writer.close(entry);
  }
  writer.time(6, room.createdAt);
  writer.flag(7, room.locked);
  writer.number(8, room.recording);
  writer.number(9, room.version);
  writer.close(message);
}

function writeSettings(field: number, settings: Fields<RoomSettings>): void {
  const message = writer.open(field);
  writer.number(1, settings.topology);
  writer.number(2, settings.presence);
  writer.number(3, settings.duplicates);
  writer.number(4, settings.maxParticipants);
  writer.flag(5, settings.lobby);
  writer.time(6, settings.emptyTimeout);
  writer.time(7, settings.departureTimeout);
  writer.time(8, settings.startsAt);
  writer.time(9, settings.endsAt);
  writer.map(10, settings.attributes);
  writer.flag(11, settings.relayOnly);
  writer.time(12, settings.slowMode);
  writer.number(13, settings.maxLossyPerSecond);
  writer.close(message);
}
