import { create, type MessageInitShape, protoInt64 } from '@bufbuild/protobuf';
import { Code } from '@connectrpc/connect';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ServerFrame } from '../../gen/signalbox/v1/frame_pb.ts';
import { DataMessageSchema, DeliveryClass } from '../../gen/signalbox/v1/message_pb.ts';
import { Reason } from '../../gen/signalbox/v1/reason_pb.ts';
import type { TestGrants } from '../helpers/node-kit.ts';
import type { ScriptedClient } from '../helpers/scripted-client.ts';
import { type RoomKit, refused, startRooms } from './room-kit.ts';

let kit: RoomKit;

beforeEach(async () => {
  kit = await startRooms({ limits: { inboxFrames: 8 } });
});
afterEach(() => kit.stop());

async function joined(grants: TestGrants = {}): Promise<{ client: ScriptedClient; id: string }> {
  const client = kit.client(grants);
  const { participant } = await client.join('r');
  return { client, id: participant?.id ?? '' };
}

function text(value: string): Pick<MessageInitShape<typeof DataMessageSchema>, 'content'> {
  return { content: { case: 'text', value } };
}

function publish(message: MessageInitShape<typeof DataMessageSchema>, requestId = '') {
  return kit.backend().publishMessage({ message: { room: 'r', ...message }, requestId });
}

/** The next message that a client gets, with its origin. */
function message(client: ScriptedClient): Promise<ServerFrame> {
  return client.untilFrame(({ body }) => body.case === 'message', 'a message');
}

function textsOf(client: ScriptedClient): unknown[] {
  return client.all('message').map(({ content }) => content.value);
}

describe('a message to the room', () => {
  it('comes to everybody without a sender, and the backend learns its offset', async () => {
    const { client: ada } = await joined();
    const { client: bob } = await joined({ identity: 'bob' });
    const before = kit.clock.now();
    const { offset, receivers } = await publish({ messageType: 'notice', ...text('welcome') });
    expect(receivers).toBe(0);
    for (const client of [ada, bob]) {
      const { body, origin, seq } = await message(client);
      expect(body.value).toMatchObject({ room: 'r', messageType: 'notice', content: { value: 'welcome' } });
      expect(body.value).toMatchObject({ delivery: DeliveryClass.RELIABLE });
      expect(origin).toMatchObject({ sender: '', senderSeq: 0, identity: '', name: '', offset });
      expect(Number(origin?.acceptedAtMs)).toBeGreaterThanOrEqual(before);
      expect(seq).toBe(0);
    }
    expect(offset).toBeGreaterThan(0);
  });

  it('of class LATEST is there for those who join later, until an empty one deletes it', async () => {
    const { client: ada } = await joined();
    const latest = { delivery: DeliveryClass.LATEST, messageType: 'slide', key: 'n' };
    await publish({ ...latest, ...text('7') });
    expect((await message(ada)).origin?.version).toBeGreaterThan(0);
    const later = await kit.client({ identity: 'bob' }).join('r');
    expect(later.retained).toMatchObject([
      { message: { messageType: 'slide', content: { value: '7' } }, origin: { sender: '' } },
    ]);
    await publish({ ...latest, ...text('') });
    expect((await kit.client({ identity: 'cy' }).join('r')).retained).toEqual([]);
  });

  it('of class COUNTED is summed', async () => {
    const { client: ada } = await joined();
    const counted = { delivery: DeliveryClass.COUNTED, messageType: 'like', key: 'k' };
    await publish({ ...counted, count: protoInt64.parse(5) });
    await publish({ ...counted, count: protoInt64.parse(-2) });
    await ada.untilFrame(({ origin }) => Number(origin?.total) === 3, 'a total of 3');
  });

  it('of class LOSSY comes to who is there, and is kept nowhere', async () => {
    const { client: ada } = await joined();
    const { offset } = await publish({ delivery: DeliveryClass.LOSSY, ...text('tick') });
    expect(offset).toBe(0);
    expect((await message(ada)).body.value).toMatchObject({ content: { value: 'tick' } });
    const later = await kit.client({ identity: 'bob' }).join('r', { history: 10 });
    expect(later.history).toEqual([]);
  });

  it('does not wait for slow mode', async () => {
    const { client: ada } = await joined();
    await kit.backend().updateRoom({ name: 'r', settings: { slowMode: { seconds: 60n, nanos: 0 } } });
    await publish(text('one'));
    await publish(text('two'));
    await message(ada);
    await message(ada);
    expect(textsOf(ada)).toEqual(['one', 'two']);
  });
});

describe('a message to some', () => {
  it('comes to the participant, the identity or the role, and to nobody else', async () => {
    const { client: ada, id } = await joined({ role: 'teacher' });
    const { client: bob } = await joined({ identity: 'bob', role: 'student' });
    const { client: cy } = await joined({ identity: 'cy', role: 'student' });
    expect(await publish({ toParticipant: id, ...text('a') })).toMatchObject({ receivers: 1, offset: 0 });
    expect((await publish({ toIdentity: 'bob', ...text('b') })).receivers).toBe(1);
    expect((await publish({ toRole: 'student', ...text('c') })).receivers).toBe(2);
    await publish(text('end'));
    for (const client of [ada, bob, cy]) {
      await client.until('message', ({ content }) => content.value === 'end');
      await client.until(
        'message',
        ({ toParticipant, toIdentity, toRole }) => toParticipant + toIdentity + toRole !== '',
      );
    }
    await bob.until('message', ({ toRole }) => toRole !== '');
    expect(textsOf(ada)).toEqual(expect.arrayContaining(['a', 'end']));
    expect(textsOf(ada)).toHaveLength(2);
    expect(textsOf(bob)).toHaveLength(3);
    expect(textsOf(cy)).toHaveLength(2);
    const frame = ada.frames.find(({ body }) => body.case === 'message' && body.value.toParticipant === id);
    expect(frame?.origin).toMatchObject({ sender: '', offset: 0 });
    expect(frame?.seq).toBeGreaterThan(0);
  });

  it('is never taken for a repetition of an earlier one', async () => {
    const { client: ada, id } = await joined();
    for (const value of ['1', '2', '2', '3']) await publish({ toParticipant: id, ...text(value) });
    for (let i = 0; i < 4; i++) await message(ada);
    expect(textsOf(ada)).toEqual(['1', '2', '2', '3']);
  });

  it('says that the inbox of somebody who is away is full, instead of growing it', async () => {
    const { client: ada, id } = await joined();
    ada.drop();
    for (let i = 0; i < 8; i++) await publish({ toParticipant: id, ...text(`${i}`) });
    const detail = await refused(
      publish({ toParticipant: id, ...text('more') }),
      Code.ResourceExhausted,
      Reason.INBOX_OVERFLOW,
    );
    expect(detail).toMatchObject({ retryable: true, room: 'r' });
  });

  it('is refused where nobody is meant, and where there is no room', async () => {
    const nowhere = publish({ toRole: 'teacher', ...text('x') });
    await refused(nowhere, Code.NotFound, Reason.ROOM_NOT_FOUND);
    await joined();
    const nobody = publish({ toRole: 'teacher', ...text('x') });
    await refused(nobody, Code.NotFound, Reason.UNKNOWN_RECIPIENT, /nobody in the room/);
  });
});

describe('request_id', () => {
  it('has a message published once in 60 s, with the same answer each time', async () => {
    const { client: ada } = await joined();
    const [first, second] = await Promise.all([publish(text('one'), 'id-1'), publish(text('one'), 'id-1')]);
    kit.clock.advance(59_000);
    const third = await publish(text('one'), 'id-1');
    expect([second.offset, third.offset]).toEqual([first.offset, first.offset]);
    kit.clock.advance(1_001);
    const fourth = await publish(text('again'), 'id-1');
    expect(fourth.offset).toBe(first.offset + 1);
    await message(ada);
    await message(ada);
    expect(textsOf(ada)).toEqual(['one', 'again']);
  });

  it('is one of a room of a tenant', async () => {
    const message = { room: 'r', ...text('one') };
    for (const tenant of ['red', 'blue']) {
      const backend = kit.backend({ tenant });
      await backend.createRoom({ name: 'r' });
      const { offset } = await backend.publishMessage({ message, requestId: 'id-1' });
      expect(offset).toBe(1);
      expect((await backend.publishMessage({ message, requestId: 'id-1' })).offset).toBe(1);
      expect((await backend.publishMessage({ message })).offset).toBe(2);
    }
  });

  it('of a call that was refused may be used again', async () => {
    await refused(publish(text('x'), 'id-1'), Code.NotFound, Reason.ROOM_NOT_FOUND);
    await kit.backend().createRoom({ name: 'r' });
    expect((await publish(text('x'), 'id-1')).offset).toBe(1);
  });
});

describe('a message that no client could send either', () => {
  it.each([
    ['message.delivery', { delivery: 9 as DeliveryClass }],
    ['message.message_type', { messageType: 'a'.repeat(65) }],
    ['message.message_type', { messageType: 'a\u0000' }],
    ['message.key', { key: 'é'.repeat(33) }],
    ['message.to_identity', { toIdentity: '\u0007' }],
    ['message.to_role', { toRole: 'r'.repeat(65) }],
    ['message.to_participant', { toParticipant: 'p'.repeat(129) }],
    ['message.delivery', { delivery: DeliveryClass.LATEST, toRole: 'teacher' }],
    ['message.count', { delivery: DeliveryClass.COUNTED, count: protoInt64.parse(1_000_001) }],
    ['message.count', { delivery: DeliveryClass.COUNTED, count: protoInt64.parse('-9223372036854775808') }],
    ['message.room', { room: '' }],
  ])('is refused for its field %s', async (fieldPath, bad) => {
    await joined();
    const detail = await refused(publish(bad), Code.InvalidArgument, Reason.MALFORMED);
    expect(detail.fieldPath).toBe(fieldPath);
  });

  it('is refused where it is larger than Limits.message_bytes, and taken where it is just as large', async () => {
    const { client: ada } = await joined();
    // room, delivery, and tag and length of the text: 3 + 2 + 3 bytes.
    const most = kit.limits.messageBytes - 8;
    await publish(text('x'.repeat(most)));
    expect((await message(ada)).body.value).toMatchObject({ content: { value: 'x'.repeat(most) } });
    const larger = publish(text('x'.repeat(most + 1)));
    await refused(larger, Code.ResourceExhausted, Reason.TOO_LARGE, /16385 bytes; at most 16384/);
  });

  it('is refused where it is missing', async () => {
    const nothing = kit.backend().publishMessage({});
    await refused(nothing, Code.InvalidArgument, Reason.MALFORMED, /^message: is missing/);
    await kit.backend().createRoom({ name: 'r' });
    await refused(
      publish(text('x'), 'i'.repeat(129)),
      Code.InvalidArgument,
      Reason.MALFORMED,
      /^request_id: /,
    );
  });

  it('loses fields that this gateway does not know', async () => {
    const { client: ada } = await joined();
    const said = create(DataMessageSchema, { room: 'r', ...text('x') });
    said.$unknown = [{ no: 99, wireType: 2, data: Uint8Array.of(1, 7) }];
    await kit.backend().publishMessage({ message: said });
    const { body } = await message(ada);
    expect(body.value).toMatchObject({ content: { value: 'x' } });
    expect(body.value?.$unknown).toBeUndefined();
  });
});
