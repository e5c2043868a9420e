import { create } from '@bufbuild/protobuf';
import { durationFromMs, timestampFromMs } from '@bufbuild/protobuf/wkt';
import { describe, expect, it } from 'vitest';
import { Reason } from '../../../gen/signalbox/v1/reason_pb.ts';
import {
  RoomSettings_Duplicates as Duplicates,
  RoomSettings_Presence as Presence,
  Recording,
  RoomSettingsSchema,
  RoomSettings_Topology as Topology,
} from '../../../gen/signalbox/v1/room_pb.ts';
import { resolveSettings } from '../../../src/core/room/settings.ts';
import { roomKey } from '../../../src/core/room-key.ts';
import { EngineKit, type MakeEngine, type Settings } from './engine-kit.ts';

const key = roomKey('', 'r');
const settingsOf = (settings: Settings = {}) => create(RoomSettingsSchema, settings);

export function roomsContract(make: MakeEngine): void {
  const start = (limits = {}) => EngineKit.start(make, limits);

  it('are made once: a second time the first one is returned', async () => {
    const kit = await start();
    const first = await kit.engine.createRoom(key, resolveSettings(settingsOf({ maxParticipants: 3 })));
    const second = await kit.engine.createRoom(key, resolveSettings());
    expect([first.created, second.created]).toEqual([true, false]);
    expect(second.room.settings.maxParticipants).toBe(3);
    expect((await kit.engine.room(key))?.epoch).toBe(first.room.epoch);
  });

  it('take settings from the join that makes them, with defaults for what is not said', async () => {
    const kit = await start();
    await kit.join('r', 'a', { settings: { maxParticipants: 3, presence: Presence.COUNT } });
    await kit.join('r', 'b', { settings: { maxParticipants: 9 } });
    expect((await kit.engine.room(key))?.settings).toMatchObject({
      maxParticipants: 3,
      presence: Presence.COUNT,
      topology: Topology.MESH,
      duplicates: Duplicates.REPLACE_SAME_DEVICE,
    });
  });

  it('of two tenants never meet, whatever they are called', async () => {
    const kit = await start();
    await kit.join('r', 'a');
    await kit.join('r', 'b', { tenant: 't' });
    const own = kit.view('r');
    const other = kit.view('r', 't');
    expect(own).not.toBe(other);
    expect([own.members.ofSession('b'), other.members.ofSession('a')]).toEqual([undefined, undefined]);
    expect(kit.snapshot('r', 'a').joined.count).toBe(1);
    expect((await kit.engine.listRooms('t', '', '', 10)).map(({ name }) => name)).toEqual(['r']);
    await kit.engine.deleteRoom(roomKey('t', 'r'), Reason.ROOM_CLOSED, '');
    expect(kit.inboxOf('a', 'left')).toEqual([]);
    expect(kit.inboxOf('b', 'left')).toHaveLength(1);
    // Not even a tenant whose name runs into the room's.
    expect(roomKey('a', 'b')).not.toBe(roomKey('', 'ab'));
  });

  it('are listed in order of name, from a place on, by prefix', async () => {
    const kit = await start();
    for (const name of ['b-2', 'a-1', 'b-1', 'c-1', 'b-3']) {
      await kit.engine.createRoom(roomKey('', name), resolveSettings());
    }
    const names = async (prefix: string, after: string, limit: number) =>
      (await kit.engine.listRooms('', prefix, after, limit)).map(({ name }) => name);
    expect(await names('', '', 9)).toEqual(['a-1', 'b-1', 'b-2', 'b-3', 'c-1']);
    expect(await names('b-', 'b-1', 1)).toEqual(['b-2']);
    expect(await names('x', '', 9)).toEqual([]);
  });

  describe('a change of settings', () => {
    it('takes what is set, tells the room, and raises its version', async () => {
      const kit = await start();
      await kit.join('r', 'a', { settings: { maxParticipants: 3 } });
      await kit.engine.updateRoom(key, { settings: settingsOf({ relayOnly: true }) });
      expect(kit.logOf('r', 'roomUpdated')).toMatchObject([
        { info: { version: 2, settings: { relayOnly: true, maxParticipants: 3 } } },
      ]);
    });

    it('takes what the paths name, also where it is at its default', async () => {
      const kit = await start();
      await kit.join('r', 'a', {
        settings: { maxParticipants: 3, lobby: false, emptyTimeout: durationFromMs(5) },
      });
      await kit.engine.updateRoom(key, {
        settings: settingsOf({ lobby: true }),
        paths: ['max_participants', 'empty_timeout'],
      });
      const settings = (await kit.engine.room(key))?.settings;
      expect(settings).toMatchObject({ maxParticipants: 0, lobby: false });
      expect(settings?.emptyTimeout).toBeUndefined();
    });

    it('does nothing at all where a path, a value or the version is wrong', async () => {
      const kit = await start();
      await kit.join('r', 'a');
      const refusals = [
        await kit.engine.updateRoom(key, { settings: settingsOf(), paths: ['colour'], locked: true }),
        await kit.engine.updateRoom(key, {
          settings: settingsOf({ slowMode: durationFromMs(-1) }),
          locked: true,
        }),
        await kit.engine.updateRoom(key, { locked: true, expectedVersion: 7 }),
      ].map((outcome) => outcome !== undefined && 'reason' in outcome && outcome.reason);
      expect(refusals).toEqual([Reason.MALFORMED, Reason.MALFORMED, Reason.OUT_OF_ORDER]);
      expect(await kit.engine.room(key)).toMatchObject({ version: 1, locked: false });
      expect(kit.logOf('r', 'roomUpdated')).toEqual([]);
      expect(await kit.engine.updateRoom(roomKey('', 'none'), { locked: true })).toBeUndefined();
    });

    it('tells lock and recording, and nobody what was so before', async () => {
      const kit = await start();
      await kit.join('r', 'a');
      await kit.engine.updateRoom(key, { locked: true, expectedVersion: 1 });
      await kit.engine.updateRoom(key, { locked: true });
      await kit.engine.updateRoom(key, { recording: Recording.ON });
      await kit.engine.updateRoom(key, { settings: settingsOf() });
      expect(kit.logOf('r', 'roomUpdated')).toMatchObject([
        { info: { locked: true, version: 2 } },
        { info: { locked: true, recording: Recording.ON, version: 3 } },
      ]);
    });
  });

  describe('end', () => {
    const exists = (kit: EngineKit) => kit.engine.view(key) !== undefined;
    const sweepAfter = async (kit: EngineKit, ms: number) => {
      kit.clock.advance(ms);
      await kit.engine.sweep();
      return exists(kit);
    };

    it('when nobody came within the empty timeout', async () => {
      const kit = await start();
      await kit.engine.createRoom(key, resolveSettings(settingsOf({ emptyTimeout: durationFromMs(5000) })));
      expect(await sweepAfter(kit, 4999)).toBe(true);
      expect(await sweepAfter(kit, 1)).toBe(false);
    });

    it('when nobody came back within the departure timeout, and not while somebody is there or waits', async () => {
      const kit = await start();
      const settings = { departureTimeout: durationFromMs(5000), lobby: true };
      await kit.join('r', 'm', { permissions: { moderate: true }, settings });
      expect(await sweepAfter(kit, 3_600_000)).toBe(true);
      await kit.join('r', 'waiting');
      await kit.engine.leave(key, 'm', { reason: Reason.LEFT });
      expect(await sweepAfter(kit, 10_000)).toBe(true);
      await kit.engine.leave(key, 'waiting', { reason: Reason.LEFT });
      expect(await sweepAfter(kit, 5000)).toBe(false);
    });

    it('by default five minutes after they were made, a minute after the last one left', async () => {
      const kit = await start();
      await kit.engine.createRoom(key, resolveSettings());
      expect(await sweepAfter(kit, 299_999)).toBe(true);
      await kit.join('r', 'a');
      await kit.engine.leave(key, 'a', { reason: Reason.LEFT });
      expect(await sweepAfter(kit, 59_999)).toBe(true);
      expect(await sweepAfter(kit, 1)).toBe(false);
    });

    it('at their hour, whoever is there', async () => {
      const kit = await start();
      await kit.join('r', 'a', { settings: { endsAt: timestampFromMs(kit.clock.now() + 10_000) } });
      expect(await sweepAfter(kit, 9999)).toBe(true);
      expect(await sweepAfter(kit, 1)).toBe(false);
      expect(kit.inboxOf('a', 'left')).toMatchObject([{ room: 'r', reason: Reason.ROOM_CLOSED }]);
    });

    it('when they are deleted: all are told, and a new one of the name knows nothing of it', async () => {
      const kit = await start();
      await kit.join('r', 'a');
      await kit.say('r', 'a', { content: { case: 'text', value: 'before' } });
      const { epoch } = kit.view('r');
      expect(await kit.engine.deleteRoom(key, Reason.ROOM_CLOSED, 'done')).toBe(true);
      expect(await kit.engine.deleteRoom(key, Reason.ROOM_CLOSED, 'done')).toBe(false);
      expect(kit.inboxOf('a', 'left')).toMatchObject([{ reason: Reason.ROOM_CLOSED, detail: 'done' }]);
      expect([...kit.engine.memberships('a')]).toEqual([]);
      await kit.joinAgain('r', 'a');
      expect(kit.view('r').epoch).not.toBe(epoch);
      expect(kit.snapshot('r', 'a', 99).joined).toMatchObject({ history: [], offset: 1 });
    });
  });
}
