import { describe, expect, it } from 'vitest';
import { DeliveryClass } from '../../gen/signalbox/v1/message_pb.ts';
import { ModerationAction as Action } from '../../gen/signalbox/v1/moderation_pb.ts';
import { Reason } from '../../gen/signalbox/v1/reason_pb.ts';
import { testToken } from '../helpers/node-kit.ts';
import {
  ann,
  annId,
  bystander,
  eve,
  eveId,
  join,
  kit,
  message,
  moderate,
  type Row,
  refused,
  samId,
  signalTo,
  text,
  update,
  useHostileRoom,
  works,
} from './frames-kit.ts';

useHostileRoom();

describe('a frame that is refused, and nothing else', () => {
  const rows: readonly Row[] = [
    ['a signal to nobody', () => signalTo('nobody'), 'UNKNOWN_RECIPIENT', 'signal.to'],
    ['a signal to a participant of another room', () => signalTo(samId), 'UNKNOWN_RECIPIENT', 'signal.to'],
    ['a signal to itself', () => signalTo(eveId), 'MALFORMED', 'signal.to'],
    ['a signal to the hub of a room without hubs', () => signalTo(''), 'MALFORMED', 'signal.to'],
    [
      'a signal to the hub of a room that it is not in',
      () => signalTo('', { room: 's' }),
      'NOT_JOINED',
      'signal.room',
    ],
    [
      'a connection id that is too long',
      () => signalTo(annId, { connectionId: 'c'.repeat(33) }),
      'MALFORMED',
      'signal.connection_id',
    ],
    [
      'a signal that is too large',
      () => signalTo(annId, { payload: { case: 'description', value: { sdp: 'x'.repeat(2000) } } }),
      'TOO_LARGE',
      'signal',
    ],
    [
      'a frame that is too large',
      () => signalTo(annId, { payload: { case: 'description', value: { sdp: 'x'.repeat(4000) } } }),
      'TOO_LARGE',
    ],
    ['a message without a room', () => message({ room: '' }), 'MALFORMED', 'message.room'],
    ['a message to a room that it is not in', () => message({ room: 's' }), 'NOT_JOINED', 'message.room'],
    ['a message to a room that there is not', () => message({ room: 'none' }), 'NOT_JOINED', 'message.room'],
    ['a message that is too large', () => message(text('x'.repeat(1001))), 'TOO_LARGE', 'message'],
    ['a message of an unknown class', () => message({ delivery: 99 }), 'UNSUPPORTED', 'message.delivery'],
    [
      'a message_type that is too long',
      () => message({ messageType: 'x'.repeat(65) }),
      'MALFORMED',
      'message.message_type',
    ],
    [
      'a message_type with a control character',
      () => message({ messageType: 'a\u0000b' }),
      'MALFORMED',
      'message.message_type',
    ],
    [
      'a key that is too long',
      () => message({ delivery: DeliveryClass.LATEST, key: 'k'.repeat(65) }),
      'MALFORMED',
      'message.key',
    ],
    [
      'LATEST for some',
      () => message({ delivery: DeliveryClass.LATEST, toIdentity: 'ann' }),
      'MALFORMED',
      'message.delivery',
    ],
    [
      'COUNTED for some',
      () => message({ delivery: DeliveryClass.COUNTED, toRole: 'x' }),
      'MALFORMED',
      'message.delivery',
    ],
    [
      'a count beyond its range',
      () => message({ delivery: DeliveryClass.COUNTED, count: 1_000_001n }),
      'MALFORMED',
      'message.count',
    ],
    [
      'the least of all counts',
      () => message({ delivery: DeliveryClass.COUNTED, count: -(2n ** 63n) }),
      'MALFORMED',
      'message.count',
    ],
    ['a message to nobody', () => message({ toParticipant: 'nobody' }), 'UNKNOWN_RECIPIENT'],
    [
      'a message to a participant of another room',
      () => message({ toParticipant: samId }),
      'UNKNOWN_RECIPIENT',
    ],
    ['a Join without a room', join({ room: '' }), 'MALFORMED', 'join.room'],
    ['a room name that is too long', join({ room: 'x'.repeat(129) }), 'MALFORMED', 'join.room'],
    ['a room name with a control character', join({ room: 'a\u0000b' }), 'MALFORMED', 'join.room'],
    ['a room name that is a pattern', join({ room: 'a*' }), 'MALFORMED', 'join.room'],
    ['a name that is too long', join({ name: 'x'.repeat(65) }), 'MALFORMED', 'join.name'],
    ['a name that turns the text around', join({ name: 'a\u202eb' }), 'MALFORMED', 'join.name'],
    ['a name that is not normalized', join({ name: 'e\u0301' }), 'MALFORMED', 'join.name'],
    [
      'too many attributes',
      join({ attributes: { a: '', b: '', c: '', d: '' } }),
      'MALFORMED',
      'join.attributes',
    ],
    [
      'attributes that are too large',
      join({ attributes: { a: 'x'.repeat(100) } }),
      'MALFORMED',
      'join.attributes',
    ],
    [
      'too many tracks',
      join({ tracks: [{ id: 'a' }, { id: 'b' }, { id: 'c' }] }),
      'MALFORMED',
      'join.tracks',
    ],
    ['two tracks of one id', join({ tracks: [{ id: 'a' }, { id: 'a' }] }), 'MALFORMED', 'join.tracks'],
    ['a track without an id', join({ tracks: [{}] }), 'MALFORMED', 'join.tracks'],
    ['a knock that is too long', join({ knock: 'x'.repeat(257) }), 'MALFORMED', 'join.knock'],
    [
      'settings that cannot be',
      join({ create: { slowMode: { seconds: -1n, nanos: 0 } } }),
      'MALFORMED',
      'join.create',
    ],
    [
      'a Leave of a room that it is not in',
      () => ({ case: 'leave', value: { room: 's' } }),
      'NOT_JOINED',
      'leave.room',
    ],
    ['an update of a room that it is not in', update({ room: 's' }), 'NOT_JOINED', 'update_participant.room'],
    [
      'an update with too many attributes',
      update({ setAttributes: { a: '', b: '', c: '', d: '' } }),
      'MALFORMED',
      'update_participant.set_attributes',
    ],
    ['an update with a bad name', update({ name: 'a\u0007' }), 'MALFORMED', 'update_participant.name'],
    [
      'an update with too many tracks',
      update({ tracks: [{ id: 'a' }, { id: 'b' }, { id: 'c' }] }),
      'MALFORMED',
      'update_participant.tracks',
    ],
    [
      'a will for a room that it is not in',
      () => ({ case: 'setWill', value: { room: 's', message: { room: 's' } } }),
      'NOT_JOINED',
      'set_will.room',
    ],
    [
      'a will for another room',
      () => ({ case: 'setWill', value: { room: 'r', message: { room: 's' } } }),
      'MALFORMED',
      'set_will.message.room',
    ],
    [
      'a token that is none',
      () => ({ case: 'refreshToken', value: { token: '{' } }),
      'TOKEN_INVALID',
      'refresh_token.token',
    ],
    [
      'an expired token',
      () => ({ case: 'refreshToken', value: { token: 'expired' } }),
      'TOKEN_EXPIRED',
      'refresh_token.token',
    ],
    [
      'a token of somebody else',
      () => ({ case: 'refreshToken', value: { token: testToken({ identity: 'ann' }) } }),
      'DENIED',
      'refresh_token.token',
    ],
    [
      'a token of another tenant',
      () => ({ case: 'refreshToken', value: { token: testToken({ identity: 'eve', tenant: 't' }) } }),
      'DENIED',
      'refresh_token.token',
    ],
    ['moderation without the permission', moderate(Action.REMOVE), 'DENIED'],
    ['the end of the room without the permission', moderate(Action.END, { participant: '' }), 'DENIED'],
    [
      'moderation of a room that it is not in',
      moderate(Action.END, { room: 's' }),
      'NOT_JOINED',
      'moderate.room',
    ],
  ];

  for (const row of rows) {
    it(row[0], async () => {
      await refused(row);
      expect(eve.end).toBeUndefined();
      await works(eve);
    });
  }

  it('a room more than a session may be in', async () => {
    eve.send({ case: 'join', value: { room: 'q' } });
    await refused(['', join({ room: 'one-more' }), 'TOO_LARGE']);
    // It may come back to one that it is in.
    eve.send({ case: 'join', value: { room: 'q' } });
    await kit.settle();
    expect(eve.all('joined').map(({ room }) => room)).toEqual(['r', 'q', 'q']);
  });

  it('a signal to one who has left', async () => {
    ann.send({ case: 'leave', value: { room: 'r' } });
    await kit.settle();
    await refused(['', () => signalTo(annId), 'RECIPIENT_LEFT', 'signal.to']);
  });

  it('a signal to one whose inbox is full, which then gets what it had accepted', async () => {
    ann.stall();
    ann.send({ case: 'ping', value: { id: 1 } });
    await kit.settle();
    const filler = { payload: { case: 'description', value: { sdp: 'x'.repeat(1000) } } };
    let sent = 0;
    while (eve.all('error').length === 0 && sent < 2000) {
      eve.send(signalTo(annId, filler));
      sent += 1;
      if (sent % 50 === 0) await kit.settle();
    }
    expect(eve.all('error')[0]).toMatchObject({ reason: Reason.INBOX_OVERFLOW, retryable: true });
    const refusedOnes = eve.all('error').length;
    ann.drain();
    await kit.settle();
    expect(ann.all('signal')).toHaveLength(sent - refusedOnes);
  });
});

describe('a slow or silent receiver', () => {
  it('is not read for, and costs its sender nothing', async () => {
    ann.stall();
    for (let i = 0; i < 200; i += 1) {
      eve.send(message(text(`m${i}`)));
      if (i % 20 === 0) await kit.settle();
    }
    await kit.settle();
    expect(bystander.all('message')).toHaveLength(200);
    expect(eve.acked).toBe(eve.seq);
  });
});
