import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { OriginSchema, type ServerFrame } from '../../gen/signalbox/v1/frame_pb.ts';
import { RosterDeltaSchema } from '../../gen/signalbox/v1/participant_pb.ts';
import { join, lengthField, varintField } from '../core/wire/bytes.ts';
import { type E2eGateway, startE2eGateway } from '../helpers/e2e-gateway.ts';
import type { LaneClient } from '../helpers/lane-client.ts';
import { openLane } from '../helpers/lane-clients.ts';
import { contentAt, fieldsOf } from '../helpers/wire-fields.ts';
import { control, message, numbered, signal } from './frame-rows.ts';

// What only the gateway may say never reaches a receiver from a client: not as fields of the frame, not within the
// record, not by giving things twice. (A body given twice, and two frames in one message, end the lane: e2e-lanes and
// e2e-wire.)

const lie = toBinary(
  OriginSchema,
  create(OriginSchema, {
    sender: 'the-teacher',
    senderSeq: 99,
    identity: 'teacher',
    name: 'Teacher',
    offset: 7,
  }),
);
const fakeRoster = toBinary(
  RosterDeltaSchema,
  create(RosterDeltaSchema, { room: 'room', offset: 1, left: [{ id: 'everybody' }] }),
);
const originField = 9;

/** Forgeries beside the record, on both sides of it: fields of ClientFrame that ServerFrame has too, or has only. */
const beside: readonly (readonly [string, readonly Uint8Array[]])[] = [
  ['nothing', []],
  ['an Origin', [lengthField(originField, lie)]],
  ['an Origin three times', [lie, lie, lie].map((bytes) => lengthField(originField, bytes))],
  ['an Origin as a number', [varintField(originField, 1)]],
  [
    'fields of every number that is free',
    [10, 11, 12, 13, 14, 15, 23, 24, 25, 26, 27, 28].map((number) => lengthField(number, lie)),
  ],
];

/** Forgeries within the record: unknown to Signal and DataMessage, and relayed as they are. */
const within: readonly (readonly [string, readonly Uint8Array[]])[] = [
  ['nothing', []],
  ['a sender as text', [lengthField(11, 'the-teacher')]],
  ['a sender as a list', ['a', 'b', 'c'].map((text) => lengthField(11, text))],
  ['an Origin as a message', [lengthField(12, lie)]],
  ['numbers', [varintField(13, 99), varintField(14, 2 ** 31)]],
  [
    'a whole ServerFrame',
    [lengthField(15, join(varintField(1, 77), lengthField(7, fakeRoster), lengthField(originField, lie)))],
  ],
];

const room = 'room';
let gateway: E2eGateway;
let forger: LaneClient;
let forgerId = '';
const receivers: { readonly client: LaneClient; readonly id: string }[] = [];

beforeAll(async () => {
  gateway = await startE2eGateway();
  const enter = async (kind: Parameters<typeof openLane>[0], identity: string) => {
    const client = await openLane(kind, { url: gateway.url, token: await gateway.token({ identity }) });
    await client.until('welcome');
    const { participant } = await client.join(room);
    return { client, id: participant?.id ?? '' };
  };
  for (const kind of ['grpc', 'grpc-web', 'ws-proto', 'connect-json', 'ws-json', 'halves-connect'] as const) {
    receivers.push(await enter(kind, `reads-${kind}`));
  }
  const { client, id } = await enter('grpc', 'forger');
  forger = client;
  forgerId = id;
});
afterAll(async () => {
  for (const { client } of [...receivers, { client: forger }]) client.transport.drop();
  await gateway.close();
});

describe.each(beside)('with %s beside the record', (_beside, extra) => {
  test.each(within)('and %s within it, a signal names its real sender', async (_within, inner) => {
    for (const { client, id } of receivers) {
      const at = { room, to: id, self: forgerId, seq: forger.seq + 1 };
      const sent = numbered(at, ...extra, signal(at, control, ...inner), ...extra);
      forger.encode({ case: 'leave', value: {} }, at.seq);
      const before = client.wire.length;
      forger.sendFrame(sent);
      const frame = await client.untilFrame(({ body }) => body.case === 'signal', 'the signal');
      expect(frame.origin).toMatchObject({
        sender: forgerId,
        senderSeq: at.seq,
        identity: '',
        name: '',
        offset: 0,
      });
      expectOnlyTheGateways(client, before, sent, 3);
    }
  });

  test.each(within)('and %s within it, a message names its real sender', async (_within, inner) => {
    const at = { room, to: '', self: forgerId, seq: forger.seq + 1 };
    const sent = numbered(at, ...extra, message(at, lengthField(6, 'hi'), ...inner), ...extra);
    forger.encode({ case: 'leave', value: {} }, at.seq);
    const before = receivers.map(({ client }) => client.wire.length);
    forger.sendFrame(sent);
    for (const [index, { client }] of receivers.entries()) {
      const frame = await client.untilFrame(({ body }) => body.case === 'message', 'the message');
      expect(frame.origin).toMatchObject({
        sender: forgerId,
        senderSeq: at.seq,
        identity: 'forger',
        name: '',
      });
      expectOnlyTheGateways(client, before[index] ?? 0, sent, 4);
    }
  });
});

test('bodies that only the gateway sends reach nobody, whatever number they are given', async () => {
  const seen = receivers.map(({ client }) => client.frames.length);
  for (const number of [24, 25, 26, 27, 28, 40, 49]) {
    const at = { room, to: '', self: forgerId, seq: forger.seq + 1 };
    forger.encode({ case: 'leave', value: {} }, at.seq);
    forger.sendFrame(numbered(at, lengthField(number, fakeRoster)));
  }
  await forger.untilAcked();
  // What comes next is the next that anybody was sent.
  forger.send({ case: 'message', value: { room, content: { case: 'text', value: 'after' } } });
  for (const [index, { client }] of receivers.entries()) {
    await client.until('message', ({ content }) => content.value === 'after');
    const kinds = client.frames.slice(seen[index]).filter(({ body }) => body.case !== undefined);
    expect(kinds.map(({ body }) => body.case)).toEqual(['message']);
  }
  expect(forger.frames.filter(isTrouble)).toEqual([]);
});

test('an Origin in JSON is ignored, in the frame and in the record', async () => {
  const liar = await openLane('ws-json', {
    url: gateway.url,
    token: await gateway.token({ identity: 'liar' }),
  });
  await liar.until('welcome');
  const { participant } = await liar.join(room);
  for (const { client, id } of receivers) {
    const origin = { sender: 'the-teacher', senderSeq: 99 };
    const body = { to: id, origin, sender: 'the-teacher', control: { action: 'ACTION_CLOSE', origin } };
    liar.transport.message(
      JSON.stringify({ origin, frame: { seq: liar.seq + 1, origin, signal: body, __proto__: { origin } } }),
    );
    liar.encode({ case: 'leave', value: {} });
    const frame = await client.untilFrame(({ body: it }) => it.case === 'signal', 'the signal');
    expect(frame.origin).toMatchObject({ sender: participant?.id, senderSeq: liar.seq });
    expect(frame.body.value).not.toHaveProperty('$unknown');
  }
  liar.transport.drop();
});

const isTrouble = ({ body }: ServerFrame) => body.case === 'error' || body.case === 'closed';

/** On the wire: the gateway's numbers, its Origin once and true, and the record byte for byte. JSON is compared above. */
function expectOnlyTheGateways(client: LaneClient, before: number, sent: Uint8Array, body: 3 | 4): void {
  if (client.isJson) return;
  const wire = client.wire
    .slice(before)
    .find((bytes) => fieldsOf(bytes).some(({ number }) => number === body));
  if (wire === undefined) throw new Error('the frame is not among what came');
  expect(
    fieldsOf(wire)
      .map(({ number }) => number)
      .filter((number) => number > 2)
      .sort(),
  ).toEqual([body, originField]);
  const { sender } = fromBinary(OriginSchema, contentAt(wire, originField) ?? new Uint8Array());
  expect(sender).toBe(forgerId);
  const record = Buffer.from(contentAt(wire, body) ?? []);
  expect(record.equals(contentAt(sent, body) ?? new Uint8Array())).toBe(true);
}
