import { create } from '@bufbuild/protobuf';
import { Code } from '@connectrpc/connect';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DeliveryClass } from '../../gen/signalbox/v1/message_pb.ts';
import { PermissionsSchema, TrackSource } from '../../gen/signalbox/v1/participant_pb.ts';
import { Reason } from '../../gen/signalbox/v1/reason_pb.ts';
import {
  RoomSettings_Duplicates as Duplicates,
  RoomSettings_Presence as Presence,
} from '../../gen/signalbox/v1/room_pb.ts';
import { type RoomKit, refused, startRooms } from './room-kit.ts';

let kit: RoomKit;

beforeEach(async () => {
  kit = await startRooms();
});
afterEach(() => kit.stop());

/** The id of a participant in the room `r`. */
async function member(identity: string, grants: object = {}): Promise<string> {
  const { participant } = await kit.client({ identity, ...grants }).join('r');
  return participant?.id ?? '';
}

describe('ListParticipants', () => {
  it('shows everybody in order of joining, also those whom no roster shows', async () => {
    const backend = kit.backend();
    await backend.createRoom({ name: 'r', settings: { presence: Presence.COUNT } });
    for (const identity of ['ada', 'bob', 'cy']) await member(identity);
    await member('recorder', { permissions: { hidden: true } });
    const { participants, nextPageToken } = await backend.listParticipants({ room: 'r' });
    expect(participants.map(({ identity }) => identity)).toEqual(['ada', 'bob', 'cy', 'recorder']);
    expect(nextPageToken).toBe('');
  });

  it('goes through pages without repeating or hiding anybody while people come and go', async () => {
    const backend = kit.backend();
    const ids: string[] = [];
    for (let i = 0; i < 6; i++) ids.push(await member(`p${i}`));
    const first = await backend.listParticipants({ room: 'r', pageSize: 2 });
    await backend.removeParticipant({ room: 'r', participant: ids[0] ?? '' });
    await backend.removeParticipant({ room: 'r', participant: ids[2] ?? '' });
    await member('p6');
    const second = await backend.listParticipants({ room: 'r', pageSize: 3, pageToken: first.nextPageToken });
    const third = await backend.listParticipants({ room: 'r', pageSize: 3, pageToken: second.nextPageToken });
    const pages = [first, second, third].map(({ participants }) => participants.map((one) => one.identity));
    expect(pages).toEqual([['p0', 'p1'], ['p3', 'p4', 'p5'], ['p6']]);
    expect(third.nextPageToken).toBe('');
  });

  it('keeps the order of joining where somebody was let in late', async () => {
    const backend = kit.backend();
    await backend.createRoom({ name: 'r', settings: { lobby: true } });
    const late = kit.client({ identity: 'late' });
    late.send({ case: 'join', value: { room: 'r' } });
    await late.until('joinPending');
    await member('host', { permissions: { moderate: true } });
    const { lobby } = await backend.listParticipants({ room: 'r', includeLobby: true });
    await backend.admitParticipant({ room: 'r', participant: lobby[0]?.participant?.id ?? '' });
    const first = await backend.listParticipants({ room: 'r', pageSize: 1 });
    const second = await backend.listParticipants({ room: 'r', pageSize: 1, pageToken: first.nextPageToken });
    const found = [...first.participants, ...second.participants];
    expect(found.map(({ identity }) => identity)).toEqual(['host', 'late']);
    expect(found[0]?.ordinal).toBeLessThan(found[1]?.ordinal ?? 0);
  });

  it('shows the lobby on the first page, where it is asked for', async () => {
    const backend = kit.backend();
    await backend.createRoom({ name: 'r', settings: { lobby: true } });
    await member('host', { permissions: { moderate: true } });
    await member('other', { permissions: { moderate: true } });
    const bob = kit.client({ identity: 'bob' });
    bob.send({ case: 'join', value: { room: 'r', knock: 'it is me' } });
    await bob.until('joinPending');
    const first = await backend.listParticipants({ room: 'r', pageSize: 1, includeLobby: true });
    expect(first.lobby).toMatchObject([{ participant: { identity: 'bob' }, knock: 'it is me' }]);
    const pageToken = first.nextPageToken;
    const second = await backend.listParticipants({ room: 'r', pageSize: 1, pageToken, includeLobby: true });
    expect(second.lobby).toEqual([]);
    expect((await backend.listParticipants({ room: 'r' })).lobby).toEqual([]);
  });

  it('refuses a token of another room, and a room that is not there', async () => {
    await member('ada');
    await member('bob');
    const backend = kit.backend();
    await backend.createRoom({ name: 'other' });
    const { nextPageToken: pageToken } = await backend.listParticipants({ room: 'r', pageSize: 1 });
    const other = backend.listParticipants({ room: 'other', pageToken });
    await refused(other, Code.InvalidArgument, Reason.MALFORMED, /^page_token: is of another request/);
    const forged = Buffer.from('["participants","r","-1","x"]').toString('base64url');
    const odd = backend.listParticipants({ room: 'r', pageToken: forged });
    await refused(odd, Code.InvalidArgument, Reason.MALFORMED, /^page_token/);
    await refused(backend.listParticipants({ room: 'gone' }), Code.NotFound, Reason.ROOM_NOT_FOUND);
  });
});

describe('GetParticipant', () => {
  it('returns the participant, or says what is not there', async () => {
    const backend = kit.backend();
    const id = await member('ada', { role: 'teacher', attributes: { seat: '3' } });
    const { participant } = await backend.getParticipant({ room: 'r', participant: id });
    expect(participant).toMatchObject({ id, identity: 'ada', role: 'teacher', attributes: { seat: '3' } });
    const nobody = backend.getParticipant({ room: 'r', participant: 'x' });
    await refused(nobody, Code.NotFound, Reason.UNKNOWN_RECIPIENT);
    const nowhere = backend.getParticipant({ room: 's', participant: id });
    await refused(nowhere, Code.NotFound, Reason.ROOM_NOT_FOUND);
    const empty = backend.getParticipant({ room: 'r', participant: '' });
    await refused(empty, Code.InvalidArgument, Reason.MALFORMED, /^participant: .* must not be empty/);
  });
});

describe('UpdateParticipant', () => {
  it('changes what it names, live, and the others see it', async () => {
    const ada = kit.client();
    await ada.join('r');
    const id = await member('bob', { name: 'Bob', attributes: { seat: '3', team: 'red' } });
    const { participant } = await kit.backend().updateParticipant({
      room: 'r',
      participant: id,
      role: 'speaker',
      setAttributes: { seat: '4' },
      clearAttributes: ['team'],
      permissions: { signal: true, moderate: true, publish: [TrackSource.CAMERA] },
    });
    expect(participant).toMatchObject({ name: 'Bob', role: 'speaker', attributes: { seat: '4' } });
    const { updated } = await ada.until('rosterDelta', (delta) => delta.updated.length > 0);
    expect(updated).toMatchObject([{ id, role: 'speaker', permissions: { moderate: true } }]);
    expect(updated[0]?.attributes).toEqual({ seat: '4' });
  });

  it('takes no fields that this gateway does not know into the roster', async () => {
    const id = await member('ada');
    const permissions = create(PermissionsSchema, { signal: true });
    permissions.$unknown = [{ no: 99, wireType: 2, data: Uint8Array.of(1, 7) }];
    const { participant } = await kit
      .backend()
      .updateParticipant({ room: 'r', participant: id, permissions });
    expect(participant?.permissions).toMatchObject({ signal: true, listed: false });
    expect(participant?.permissions?.$unknown).toBeUndefined();
  });

  it('takes a permission away at once', async () => {
    const ada = kit.client();
    const { participant } = await ada.join('r');
    const permissions = { signal: true, listed: true, muteMessages: true };
    await kit.backend().updateParticipant({ room: 'r', participant: participant?.id ?? '', permissions });
    ada.send({ case: 'message', value: { room: 'r', content: { case: 'text', value: 'hi' } } });
    expect(await ada.until('error')).toMatchObject({ reason: Reason.DENIED });
  });

  it.each([
    ['name', { name: 'a'.repeat(65) }],
    ['role', { role: 'a'.repeat(65) }],
    ['set_attributes', { setAttributes: { '': 'x' } }],
    ['set_attributes', { setAttributes: { a: 'x'.repeat(4090), b: 'yyyyyy' } }],
    ['permissions.publish', { permissions: { publish: [77 as TrackSource] } }],
    ['permissions.deliveries', { permissions: { deliveries: [DeliveryClass.UNSPECIFIED] } }],
    ['permissions.deliveries', { permissions: { deliveries: [2, 2] as DeliveryClass[] } }],
    ['permissions.send_types', { permissions: { sendTypes: ['\u0001'] } }],
    ['permissions.send_types', { permissions: { sendTypes: Array.from({ length: 65 }, (_, i) => `t${i}`) } }],
  ])('refuses a value of %s that is out of its range', async (fieldPath, change) => {
    const id = await member('ada');
    const call = kit.backend().updateParticipant({ room: 'r', participant: id, ...change });
    const detail = await refused(call, Code.InvalidArgument, Reason.MALFORMED);
    expect(detail.fieldPath).toBe(fieldPath);
  });

  it('counts the attributes that are there already', async () => {
    const id = await member('ada', { attributes: { a: 'x'.repeat(4000) } });
    const call = kit
      .backend()
      .updateParticipant({ room: 'r', participant: id, setAttributes: { b: 'y'.repeat(100) } });
    await refused(call, Code.InvalidArgument, Reason.MALFORMED, /^set_attributes: .*4096/);
  });
});

describe('AdmitParticipant', () => {
  async function knocking(identity: string) {
    const backend = kit.backend();
    await backend.createRoom({ name: 'r', settings: { lobby: true } });
    const client = kit.client({ identity });
    client.send({ case: 'join', value: { room: 'r' } });
    await client.until('joinPending');
    const { lobby } = await backend.listParticipants({ room: 'r', includeLobby: true });
    return { client, participant: lobby.at(-1)?.participant?.id ?? '' };
  }

  it('lets somebody in, and is harmless when it comes twice', async () => {
    const { client, participant } = await knocking('bob');
    const backend = kit.backend();
    await backend.admitParticipant({ room: 'r', participant });
    expect(await client.until('joined')).toMatchObject({ room: 'r', participant: { id: participant } });
    await backend.admitParticipant({ room: 'r', participant });
    expect((await backend.getRoom({ name: 'r' })).room?.count).toBe(1);
  });

  it('says so where it turns out that the room cannot take it', async () => {
    const { client, participant } = await knocking('bob');
    const backend = kit.backend();
    await backend.updateRoom({ name: 'r', settings: { duplicates: Duplicates.REJECT } });
    await member('bob', { permissions: { moderate: true } });
    const admitted = backend.admitParticipant({ room: 'r', participant });
    await refused(admitted, Code.NotFound, Reason.RECIPIENT_LEFT, /as another session/);
    expect(await client.until('left')).toMatchObject({ reason: Reason.IDENTITY_IN_USE });
  });

  it('turns somebody away, with a note', async () => {
    const { client, participant } = await knocking('bob');
    const backend = kit.backend();
    await backend.admitParticipant({ room: 'r', participant, deny: true, note: 'not today' });
    expect(await client.until('left')).toMatchObject({ reason: Reason.LOBBY_DENIED, detail: 'not today' });
    const again = backend.admitParticipant({ room: 'r', participant });
    await refused(again, Code.NotFound, Reason.UNKNOWN_RECIPIENT, /nobody of this id waits/);
  });

  it('does not turn away who was let in', async () => {
    const { participant } = await knocking('bob');
    const backend = kit.backend();
    await backend.admitParticipant({ room: 'r', participant });
    const late = backend.admitParticipant({ room: 'r', participant, deny: true });
    await refused(late, Code.NotFound, Reason.UNKNOWN_RECIPIENT, /let in before/);
  });

  it('refuses a note that is too long, and a room that is not there', async () => {
    const backend = kit.backend();
    const long = backend.admitParticipant({ room: 'r', participant: 'x', note: 'n'.repeat(257) });
    await refused(long, Code.InvalidArgument, Reason.MALFORMED, /^note: /);
    const nowhere = backend.admitParticipant({ room: 'r', participant: 'x' });
    await refused(nowhere, Code.NotFound, Reason.ROOM_NOT_FOUND);
  });
});

describe('MoveParticipant', () => {
  it('gives a token for the other room, with which the client joins it', async () => {
    const ada = kit.client();
    await ada.join('r');
    const bob = kit.client({ identity: 'bob', role: 'student', room: 'r' });
    const { participant } = await bob.join('r');
    const id = participant?.id ?? '';
    await kit.backend().moveParticipant({ room: 'r', participant: id, toRoom: 'r-2' });
    const left = await bob.until('left');
    expect(left).toMatchObject({ room: 'r', reason: Reason.MOVED, movedTo: 'r-2' });
    const { left: gone } = await ada.until('rosterDelta', (delta) => delta.left.length > 0);
    expect(gone).toMatchObject([{ id, reason: Reason.MOVED }]);
    bob.send({ case: 'refreshToken', value: { token: left.token } });
    const joined = await bob.join('r-2');
    expect(joined.participant).toMatchObject({ identity: 'bob', role: 'student' });
  });

  it('keeps to rooms that the token of the backend covers', async () => {
    const id = await member('ada');
    const bound = kit.backend({ room: 'r' });
    const away = bound.moveParticipant({ room: 'r', participant: id, toRoom: 'vault' });
    const detail = await refused(away, Code.PermissionDenied, Reason.DENIED);
    expect(detail.fieldPath).toBe('to_room');
  });

  it('refuses the same room, no room, and who is not there', async () => {
    const id = await member('ada');
    const backend = kit.backend();
    const move = (toRoom: string, participant = id, room = 'r') =>
      backend.moveParticipant({ room, participant, toRoom });
    await refused(move('r'), Code.InvalidArgument, Reason.MALFORMED, /^to_room: /);
    await refused(move(''), Code.InvalidArgument, Reason.MALFORMED, /^to_room: .*must not be empty/);
    await refused(move('s', 'x'), Code.NotFound, Reason.UNKNOWN_RECIPIENT);
    await refused(move('s', id, 'gone'), Code.NotFound, Reason.ROOM_NOT_FOUND);
  });
});
