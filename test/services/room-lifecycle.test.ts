import { Code } from '@connectrpc/connect';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Reason } from '../../gen/signalbox/v1/reason_pb.ts';
import {
  RoomSettings_Duplicates as Duplicates,
  RoomSettings_Presence as Presence,
  Recording,
  RoomSettings_Topology as Topology,
} from '../../gen/signalbox/v1/room_pb.ts';
import { resolveSettings } from '../../src/core/room/settings.ts';
import { type RoomKit, refused, startRooms } from './room-kit.ts';

let kit: RoomKit;
const hubs = resolveSettings();
hubs.topology = Topology.HUB;
hubs.maxParticipants = 50;

beforeEach(async () => {
  kit = await startRooms({
    profiles: [
      { pattern: 'class-*', joinCreates: false, settings: hubs },
      { pattern: '*', joinCreates: true, settings: resolveSettings() },
    ],
  });
});
afterEach(() => kit.stop());

describe('CreateRoom', () => {
  it('makes a room with what it asks for over what the profile of its name says', async () => {
    const settings = { maxParticipants: 8, attributes: { course: 'art' } };
    const { room, created } = await kit.backend().createRoom({ name: 'class-7', settings });
    expect(created).toBe(true);
    expect(room).toMatchObject({
      name: 'class-7',
      count: 0,
      locked: false,
      version: 1,
      recording: Recording.OFF,
    });
    expect(room?.epoch).not.toBe('');
    expect(room?.settings).toMatchObject({
      topology: Topology.HUB,
      presence: Presence.FULL,
      duplicates: Duplicates.REPLACE_SAME_DEVICE,
      maxParticipants: 8,
      attributes: { course: 'art' },
    });
  });

  it('returns the room that exists, as it is', async () => {
    const backend = kit.backend();
    await backend.createRoom({ name: 'r', settings: { maxParticipants: 3 } });
    const { room, created } = await backend.createRoom({ name: 'r', settings: { maxParticipants: 5 } });
    expect(created).toBe(false);
    expect(room?.settings?.maxParticipants).toBe(3);
  });

  it.each([
    ['no name', { name: '' }, 'name', /name: a room name must not be empty/],
    ['a control character', { name: 'a\nb' }, 'name', /U\+000A/],
    ['129 bytes', { name: 'a'.repeat(129) }, 'name', /128 bytes/],
    ['a name that means many', { name: 'a*' }, 'name', /must not end with \*/],
    [
      'an unknown topology',
      { name: 'r', settings: { topology: 9 as Topology } },
      'settings.topology',
      /is 9/,
    ],
    [
      'attributes that are too large',
      { name: 'r', settings: { attributes: { a: 'x'.repeat(4096) } } },
      'settings.attributes',
      /4096 bytes/,
    ],
    [
      'a negative duration',
      { name: 'r', settings: { emptyTimeout: { seconds: -1n, nanos: 0 } } },
      'settings.empty_timeout',
      /negative/,
    ],
    [
      'a time that JSON cannot say',
      { name: 'r', settings: { endsAt: { seconds: 253_402_300_800n, nanos: 0 } } },
      'settings.ends_at',
      /1970 to 9999/,
    ],
  ])('refuses %s and names the field', async (_what, request, fieldPath, message) => {
    const detail = await refused(
      kit.backend().createRoom(request),
      Code.InvalidArgument,
      Reason.MALFORMED,
      message,
    );
    // A name that is none is not repeated: errors travel in headers.
    const room = fieldPath === 'name' ? '' : request.name;
    expect(detail).toMatchObject({ fieldPath, retryable: false, room });
  });
});

describe('GetRoom', () => {
  it('counts who is there, by role', async () => {
    const ada = kit.client({ identity: 'ada', role: 'teacher' });
    const bob = kit.client({ identity: 'bob', role: 'student' });
    await Promise.all([ada.join('r'), bob.join('r')]);
    const { room } = await kit.backend().getRoom({ name: 'r' });
    expect(room).toMatchObject({ count: 2, countByRole: { teacher: 1, student: 1 } });
  });

  it('answers NOT_FOUND for no room, and for one of another tenant', async () => {
    await kit.backend({ tenant: 'red' }).createRoom({ name: 'r' });
    const detail = await refused(kit.backend().getRoom({ name: 'r' }), Code.NotFound, Reason.ROOM_NOT_FOUND);
    expect(detail.room).toBe('r');
    expect((await kit.backend({ tenant: 'red' }).getRoom({ name: 'r' })).room?.name).toBe('r');
  });
});

describe('who may call', () => {
  it('is nobody without a token, and nobody whose token is not for backends', async () => {
    const nobody = kit.backend({ admin: false }).getRoom({ name: 'r' });
    await refused(nobody, Code.PermissionDenied, Reason.DENIED, /"adm": true/);
  });

  it('is a token that is bound to a room for that room only', async () => {
    const bound = kit.backend({ room: 'class-*' });
    await bound.createRoom({ name: 'class-1' });
    const detail = await refused(
      bound.createRoom({ name: 'hall' }),
      Code.PermissionDenied,
      Reason.DENIED,
      'name: your token is for the room class-* only',
    );
    expect(detail.fieldPath).toBe('name');
  });
});

describe('ListRooms', () => {
  const names = async (backend: ReturnType<RoomKit['backend']>, request: object = {}) =>
    (await backend.listRooms(request)).rooms.map(({ name }) => name);

  it('goes through all rooms of the tenant in order of name, whatever comes and goes meanwhile', async () => {
    const backend = kit.backend();
    await kit.backend({ tenant: 'red' }).createRoom({ name: 'b-red' });
    for (const name of ['d', 'a', 'c', 'b', 'e']) await backend.createRoom({ name });
    const first = await backend.listRooms({ pageSize: 2 });
    expect(first.rooms.map(({ name }) => name)).toEqual(['a', 'b']);
    await backend.deleteRoom({ name: 'b' });
    await backend.createRoom({ name: 'aa' });
    await backend.createRoom({ name: 'cc' });
    const second = await backend.listRooms({ pageSize: 3, pageToken: first.nextPageToken });
    expect(second.rooms.map(({ name }) => name)).toEqual(['c', 'cc', 'd']);
    const third = await backend.listRooms({ pageSize: 3, pageToken: second.nextPageToken });
    expect(third.rooms.map(({ name }) => name)).toEqual(['e']);
    expect(third.nextPageToken).toBe('');
  });

  it('takes 100 where no size is asked for, and 1,000 at most', async () => {
    const backend = kit.backend();
    for (let i = 0; i < 1001; i++) await kit.engine.createRoom(key(i), resolveSettings());
    expect((await backend.listRooms({})).rooms).toHaveLength(100);
    const large = await backend.listRooms({ pageSize: 5000 });
    expect(large.rooms).toHaveLength(1000);
    const rest = await backend.listRooms({ pageSize: 5000, pageToken: large.nextPageToken });
    expect(rest.rooms).toHaveLength(1);
    expect(rest.nextPageToken).toBe('');
  });

  it('ends a page early where its rooms are large, so that a client can take it', async () => {
    const settings = resolveSettings();
    settings.attributes = { a: 'x'.repeat(4000) };
    for (let i = 0; i < 1000; i++) await kit.engine.createRoom(key(i), settings);
    const seen = new Set<string>();
    let pageToken = '';
    let pages = 0;
    do {
      const page = await kit.backend().listRooms({ pageSize: 1000, pageToken });
      for (const { name } of page.rooms) seen.add(name);
      pageToken = page.nextPageToken;
      pages += 1;
    } while (pageToken !== '' && pages < 10);
    expect(pages).toBe(2);
    expect(seen.size).toBe(1000);
  });

  it('keeps to a prefix, and to the rooms of the token', async () => {
    const backend = kit.backend();
    for (const name of ['class-1', 'class-2', 'clinic', 'hall']) await backend.createRoom({ name });
    expect(await names(backend, { namePrefix: 'cl' })).toEqual(['class-1', 'class-2', 'clinic']);
    expect(await names(kit.backend({ room: 'class-*' }))).toEqual(['class-1', 'class-2']);
    expect(await names(kit.backend({ room: 'class-*' }), { namePrefix: 'class-2' })).toEqual(['class-2']);
    expect(await names(kit.backend({ room: 'class-*' }), { namePrefix: 'h' })).toEqual([]);
    expect(await names(kit.backend({ room: 'hall' }))).toEqual(['hall']);
    expect(await names(kit.backend({ room: 'hall' }), { namePrefix: 'c' })).toEqual([]);
    expect(await names(kit.backend({ room: 'gone' }))).toEqual([]);
  });

  it('refuses page tokens that it did not give for this request', async () => {
    const backend = kit.backend();
    for (const name of ['a1', 'a2', 'a3']) await backend.createRoom({ name });
    const { nextPageToken } = await backend.listRooms({ pageSize: 1, namePrefix: 'a' });
    for (const request of [
      { pageToken: 'nonsense' },
      { pageToken: `${nextPageToken}=`, namePrefix: 'a' },
      { pageToken: nextPageToken },
      { pageToken: Buffer.from('["participants","a","x"]').toString('base64url'), namePrefix: 'a' },
      { pageToken: Buffer.from('["rooms","a",1]').toString('base64url'), namePrefix: 'a' },
      { pageToken: 'A'.repeat(5000) },
    ]) {
      const detail = await refused(backend.listRooms(request), Code.InvalidArgument, Reason.MALFORMED);
      expect(detail.fieldPath).toBe('page_token');
    }
  });

  function key(i: number) {
    return `\u0000room-${String(i).padStart(4, '0')}` as Parameters<typeof kit.engine.room>[0];
  }
});

describe('UpdateRoom', () => {
  it('takes what is set, where there is no mask', async () => {
    const backend = kit.backend();
    await backend.createRoom({ name: 'r', settings: { maxParticipants: 4, lobby: true } });
    const { room } = await backend.updateRoom({
      name: 'r',
      settings: { presence: Presence.COUNT, lobby: false },
    });
    expect(room?.settings).toMatchObject({ presence: Presence.COUNT, lobby: true, maxParticipants: 4 });
    expect(room?.version).toBe(2);
  });

  it('takes what the mask names, also what is at its default', async () => {
    const backend = kit.backend();
    await backend.createRoom({ name: 'r', settings: { maxParticipants: 4, lobby: true, relayOnly: true } });
    const { room } = await backend.updateRoom({
      name: 'r',
      settings: { maxParticipants: 9 },
      updateMask: { paths: ['lobby', 'relay_only'] },
    });
    expect(room?.settings).toMatchObject({ maxParticipants: 4, lobby: false, relayOnly: false });
    const all = await backend.updateRoom({
      name: 'r',
      settings: { lobby: true },
      updateMask: { paths: ['*'] },
    });
    expect(all.room?.settings).toMatchObject({ maxParticipants: 0, lobby: true });
  });

  it('changes nothing at all when the version is not the one that the caller saw', async () => {
    const backend = kit.backend();
    await backend.createRoom({ name: 'r' });
    await backend.updateRoom({ name: 'r', locked: true, expectedVersion: 1 });
    const detail = await refused(
      backend.updateRoom({ name: 'r', locked: false, settings: { lobby: true }, expectedVersion: 1 }),
      Code.Aborted,
      Reason.OUT_OF_ORDER,
      /version 2, not 1/,
    );
    expect(detail.fieldPath).toBe('expected_version');
    const { room } = await backend.getRoom({ name: 'r' });
    expect(room).toMatchObject({ locked: true, version: 2, settings: { lobby: false } });
  });

  it('tells nobody of a change that changes nothing', async () => {
    const ada = kit.client();
    await ada.join('r');
    const backend = kit.backend();
    await backend.updateRoom({ name: 'r', settings: { maxParticipants: 7 } });
    await backend.updateRoom({ name: 'r', settings: { maxParticipants: 7 } });
    await backend.updateRoom({ name: 'r', settings: {} });
    const { room } = await backend.updateRoom({ name: 'r', settings: { maxParticipants: 8 } });
    expect(room?.version).toBe(3);
    await ada.until('roomUpdated', ({ info }) => info?.settings?.maxParticipants === 8);
    expect(ada.all('roomUpdated').map(({ info }) => info?.version)).toEqual([2, 3]);
  });

  it('locks the room, and the members are told', async () => {
    const ada = kit.client();
    await ada.join('r');
    await kit.backend().updateRoom({ name: 'r', locked: true });
    expect(await ada.until('roomUpdated')).toMatchObject({ info: { locked: true } });
    const bob = kit.client({ identity: 'bob' });
    bob.send({ case: 'join', value: { room: 'r' } });
    expect(await bob.until('error')).toMatchObject({ reason: Reason.ROOM_LOCKED });
  });

  it('refuses an unknown path, bad settings and no room', async () => {
    const backend = kit.backend();
    const updateMask = { paths: ['max_size'] };
    await refused(backend.updateRoom({ name: 'r', updateMask }), Code.NotFound, Reason.ROOM_NOT_FOUND);
    await backend.createRoom({ name: 'r' });
    const masked = await refused(
      backend.updateRoom({ name: 'r', updateMask }),
      Code.InvalidArgument,
      Reason.MALFORMED,
      /no field max_size/,
    );
    expect(masked.fieldPath).toBe('update_mask');
    const settings = { slowMode: { seconds: -1n, nanos: 0 } };
    const bad = await refused(
      backend.updateRoom({ name: 'r', settings }),
      Code.InvalidArgument,
      Reason.MALFORMED,
    );
    expect(bad.fieldPath).toBe('settings.slow_mode');
  });
});

describe('DeleteRoom', () => {
  it('ends the room for those who are in it and those who wait', async () => {
    const backend = kit.backend();
    await backend.createRoom({ name: 'r', settings: { lobby: true } });
    const ada = kit.client({ permissions: { moderate: true } });
    await ada.join('r');
    const bob = kit.client({ identity: 'bob' });
    bob.send({ case: 'join', value: { room: 'r' } });
    await bob.until('joinPending');
    expect(await backend.deleteRoom({ name: 'r' })).toMatchObject({ deleted: true });
    expect(await ada.until('left')).toMatchObject({ room: 'r', reason: Reason.ROOM_CLOSED });
    expect(await bob.until('left')).toMatchObject({ room: 'r', reason: Reason.ROOM_CLOSED });
    await refused(backend.getRoom({ name: 'r' }), Code.NotFound, Reason.ROOM_NOT_FOUND);
  });

  it('succeeds again, and says that there was none', async () => {
    const backend = kit.backend();
    await backend.createRoom({ name: 'r' });
    expect((await backend.deleteRoom({ name: 'r' })).deleted).toBe(true);
    expect((await backend.deleteRoom({ name: 'r' })).deleted).toBe(false);
  });
});
