import { create, toBinary } from '@bufbuild/protobuf';
import { ServerFrameSchema } from '../../../gen/signalbox/v1/frame_pb.ts';
import { type Participant, RosterDeltaSchema } from '../../../gen/signalbox/v1/participant_pb.ts';
import { varintSize, writeVarint } from '../wire/varint.ts';
import type { Member } from './member.ts';
import { encodeJoinedHead, encodeParticipant, type RoomInfo } from './room-frames.ts';

/** What a snapshot of a room is made of. */
export interface SnapshotParts {
  readonly room: RoomInfo;
  readonly epoch: string;
  readonly offset: number;
  readonly version: number;
  readonly count: number;
  readonly self: Member;
  readonly others: readonly Member[];
  readonly missedMessages: boolean;
  /** Frames of keyed values and of history, each with the length of its record. */
  readonly retained: Iterable<StoredFrame>;
  readonly history: Iterable<StoredFrame>;
}

export interface StoredFrame {
  readonly frame: Uint8Array;
  readonly recordLength: number;
}

const joinedField = 17;
const rosterDeltaField = 7;
const participantsOfJoined = 6;
const retainedOfJoined = 9;
const historyOfJoined = 14;
const joinedOfDelta = 3;

/** What a joiner is sent. */
export interface RoomSnapshot {
  /** Joined, with the first page of the roster. */
  readonly joined: Uint8Array;
  /**
   * RosterDelta for each further page, made as it is asked for: a large roster takes longer than others should wait. It is the
   * roster as it was at Joined, whatever has changed since.
   */
  readonly pages: IterableIterator<Uint8Array>;
}

/**
 * Joined, and pages of RosterDelta for a large roster, as whole ServerFrames. Participants and messages are copied in
 * their encoded form: a field of an encoded message may stand anywhere in it.
 */
export function encodeSnapshot(parts: SnapshotParts, pageSize: number): RoomSnapshot {
  const { room, self, others } = parts;
  const head = encodeJoinedHead({
    room: room.name,
    epoch: parts.epoch,
    offset: parts.offset,
    version: parts.version,
    participant: self.encoded,
    info: room,
    rosterComplete: others.length <= pageSize,
    count: parts.count,
    hub: self.hub,
    missedMessages: parts.missedMessages,
  });
  const fields: Uint8Array[] = [head];
  for (const member of others.slice(0, pageSize)) addField(fields, participantsOfJoined, member.encoded);
  for (const stored of parts.retained) {
    if (stored.recordLength > 0) addField(fields, retainedOfJoined, relayedMessage(stored));
  }
  for (const stored of parts.history) addField(fields, historyOfJoined, relayedMessage(stored));
  const rest = others.slice(pageSize);
  const states = rest.map(({ participant }) => participant);
  return {
    joined: frameOf(joinedField, fields),
    pages: encodePages(room.name, parts.count, rest, states, pageSize),
  };
}

/** `states` are the participants as they were at Joined, in the order of `members`. */
function* encodePages(
  room: string,
  count: number,
  members: readonly Member[],
  states: readonly Readonly<Participant>[],
  pageSize: number,
): Generator<Uint8Array> {
  for (let from = 0; from < members.length; from += pageSize) {
    const to = from + pageSize;
    const delta = create(RosterDeltaSchema, { room, count, snapshot: true, complete: to >= members.length });
    const page: Uint8Array[] = [toBinary(RosterDeltaSchema, delta)];
    for (const [index, member] of members.slice(from, to).entries()) {
      const state = states[from + index];
      // The encoded form is kept for the newest state only.
      const isNewest = state === undefined || state === member.participant;
      const encoded = isNewest ? member.encoded : encodeParticipant(state);
      addField(page, joinedOfDelta, encoded);
    }
    yield frameOf(rosterDeltaField, page);
  }
}

/** Adds tag and length of a message field, and its bytes. */
function addField(pieces: Uint8Array[], number: number, bytes: Uint8Array): void {
  pieces.push(headOf(number, bytes.length), bytes);
}

/** A ServerFrame whose body is the message made of these pieces. All of it is copied once. */
function frameOf(number: number, pieces: Uint8Array[]): Uint8Array {
  const length = pieces.reduce((sum, piece) => sum + piece.length, 0);
  return Buffer.concat([headOf(number, length), ...pieces]);
}

function headOf(number: number, length: number): Uint8Array {
  const tag = (number << 3) | 2;
  const head = new Uint8Array(varintSize(tag) + varintSize(length));
  writeVarint(head, writeVarint(head, 0, tag), length);
  return head;
}

const messageTag = (ServerFrameSchema.field.message.number << 3) | 2;
const originTag = (ServerFrameSchema.field.origin.number << 3) | 2;

/**
 * A RelayedMessage of a ServerFrame that holds a message and its origin: the same bytes under the field numbers 1 and 2.
 */
function relayedMessage({ frame, recordLength }: StoredFrame): Uint8Array {
  const relayed = frame.slice();
  if (relayed[0] !== messageTag || relayed[recordLength] !== originTag) {
    throw new Error('a stored message is not a record with its origin behind it');
  }
  relayed[0] = (1 << 3) | 2;
  relayed[recordLength] = (2 << 3) | 2;
  return relayed;
}
