import { ServerFrameSchema } from '../../../gen/signalbox/v1/frame_pb.ts';
import type { Participant } from '../../../gen/signalbox/v1/participant_pb.ts';
import type { Member } from './member.ts';
import { encodeJoined, encodeParticipant, encodeRosterChange, type RoomInfo } from './room-frames.ts';

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
  const { room, epoch, offset, version, count, self, others, missedMessages } = parts;
  // All that is made on the way is made before: the frame is written at one go.
  const participants = others.slice(0, pageSize).map(({ encoded }) => encoded);
  const rest = others.slice(pageSize);
  const joined = encodeJoined({
    ...{ room: room.name, epoch, offset, version, count, missedMessages, participants },
    participant: self.encoded,
    info: room,
    rosterComplete: rest.length === 0,
    hub: self.hub,
    retained: relayedMessages(parts.retained),
    history: relayedMessages(parts.history),
  });
  const states = rest.map(({ participant }) => participant);
  return { joined, pages: encodePages(room.name, count, rest, states, pageSize) };
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
    const joined = members.slice(from, to).map((member, index) => {
      const state = states[from + index];
      // The encoded form is kept for the newest state only.
      const isNewest = state === undefined || state === member.participant;
      return isNewest ? member.encoded : encodeParticipant(state);
    });
    yield encodeRosterChange(room, { joined, count, snapshot: true, complete: to >= members.length });
  }
}

const messageTag = (ServerFrameSchema.field.message.number << 3) | 2;
const originTag = (ServerFrameSchema.field.origin.number << 3) | 2;

function relayedMessages(stored: Iterable<StoredFrame>): Uint8Array[] {
  const messages: Uint8Array[] = [];
  for (const frame of stored) if (frame.recordLength > 0) messages.push(relayedMessage(frame));
  return messages;
}

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
