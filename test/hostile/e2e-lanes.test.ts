import { enumToJson, toBinary } from '@bufbuild/protobuf';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { FrameErrorSchema, type Reason, ReasonSchema } from '../../gen/signalbox/v1/reason_pb.ts';
import { Bystanders } from '../helpers/bystanders.ts';
import { type E2eGateway, startE2eGateway } from '../helpers/e2e-gateway.ts';
import type { LaneClient } from '../helpers/lane-client.ts';
import { type LaneKind, openLane } from '../helpers/lane-clients.ts';
import { grpcCodes } from '../helpers/lane-end.ts';
import { contentAt, fieldsOf } from '../helpers/wire-fields.ts';
import { frameRows, type Place, type Verdict } from './frame-rows.ts';

// Bad frames on every lane that takes binary frames: each gets the documented answer, and two clients in the same room
// go on talking undisturbed.

const binaryLanes = ['grpc', 'grpc-web', 'connect', 'ws-proto', 'halves-grpc-web', 'halves-connect'] as const;

let gateway: E2eGateway;
let bystanders: Bystanders;
beforeAll(async () => {
  gateway = await startE2eGateway({ limits: { resumeWindowMs: 100 } });
  bystanders = await Bystanders.start(gateway, 'room', ['grpc', 'ws-proto']);
});
afterAll(async () => {
  bystanders.close();
  await gateway.close();
});

describe.each(binaryLanes)('over %s', (kind) => {
  test.each(frameRows)('%s', async (_what, frame, verdict) => {
    const client = await joined(kind, `hostile-${kind}`);
    const place = placeOf(client);
    const bytes = frame(place);
    const heard = bystanders.listener.wire.length;
    client.sendFrame(bytes);
    await check(client, kind, verdict, place);
    if (verdict.is === 'relayed') await checkRelayed(bytes, place, heard);
    await bystanders.talk();
    bystanders.check();
    client.transport.drop();
    await client.ended;
  });
});

const nameOf = (reason: Reason) => enumToJson(ReasonSchema, reason);

async function joined(kind: LaneKind, identity: string): Promise<LaneClient> {
  const client = await openLane(kind, { url: gateway.url, token: await gateway.token({ identity }) });
  await client.until('welcome');
  await client.join(bystanders.room);
  return client;
}

function placeOf(client: LaneClient): Place {
  const own = client.frames.find(({ body }) => body.case === 'joined')?.body;
  const self = own?.case === 'joined' ? (own.value.participant?.id ?? '') : '';
  return { room: bystanders.room, to: bystanders.someone, self, seq: client.seq + 1 };
}

async function check(client: LaneClient, kind: LaneKind, verdict: Verdict, { seq }: Place): Promise<void> {
  switch (verdict.is) {
    case 'closed': {
      const { reason, next, status, detail } = verdict;
      if (kind.startsWith('halves')) {
        // The call fails; the receiving half, and the session, go on.
        const call = await client.untilCallFails();
        expect(call).toMatchObject({ code: status, message: expect.stringMatching(detail) });
        await stillWorks(client);
        return;
      }
      const closed = await client.until('closed');
      expect({ reason: nameOf(closed.reason), next: closed.nextStep }).toEqual({
        reason: nameOf(reason),
        next,
      });
      expect(closed.detail).toMatch(detail);
      expect(client.frames.at(-1)?.body.case).toBe('closed');
      const end = await client.ended;
      expect(end).toMatchObject({ code: status, message: closed.detail.slice(0, 123) });
      if (kind === 'ws-proto') expect(end.closeCode).toBe(4000 + grpcCodes.indexOf(status as never));
      return;
    }
    case 'refused': {
      const error = await client.until('error');
      expect({ ...error, reason: nameOf(error.reason) }).toMatchObject({
        reason: nameOf(verdict.reason),
        fieldPath: verdict.field,
        seq: verdict.seq ?? seq,
      });
      expect(error.detail).not.toBe('');
      expect(toBinary(FrameErrorSchema, error).length).toBeLessThan(1000);
      await stillWorks(client);
      return;
    }
    case 'relayed':
    case 'ignored':
      await client.untilAcked(verdict.is === 'ignored' ? client.seq : seq);
      await stillWorks(client);
      expect(client.frames.filter(({ body }) => body.case === 'error')).toEqual([]);
  }
}

/** The lane is open, and its session takes frames. */
async function stillWorks(client: LaneClient): Promise<void> {
  client.send({ case: 'ping', value: { id: 7 } });
  await client.until('pong', ({ id }) => id === 7);
  expect(client.end).toBeUndefined();
}

/** What arrives is the gateway's number and word, and the record as it was sent; nothing else. */
async function checkRelayed(sent: Uint8Array, { self, seq }: Place, heard: number): Promise<void> {
  const { listener } = bystanders;
  const frame = await listener.untilFrame(({ origin }) => origin?.sender === self, 'the relayed frame');
  expect(frame.origin).toMatchObject({ sender: self, senderSeq: seq });
  const wire = listener.wire.slice(heard).find((bytes) => contentAt(bytes, 3) !== undefined);
  if (wire === undefined) throw new Error('unreachable');
  const record = contentAt(sent, 3);
  expect(Buffer.from(contentAt(wire, 3) ?? []).equals(record ?? new Uint8Array())).toBe(true);
  expect(
    fieldsOf(wire)
      .map(({ number }) => number)
      .filter((number) => number > 2)
      .sort(),
  ).toEqual([3, 9]);
}
