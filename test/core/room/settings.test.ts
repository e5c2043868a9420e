import { create } from '@bufbuild/protobuf';
import { durationFromMs } from '@bufbuild/protobuf/wkt';
import { describe, expect, it } from 'vitest';
import {
  RoomSettings_Duplicates as Duplicates,
  RoomSettings_Presence as Presence,
  RoomSettingsSchema,
  RoomSettings_Topology as Topology,
} from '../../../gen/signalbox/v1/room_pb.ts';
import { RoomProfiles } from '../../../src/core/room/room-profiles.ts';
import { mergeSettings, resolveSettings } from '../../../src/core/room/settings.ts';

const settings = (init = {}) => create(RoomSettingsSchema, init);

describe('resolveSettings', () => {
  it('puts what is set in a later layer over the earlier ones, and a default where none says anything', () => {
    const resolved = resolveSettings(
      settings({ topology: Topology.HUB, maxParticipants: 5, attributes: { a: '1', b: '2' } }),
      undefined,
      settings({ maxParticipants: 9, lobby: true, attributes: { b: '3' } }),
    );
    expect(resolved).toMatchObject({
      topology: Topology.HUB,
      presence: Presence.FULL,
      duplicates: Duplicates.REPLACE_SAME_DEVICE,
      maxParticipants: 9,
      lobby: true,
    });
    expect(resolved.attributes).toEqual({ b: '3' });
  });
});

describe('mergeSettings', () => {
  it('takes nothing from the source that can be changed there later', () => {
    const from = settings({ slowMode: durationFromMs(1000), attributes: { a: '1' } });
    const into = settings();
    mergeSettings(into, from);
    if (from.slowMode !== undefined) from.slowMode.seconds = 99n;
    from.attributes['a'] = 'changed';
    expect(into.slowMode?.seconds).toBe(1n);
    expect(into.attributes).toEqual({ a: '1' });
  });

  it('resets what a path names and the source does not set', () => {
    const into = settings({ slowMode: durationFromMs(1000), maxParticipants: 3, attributes: { a: '1' } });
    expect(mergeSettings(into, settings(), ['slow_mode', 'max_participants', 'attributes'])).toBeUndefined();
    expect(into).toMatchObject({ maxParticipants: 0, attributes: {} });
    expect(into.slowMode).toBeUndefined();
    expect('slowMode' in into).toBe(false);
  });

  it('names the first path that there is not; own names of objects are none', () => {
    expect(mergeSettings(settings(), settings(), ['lobby', 'constructor'])).toBe('constructor');
    expect(mergeSettings(settings(), settings(), ['__proto__'])).toBe('__proto__');
    expect(mergeSettings(settings(), settings(), ['maxParticipants'])).toBe('maxParticipants');
  });
});

describe('RoomProfiles', () => {
  const profiles = new RoomProfiles([
    { pattern: 'call-1', joinCreates: false, settings: settings({ maxParticipants: 1 }) },
    { pattern: 'call-*', joinCreates: true, settings: settings({ maxParticipants: 2, lobby: true }) },
  ]);

  it('takes the first pattern that fits', () => {
    expect(profiles.settingsOf('call-1').maxParticipants).toBe(1);
    expect(profiles.settingsOf('call-12').maxParticipants).toBe(2);
    expect(profiles.settingsOf('other').maxParticipants).toBe(0);
  });

  it('says whether a join creates the room: not where nothing fits', () => {
    const creates = ['call-1', 'call-2', 'other'].map((name) => profiles.joinCreates(name));
    expect(creates).toEqual([false, true, false]);
  });

  it('puts what the creator asks for over the profile', () => {
    const asked = settings({ maxParticipants: 7 });
    expect(profiles.settingsOf('call-2', asked)).toMatchObject({ maxParticipants: 7, lobby: true });
  });
});
