import { create, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  JoinedSchema,
  type RelayedMessage,
  RelayedMessageSchema,
  ServerFrameSchema,
} from '../../../gen/signalbox/v1/frame_pb.ts';
import { ParticipantSchema, RosterDeltaSchema } from '../../../gen/signalbox/v1/participant_pb.ts';
import { Reason } from '../../../gen/signalbox/v1/reason_pb.ts';
import { RoomSchema } from '../../../gen/signalbox/v1/room_pb.ts';
import { LeftSchema } from '../../../gen/signalbox/v1/session_pb.ts';
import {
  encodeJoined,
  encodeLeft,
  encodeParticipant,
  encodeRosterChange,
} from '../../../src/core/room/room-frames.ts';
import type { ServerBody } from '../../../src/core/server-frame.ts';

const text = fc.oneof(
  fc.constant(''),
  fc.string({ unit: 'grapheme-ascii', maxLength: 200 }),
  fc.string({ unit: 'grapheme', maxLength: 100 }),
);
const uint32 = fc.oneof(fc.constant(0), fc.nat({ max: 300 }), fc.nat({ max: 0xffffffff }));
const small = fc.nat({ max: 6 });
const reason: fc.Arbitrary<Reason> = fc.constantFrom(Reason.UNSPECIFIED, Reason.LEFT, Reason.REPLACED);
const time = fc.option(
  fc.record({
    seconds: fc.oneof(fc.nat().map(BigInt), fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })),
    nanos: fc.integer({ min: -999_999_999, max: 999_999_999 }),
  }),
  { nil: undefined },
);
const bytes = fc.uint8Array({ maxLength: 40 });
const attributes = fc.dictionary(text, text, { maxKeys: 5, noNullPrototype: true });
const times = (names: readonly string[]) => fc.record(Object.fromEntries(names.map((name) => [name, time])));

const permissions = fc.record({
  signal: fc.boolean(),
  hub: fc.boolean(),
  moderate: fc.boolean(),
  listed: fc.boolean(),
  updateSelf: fc.boolean(),
  hidden: fc.boolean(),
  publish: fc.array(small, { maxLength: 6 }),
  deliveries: fc.array(small, { maxLength: 6 }),
  sendTypes: fc.array(text, { maxLength: 4 }),
  muteMessages: fc.boolean(),
});

const track = fc.record({ id: text, source: small, muted: fc.boolean(), name: text, streamId: text });

const participant = fc
  .tuple(
    fc.record({
      id: text,
      identity: text,
      name: text,
      role: text,
      ordinal: uint32,
      state: small,
      kind: small,
      attributes,
      tracks: fc.array(track, { maxLength: 3 }),
      permissions: fc.option(permissions, { nil: undefined }),
      features: fc.array(fc.nat({ max: 300 }), { maxLength: 200 }),
      identityKey: bytes,
      replaces: text,
      resyncs: uint32,
    }),
    times(['joinedAt', 'handRaisedAt']),
  )
  .map(([fields, instants]) =>
    create(ParticipantSchema, { ...fields, ...instants } as MessageInitShape<typeof ParticipantSchema>),
  );

const settings = fc
  .tuple(
    fc.record({
      topology: small,
      presence: small,
      duplicates: small,
      maxParticipants: uint32,
      lobby: fc.boolean(),
      attributes,
      relayOnly: fc.boolean(),
      maxLossyPerSecond: uint32,
    }),
    times(['emptyTimeout', 'departureTimeout', 'startsAt', 'endsAt', 'slowMode']),
  )
  .map(([fields, instants]) => ({ ...fields, ...instants }));

const room = fc
  .tuple(
    fc.record({
      name: text,
      epoch: text,
      settings: fc.option(settings, { nil: undefined }),
      count: uint32,
      countByRole: fc.dictionary(text, fc.integer({ min: 1, max: 100_000 }), {
        maxKeys: 4,
        noNullPrototype: true,
      }),
      locked: fc.boolean(),
      recording: small,
      version: uint32,
    }),
    times(['createdAt']),
  )
  .map(([fields, instants]) =>
    create(RoomSchema, { ...fields, ...instants } as MessageInitShape<typeof RoomSchema>),
  );

function frameOf(body: ServerBody): Uint8Array {
  return toBinary(ServerFrameSchema, create(ServerFrameSchema, { body }));
}

describe('what a room tells, written field by field', () => {
  it('is a participant as the generated encoder writes it', () => {
    fc.assert(
      fc.property(participant, (message) => {
        expect(encodeParticipant(message)).toEqual(toBinary(ParticipantSchema, message));
      }),
    );
  });

  it('is a change of the roster as the generated encoder writes it', () => {
    const fields = fc.record({
      offset: uint32,
      count: uint32,
      snapshot: fc.boolean(),
      complete: fc.boolean(),
      version: uint32,
      hub: fc.option(text, { nil: undefined }),
    });
    const some = fc.option(participant, { nil: undefined });
    const departure = fc.option(fc.record({ id: text, reason, replacedBy: text }), {
      nil: undefined,
    });
    fc.assert(
      fc.property(text, fields, some, some, departure, (name, change, joined, updated, left) => {
        const value = create(RosterDeltaSchema, {
          room: name,
          ...change,
          joined: joined === undefined ? [] : [joined],
          updated: updated === undefined ? [] : [updated],
          left: left === undefined ? [] : [left],
        } as MessageInitShape<typeof RosterDeltaSchema>);
        const { hub, ...rest } = change;
        const ours = encodeRosterChange(name, {
          ...rest,
          ...(hub !== undefined && { hub }),
          ...(joined && { joined: [encodeParticipant(joined)] }),
          ...(updated && { updated: encodeParticipant(updated) }),
          ...(left && { left }),
        });
        expect(ours).toEqual(frameOf({ case: 'rosterDelta', value }));
      }),
    );
  });

  it('is a Joined as the generated encoder writes it', () => {
    const fields = fc.record({
      room: text,
      epoch: text,
      offset: uint32,
      rosterComplete: fc.boolean(),
      count: uint32,
      hub: text,
      version: uint32,
      missedMessages: fc.boolean(),
    });
    const relayed = fc
      .record({ room: text, key: text })
      .map((message) => create(RelayedMessageSchema, { message, origin: { sender: message.key } }));
    const some = fc.array(relayed, { maxLength: 3 });
    const lists = fc.tuple(fc.array(participant, { maxLength: 3 }), some, some);
    fc.assert(
      fc.property(fields, participant, room, lists, (head, self, info, [others, retained, history]) => {
        const value = create(JoinedSchema, { ...head, participant: self, info, participants: others });
        const bytesOf = (messages: readonly RelayedMessage[]) =>
          messages.map((message) => toBinary(RelayedMessageSchema, message));
        const ours = encodeJoined({
          ...{ ...head, info, retained: bytesOf(retained), history: bytesOf(history) },
          participant: encodeParticipant(self),
          participants: others.map(encodeParticipant),
        });
        expect(ours).toEqual(frameOf({ case: 'joined', value: { ...value, retained, history } }));
      }),
    );
  });

  it('is a Left as the generated encoder writes it', () => {
    const fields = fc.record({ room: text, reason, movedTo: text, token: text, detail: text });
    fc.assert(
      fc.property(fields, (left) => {
        const value = create(LeftSchema, left);
        expect(encodeLeft(left)).toEqual(frameOf({ case: 'left', value }));
      }),
    );
  });

  it('belongs to whoever asked for it: what is written later does not change it', () => {
    const one = encodeLeft({ room: 'a'.repeat(300), reason: 1, movedTo: '', token: '', detail: '' });
    const before = one.slice();
    encodeLeft({ room: 'b'.repeat(300), reason: 2, movedTo: '', token: '', detail: '' });
    expect(one).toEqual(before);
  });
});
