import { timestampMs } from '@bufbuild/protobuf/wkt';
import { Code } from '@connectrpc/connect';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Reason } from '../../gen/signalbox/v1/reason_pb.ts';
import { roomKey } from '../../src/core/room-key.ts';
import { type RoomKit, refused, startRooms } from './room-kit.ts';

let kit: RoomKit;

beforeEach(async () => {
  kit = await startRooms();
});
afterEach(() => kit.stop());

const minute = { seconds: 60n, nanos: 0 };

describe('RemoveParticipant', () => {
  it('is seen as Left by the one and as a roster delta by the others', async () => {
    const ada = kit.client();
    await ada.join('r');
    const bob = kit.client({ identity: 'bob' });
    const id = (await bob.join('r')).participant?.id ?? '';
    const { removed } = await kit.backend().removeParticipant({ room: 'r', participant: id, note: 'enough' });
    expect(removed).toBe(1);
    expect(await bob.until('left')).toMatchObject({ room: 'r', reason: Reason.REMOVED, detail: 'enough' });
    const { left, count } = await ada.until('rosterDelta', (delta) => delta.left.length > 0);
    expect(left).toMatchObject([{ id, reason: Reason.REMOVED }]);
    expect(count).toBe(1);
  });

  it('removes an identity from all its devices, and from the lobby', async () => {
    const backend = kit.backend();
    const phone = kit.client({ identity: 'bob' }, { hello: { deviceId: 'phone' } });
    await phone.join('r');
    const laptop = kit.client({ identity: 'bob' }, { hello: { deviceId: 'laptop' } });
    await laptop.join('r');
    await backend.updateRoom({ name: 'r', settings: { lobby: true } });
    const tablet = kit.client({ identity: 'bob' }, { hello: { deviceId: 'tablet' } });
    tablet.send({ case: 'join', value: { room: 'r' } });
    await tablet.until('joinPending');
    expect((await backend.removeParticipant({ room: 'r', identity: 'bob' })).removed).toBe(3);
    for (const client of [phone, laptop, tablet]) {
      expect(await client.until('left')).toMatchObject({ reason: Reason.REMOVED });
    }
    expect((await backend.removeParticipant({ room: 'r', identity: 'bob' })).removed).toBe(0);
  });

  it('succeeds where there is nobody, and where there is no room', async () => {
    const backend = kit.backend();
    expect((await backend.removeParticipant({ room: 'r', participant: 'x' })).removed).toBe(0);
    await backend.createRoom({ name: 'r' });
    expect((await backend.removeParticipant({ room: 'r', identity: 'bob' })).removed).toBe(0);
  });

  it('refuses to guess who is meant', async () => {
    const backend = kit.backend();
    for (const whom of [{}, { participant: 'x', identity: 'bob' }]) {
      const call = backend.removeParticipant({ room: 'r', ...whom });
      await refused(
        call,
        Code.InvalidArgument,
        Reason.MALFORMED,
        /^participant: give participant or identity/,
      );
    }
  });
});

describe('a ban', () => {
  it('by participant id removes the identity from all devices and keeps it out', async () => {
    const backend = kit.backend();
    const phone = kit.client({ identity: 'bob' }, { hello: { deviceId: 'phone' } });
    await phone.join('r');
    const laptop = kit.client({ identity: 'bob' }, { hello: { deviceId: 'laptop' } });
    const id = (await laptop.join('r')).participant?.id ?? '';
    const { removed } = await backend.removeParticipant({ room: 'r', participant: id, ban: true });
    expect(removed).toBe(2);
    for (const client of [phone, laptop]) {
      expect(await client.until('left')).toMatchObject({ reason: Reason.BANNED });
      client.send({ case: 'join', value: { room: 'r' } });
      expect(await client.until('error')).toMatchObject({ reason: Reason.BANNED });
    }
  });

  it('ends after its duration', async () => {
    const backend = kit.backend();
    await backend.createRoom({ name: 'r' });
    const before = kit.clock.now();
    await backend.removeParticipant({ room: 'r', identity: 'bob', ban: true, banDuration: minute });
    const [ban] = (await backend.listBans({ room: 'r' })).bans;
    const expiresAt = ban?.expiresAt;
    expect(expiresAt && timestampMs(expiresAt)).toBeGreaterThanOrEqual(before + 60_000);
    const bob = kit.client({ identity: 'bob' });
    bob.send({ case: 'join', value: { room: 'r' } });
    expect(await bob.until('error')).toMatchObject({ reason: Reason.BANNED });
    kit.clock.advance(60_001);
    expect((await backend.listBans({ room: 'r' })).bans).toEqual([]);
    await bob.join('r');
  });

  it('of somebody in the lobby turns it away', async () => {
    const backend = kit.backend();
    await backend.createRoom({ name: 'r', settings: { lobby: true } });
    const bob = kit.client({ identity: 'bob' });
    bob.send({ case: 'join', value: { room: 'r' } });
    await bob.until('joinPending');
    const { lobby } = await backend.listParticipants({ room: 'r', includeLobby: true });
    const participant = lobby[0]?.participant?.id ?? '';
    expect((await backend.removeParticipant({ room: 'r', participant, ban: true })).removed).toBe(1);
    expect(await bob.until('left')).toMatchObject({ reason: Reason.BANNED });
    expect((await backend.listBans({ room: 'r' })).bans).toMatchObject([{ identity: 'bob' }]);
  });

  it('is not lost in silence where it cannot be kept', async () => {
    const backend = kit.backend();
    const nowhere = backend.removeParticipant({ room: 'r', identity: 'bob', ban: true });
    await refused(nowhere, Code.NotFound, Reason.ROOM_NOT_FOUND);
    await backend.createRoom({ name: 'r' });
    const nobody = backend.removeParticipant({ room: 'r', participant: 'x', ban: true });
    await refused(nobody, Code.NotFound, Reason.UNKNOWN_RECIPIENT, /ban the identity instead/);
  });

  it.each([
    ['a duration without a ban', { banDuration: minute }],
    ['no duration', { ban: true, banDuration: { seconds: 0n, nanos: 0 } }],
    ['a negative duration', { ban: true, banDuration: { seconds: -60n, nanos: 0 } }],
    ['eleven years', { ban: true, banDuration: { seconds: 350_000_000n, nanos: 0 } }],
  ])('is refused with %s', async (_what, ban) => {
    const call = kit.backend().removeParticipant({ room: 'r', identity: 'bob', ...ban });
    const detail = await refused(call, Code.InvalidArgument, Reason.MALFORMED);
    expect(detail.fieldPath).toBe('ban_duration');
  });
});

describe('ListBans', () => {
  it('goes through all bans in order of identity', async () => {
    const backend = kit.backend();
    await backend.createRoom({ name: 'r' });
    for (const identity of ['d', 'b', 'c', 'a']) {
      await backend.removeParticipant({ room: 'r', identity, ban: true, note: `${identity}!` });
    }
    const first = await backend.listBans({ room: 'r', pageSize: 2 });
    expect(first.bans).toMatchObject([
      { identity: 'a', note: 'a!' },
      { identity: 'b', note: 'b!' },
    ]);
    expect(first.bans[0]?.expiresAt).toBeUndefined();
    await backend.liftBan({ room: 'r', identity: 'a' });
    const second = await backend.listBans({ room: 'r', pageSize: 2, pageToken: first.nextPageToken });
    expect(second.bans.map(({ identity }) => identity)).toEqual(['c', 'd']);
    expect(second.nextPageToken).toBe('');
    await refused(backend.listBans({ room: 'gone' }), Code.NotFound, Reason.ROOM_NOT_FOUND);
  });
});

describe('LiftBan', () => {
  it('lets an identity in again, and says whether there was a ban', async () => {
    const backend = kit.backend();
    await backend.createRoom({ name: 'r' });
    await backend.removeParticipant({ room: 'r', identity: 'bob', ban: true });
    expect((await backend.liftBan({ room: 'r', identity: 'bob' })).lifted).toBe(true);
    expect((await backend.liftBan({ room: 'r', identity: 'bob' })).lifted).toBe(false);
    expect((await backend.liftBan({ room: 'gone', identity: 'bob' })).lifted).toBe(false);
    await kit.client({ identity: 'bob' }).join('r');
    expect(kit.engine.view(roomKey('', 'r'))?.log.hi).toBeGreaterThan(0);
    const empty = backend.liftBan({ room: 'r', identity: '' });
    await refused(empty, Code.InvalidArgument, Reason.MALFORMED, /^identity: /);
  });
});
