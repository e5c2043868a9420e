import { readdirSync } from 'node:fs';
import { type DescField, type DescMessage, ScalarType } from '@bufbuild/protobuf';
import { describe, expect, it } from 'vitest';
import {
  ClientFrameSchema,
  OriginSchema,
  PingSchema,
  PongSchema,
  ServerFrameSchema,
} from '../../gen/signalbox/v1/frame_pb.ts';
import { DataMessageSchema } from '../../gen/signalbox/v1/message_pb.ts';
import { SignalSchema } from '../../gen/signalbox/v1/signal_pb.ts';
import {
  ConnectRequestSchema,
  ConnectResponseSchema,
  ReceiveFramesRequestSchema,
  ReceiveFramesResponseSchema,
  SendFramesRequestSchema,
  SendFramesResponseSchema,
} from '../../gen/signalbox/v1/signaling_service_pb.ts';
import { fieldName, fields, files, messages, reachable } from './schema.ts';

const proto = new URL('../../proto/signalbox/v1/', import.meta.url);

describe('the files of the schema', () => {
  it('are all looked at here', () => {
    const names = readdirSync(proto).filter((name) => name.endsWith('.proto'));
    expect(files.map((file) => `${file.name}.proto`).sort()).toEqual(
      names.map((name) => `signalbox/v1/${name}`).sort(),
    );
  });

  it.each(files.map((file) => [file.name, file] as const))(
    'carry the options of every language: %s',
    (_, file) => {
      expect(file.proto.options).toMatchObject({
        javaPackage: 'org.signalbox.v1',
        javaMultipleFiles: true,
        swiftPrefix: 'Signalbox',
        objcClassPrefix: 'SBX',
        csharpNamespace: 'Signalbox.V1',
        goPackage: 'signalbox/v1;signalboxv1',
      });
      expect(file.proto.syntax).toBe('proto3');
    },
  );
});

/*
 * Rule 1: what the gateway says is never inside what a client wrote. A message that both sides can hold is written by
 * clients: each one is named here with open eyes. A message that only the gateway writes is not reachable from a
 * client's frame.
 */
describe('what the gateway says (rule 1)', () => {
  const byClients = new Set(
    [ConnectRequestSchema, ReceiveFramesRequestSchema, SendFramesRequestSchema].flatMap((root) => [
      ...reachable(root),
    ]),
  );
  const byGateway = new Set(
    [ConnectResponseSchema, ReceiveFramesResponseSchema, SendFramesResponseSchema].flatMap((root) => [
      ...reachable(root),
    ]),
  );

  it('shares with the clients only what is named here', () => {
    const shared = [...byClients].filter((name) => byGateway.has(name)).sort();
    expect(shared).toEqual([
      'google.protobuf.Duration',
      'google.protobuf.Timestamp',
      // Relayed as they are, the gateway's word beside them.
      'signalbox.v1.DataMessage',
      'signalbox.v1.IceCandidate',
      'signalbox.v1.IceCandidates',
      'signalbox.v1.MediaSection',
      'signalbox.v1.NegotiationControl',
      // A number that is sent back.
      'signalbox.v1.Ping',
      'signalbox.v1.Pong',
      // Asked for by a client with the grant; in Room the gateway tells what is in force, in a message that the
      // client did not write.
      'signalbox.v1.RoomSettings',
      'signalbox.v1.Sealed',
      'signalbox.v1.SessionDescription',
      'signalbox.v1.Signal',
      // Written by the client into its own roster entry.
      'signalbox.v1.Track',
    ]);
  });

  it.each([
    'Origin',
    'Participant',
    'Permissions',
    'Room',
    'RelayedMessage',
    'RosterDelta',
    'Departure',
    'LobbyEntry',
    'ModerationNotice',
    'FrameError',
    'Receipt',
    'Welcome',
    'IceServer',
    'ServerFrame',
  ])('keeps %s out of what clients write', (name) => {
    expect(byGateway).toContain(`signalbox.v1.${name}`);
    expect(byClients).not.toContain(`signalbox.v1.${name}`);
  });

  it('has no field for the word of the gateway in the records that are relayed', () => {
    const records = new Set([...reachable(SignalSchema), ...reachable(DataMessageSchema)]);
    const owned = new Set([
      'sender',
      'sender_seq',
      'identity',
      'accepted_at_ms',
      'offset',
      'version',
      'total',
      'origin',
      'epoch',
    ]);
    const found = fields.filter((field) => records.has(field.parent.typeName) && owned.has(field.name));
    expect(found.map(fieldName)).toEqual([]);
  });

  it.each(['signal', 'message', 'ping', 'pong'] as const)('gives %s one number in both frames', (name) => {
    const client = ClientFrameSchema.field[name];
    const server = ServerFrameSchema.field[name];
    expect(server.number).toBe(client.number);
    expect(server.message).toBe(client.message);
  });

  it('stands under a number of ServerFrame that ClientFrame never gives away', () => {
    const { number } = ServerFrameSchema.field.origin;
    expect(ClientFrameSchema.fields.some((field) => field.number === number)).toBe(false);
  });
});

describe('the hot path (rule 2)', () => {
  it.each<[DescMessage, Record<string, number>]>([
    [
      ClientFrameSchema,
      {
        seq: 1,
        ack: 2,
        signal: 3,
        message: 4,
        ping: 5,
        pong: 6,
        update_participant: 7,
        report: 8,
        hello: 16,
        join: 17,
        leave: 18,
        set_will: 19,
        refresh_token: 20,
        client_state: 21,
        moderate: 22,
      },
    ],
    [
      ServerFrameSchema,
      {
        seq: 1,
        ack: 2,
        origin: 9,
        signal: 3,
        message: 4,
        ping: 5,
        pong: 6,
        roster_delta: 7,
        receipt: 8,
        welcome: 16,
        joined: 17,
        join_pending: 18,
        room_updated: 19,
        left: 20,
        resync: 21,
        ice_servers_update: 22,
        token_expiring: 23,
        go_away: 24,
        closed: 25,
        error: 26,
        moderation_notice: 27,
        lobby_delta: 28,
      },
    ],
    [
      OriginSchema,
      { sender: 1, sender_seq: 2, identity: 3, name: 4, accepted_at_ms: 5, offset: 6, version: 7, total: 8 },
    ],
    [
      SignalSchema,
      {
        to: 1,
        connection_id: 2,
        negotiation_id: 3,
        description: 4,
        candidates: 5,
        control: 6,
        sealed: 7,
        want_receipt: 8,
        room: 9,
        traceparent: 10,
      },
    ],
    [
      DataMessageSchema,
      {
        room: 1,
        delivery: 2,
        message_type: 3,
        key: 4,
        payload: 5,
        text: 6,
        to_participant: 7,
        to_identity: 8,
        to_role: 9,
        count: 10,
      },
    ],
    [PingSchema, { id: 1 }],
    [PongSchema, { id: 1 }],
    [ConnectRequestSchema, { frame: 1 }],
    [ConnectResponseSchema, { frame: 1 }],
    [ReceiveFramesResponseSchema, { frame: 1 }],
    [SendFramesRequestSchema, { send_key: 1, ack: 2, frames: 3 }],
  ])('keeps its numbers: $typeName', (message, numbers) => {
    expect(Object.fromEntries(message.fields.map((field) => [field.name, field.number]))).toEqual(numbers);
  });

  it('has numbers of one byte in the records that are relayed', () => {
    const records = new Set([...reachable(SignalSchema), ...reachable(DataMessageSchema)]);
    const wide = fields.filter((field) => records.has(field.parent.typeName) && field.number > 15);
    expect(wide.map(fieldName)).toEqual([]);
  });

  it('keeps 40 to 49 free for calls', () => {
    for (const frame of [ClientFrameSchema, ServerFrameSchema]) {
      expect(frame.fields.filter((field) => field.number >= 40 && field.number <= 49)).toEqual([]);
    }
  });
});

describe('counters (rule 3)', () => {
  const wide = new Set([
    ScalarType.INT64,
    ScalarType.UINT64,
    ScalarType.SINT64,
    ScalarType.FIXED64,
    ScalarType.SFIXED64,
  ]);

  it('are uint32', () => {
    const counters = fields.filter((field) =>
      /^(seq|ack|offset|version|attempt|ordinal|.*_(seq|offset|version|revision))$/.test(field.name),
    );
    const numbers = counters.filter((field) => field.scalar !== ScalarType.STRING);
    expect(numbers.length).toBeGreaterThan(15);
    expect(numbers.filter((field) => field.scalar !== ScalarType.UINT32).map(fieldName)).toEqual([]);
  });

  it('leave 64 bits to these three fields', () => {
    const found = fields
      .filter((field) => field.scalar !== undefined && wide.has(field.scalar))
      .map(fieldName);
    expect(found.sort()).toEqual([
      'signalbox.v1.DataMessage.count',
      'signalbox.v1.Origin.accepted_at_ms',
      'signalbox.v1.Origin.total',
    ]);
  });
});

describe('types (rule 5)', () => {
  it('are Duration, Timestamp and FieldMask, of all that google.protobuf offers', () => {
    const foreign = fields
      .map((field) => field.message?.typeName ?? '')
      .filter((name) => name.startsWith('google.'));
    expect([...new Set(foreign)].sort()).toEqual([
      'google.protobuf.Duration',
      'google.protobuf.FieldMask',
      'google.protobuf.Timestamp',
    ]);
  });

  it('hold no message of their own kind', () => {
    for (const message of messages) {
      const inside = message.fields.flatMap((field: DescField) =>
        field.message === undefined ? [] : [...reachable(field.message)],
      );
      expect(inside, message.typeName).not.toContain(message.typeName);
    }
  });

  it('have no floating point, which is not exact on every client', () => {
    const floats = fields.filter(
      (field) => field.scalar === ScalarType.DOUBLE || field.scalar === ScalarType.FLOAT,
    );
    expect(floats.map(fieldName)).toEqual([]);
  });
});
