import { timestampFromMs } from '@bufbuild/protobuf/wkt';
import { describe, expect, it } from 'vitest';
import {
  Participant_Kind as Kind,
  Participant_State as State,
} from '../../../gen/signalbox/v1/participant_pb.ts';
import { Reason } from '../../../gen/signalbox/v1/reason_pb.ts';
import { RoomSettings_Duplicates as Duplicates } from '../../../gen/signalbox/v1/room_pb.ts';
import type { JoinOutcome } from '../../../src/core/room/admission.ts';
import { roomKey } from '../../../src/core/room-key.ts';
import { EngineKit, type Joiner, type MakeEngine } from './engine-kit.ts';

function reasonOf(outcome: JoinOutcome): Reason | undefined {
  return outcome.status === 'refused' ? outcome.refusal.reason : undefined;
}

export function admissionContract(make: MakeEngine): void {
  it('lets a session in once: the same participant however often it asks', async () => {
    const kit = await EngineKit.start(make);
    const id = await kit.enter('r', 'a');
    expect(await kit.joinAgain('r', 'a')).toEqual({ status: 'joined', participant: id });
    expect(kit.logOf('r', 'rosterDelta')).toHaveLength(1);
  });

  it('never gives an id twice: not to a session that leaves and comes again', async () => {
    const kit = await EngineKit.start(make);
    const first = await kit.enter('r', 'a');
    await kit.engine.leave(roomKey('', 'r'), 'a', { reason: Reason.LEFT });
    const again = await kit.joinAgain('r', 'a');
    expect(again.status === 'joined' && again.participant).not.toBe(first);
  });

  it('numbers joins in a row that only rises, within one moment and over time', async () => {
    const kit = await EngineKit.start(make);
    for (const session of ['a', 'b', 'c']) await kit.join('r', session);
    kit.clock.advance(60_000);
    await kit.join('r', 'd');
    const { joined } = kit.snapshot('r', 'a');
    const ordinals = [joined.participant, ...joined.participants].map((one) => one?.ordinal ?? 0);
    expect(ordinals).toEqual([...ordinals].sort((x, y) => x - y));
    expect(new Set(ordinals).size).toBe(4);
    expect(ordinals[0]).toBeGreaterThan(0);
  });

  it('goes on with its ordinals in a room that was made again', async () => {
    const kit = await EngineKit.start(make);
    await kit.join('r', 'a');
    kit.clock.advance(1000);
    const before = kit.snapshot('r', 'a').joined.participant?.ordinal ?? 0;
    await kit.engine.deleteRoom(roomKey('', 'r'), Reason.ROOM_CLOSED, '');
    await kit.joinAgain('r', 'a');
    expect(kit.snapshot('r', 'a').joined.participant?.ordinal).toBeGreaterThan(before);
  });

  it('refuses where there is no room and none may be made', async () => {
    const kit = await EngineKit.start(make);
    await kit.session('a');
    const session = { id: 'a', tenant: '', device: 'a', bornAt: 0 };
    const profile = {
      identity: 'a',
      name: '',
      role: '',
      kind: Kind.PERSON,
      attributes: {},
      tracks: [],
      features: [],
    };
    const outcome = await kit.engine.join(
      roomKey('', 'r'),
      {
        session,
        attempt: 1,
        state: State.ACTIVE,
        joins: 1,
        profile: { ...profile, replaces: '' },
        knock: '',
      },
      undefined,
    );
    expect(reasonOf(outcome)).toBe(Reason.ROOM_NOT_FOUND);
    expect(kit.engine.view(roomKey('', 'r'))).toBeUndefined();
  });

  it('refuses the one that is too many; who moderates or is a hub comes in nevertheless', async () => {
    const kit = await EngineKit.start(make);
    const settings = { maxParticipants: 2 };
    await kit.join('r', 'a', { settings });
    await kit.join('r', 'b');
    expect(reasonOf(await kit.join('r', 'c'))).toBe(Reason.ROOM_FULL);
    expect((await kit.join('r', 'm', { permissions: { moderate: true } })).status).toBe('joined');
    expect((await kit.join('r', 'h', { permissions: { hub: true } })).status).toBe('joined');
    await kit.engine.leave(roomKey('', 'r'), 'a', { reason: Reason.LEFT });
    await kit.engine.leave(roomKey('', 'r'), 'm', { reason: Reason.LEFT });
    await kit.engine.leave(roomKey('', 'r'), 'h', { reason: Reason.LEFT });
    expect((await kit.joinAgain('r', 'c')).status).toBe('joined');
  });

  it('takes the gateway’s limit where the settings say nothing', async () => {
    const kit = await EngineKit.start(make, { participants: 1 });
    await kit.join('r', 'a');
    expect(reasonOf(await kit.join('r', 'b'))).toBe(Reason.ROOM_FULL);
  });

  it('lets a newer session of the same device into a full room: it takes the place of the older one', async () => {
    const kit = await EngineKit.start(make);
    await kit.join('r', 'a1', { identity: 'ann', device: 'd', settings: { maxParticipants: 1 } });
    kit.clock.advance(10);
    expect((await kit.join('r', 'a2', { identity: 'ann', device: 'd' })).status).toBe('joined');
    expect(reasonOf(await kit.join('r', 'b'))).toBe(Reason.ROOM_FULL);
  });

  it('counts the place that REPLACE makes, whatever the device', async () => {
    const kit = await EngineKit.start(make);
    const settings = { maxParticipants: 1, duplicates: Duplicates.REPLACE };
    await kit.join('r', 'a1', { identity: 'ann', device: 'phone', settings });
    kit.clock.advance(10);
    expect((await kit.join('r', 'a2', { identity: 'ann', device: 'tablet' })).status).toBe('joined');
  });

  it('counts no place that ALLOW does not make: one device cannot fill a room beyond its bound', async () => {
    const kit = await EngineKit.start(make);
    const settings = { maxParticipants: 2, duplicates: Duplicates.ALLOW };
    const same = { identity: 'ann', device: 'd' };
    await kit.join('r', 'a1', { ...same, settings });
    await kit.join('r', 'a2', same);
    expect(reasonOf(await kit.join('r', 'a3', same))).toBe(Reason.ROOM_FULL);
  });

  it('refuses before the room opens, and says how long that is', async () => {
    const kit = await EngineKit.start(make);
    const settings = { startsAt: timestampFromMs(kit.clock.now() + 60_000) };
    const outcome = await kit.join('r', 'a', { settings });
    expect(outcome).toMatchObject({
      status: 'refused',
      refusal: { reason: Reason.NOT_STARTED, retryAfterMs: 60_000 },
    });
    expect((await kit.join('r', 'm', { permissions: { moderate: true } })).status).toBe('joined');
    kit.clock.advance(60_000);
    expect((await kit.joinAgain('r', 'a')).status).toBe('joined');
  });

  it('refuses while the room is locked; who is inside stays', async () => {
    const kit = await EngineKit.start(make);
    const key = roomKey('', 'r');
    await kit.join('r', 'a');
    await kit.engine.updateRoom(key, { locked: true });
    expect(reasonOf(await kit.join('r', 'b'))).toBe(Reason.ROOM_LOCKED);
    expect((await kit.joinAgain('r', 'a')).status).toBe('joined');
    expect((await kit.join('r', 'm', { permissions: { moderate: true } })).status).toBe('joined');
    await kit.engine.updateRoom(key, { locked: false });
    expect((await kit.joinAgain('r', 'b')).status).toBe('joined');
  });

  it('keeps a banned identity out until the ban ends or is lifted, moderators too', async () => {
    const kit = await EngineKit.start(make);
    const key = roomKey('', 'r');
    await kit.join('r', 'a');
    await kit.engine.ban(key, { identity: 'b', until: kit.clock.now() + 1000, note: 'x' });
    await kit.engine.ban(key, { identity: 'c', until: Number.POSITIVE_INFINITY, note: '' });
    const moderate = { permissions: { moderate: true } };
    expect(reasonOf(await kit.join('r', 'b', moderate))).toBe(Reason.BANNED);
    expect((await kit.engine.bans(key)).map(({ identity }) => identity)).toEqual(['b', 'c']);
    kit.clock.advance(1001);
    expect((await kit.joinAgain('r', 'b')).status).toBe('joined');
    expect(reasonOf(await kit.join('r', 'c'))).toBe(Reason.BANNED);
    expect(await kit.engine.liftBan(key, 'c')).toBe(true);
    expect(await kit.engine.liftBan(key, 'c')).toBe(false);
    expect((await kit.joinAgain('r', 'c')).status).toBe('joined');
    expect(await kit.engine.bans(key)).toEqual([]);
    expect(await kit.engine.ban(roomKey('', 'none'), { identity: 'c', until: 0, note: '' })).toBe(false);
  });

  describe('an identity that is in the room already', () => {
    const start = async (duplicates: Duplicates, older: Joiner = {}) => {
      const kit = await EngineKit.start(make);
      const id = await kit.enter('r', 'a1', {
        identity: 'ann',
        device: 'phone',
        settings: { duplicates },
        ...older,
      });
      kit.clock.advance(10);
      return { kit, id };
    };
    const present = (kit: EngineKit) => {
      const { members } = kit.view('r');
      return ['a1', 'a2'].filter((session) => members.ofSession(session) !== undefined);
    };

    it('REPLACE_SAME_DEVICE: the newer session takes the place of the same device’s, and all are told by whom', async () => {
      const { kit, id } = await start(Duplicates.REPLACE_SAME_DEVICE);
      const next = await kit.enter('r', 'a2', { identity: 'ann', device: 'phone' });
      expect(present(kit)).toEqual(['a2']);
      const [departure] = kit.logOf('r', 'rosterDelta').flatMap(({ left }) => left);
      expect(departure).toMatchObject({ id, reason: Reason.REPLACED, replacedBy: next });
      expect(kit.inboxOf('a1', 'left')).toMatchObject([{ room: 'r', reason: Reason.REPLACED }]);
    });

    it('REPLACE_SAME_DEVICE: other devices are allowed', async () => {
      const { kit } = await start(Duplicates.REPLACE_SAME_DEVICE);
      await kit.enter('r', 'a2', { identity: 'ann', device: 'tablet' });
      expect(present(kit)).toEqual(['a1', 'a2']);
    });

    it('REPLACE: the newer session takes the place of the older one on any device', async () => {
      const { kit } = await start(Duplicates.REPLACE);
      await kit.enter('r', 'a2', { identity: 'ann', device: 'tablet' });
      expect(present(kit)).toEqual(['a2']);
    });

    it('REJECT: the newer session is refused', async () => {
      const { kit } = await start(Duplicates.REJECT);
      const outcome = await kit.join('r', 'a2', { identity: 'ann', device: 'phone' });
      expect(reasonOf(outcome)).toBe(Reason.IDENTITY_IN_USE);
      expect(present(kit)).toEqual(['a1']);
    });

    it('ALLOW: both are there, on one device too, whichever was born first', async () => {
      const { kit } = await start(Duplicates.ALLOW);
      await kit.enter('r', 'a2', { identity: 'ann', device: 'phone', bornAt: 5 });
      expect(present(kit)).toEqual(['a1', 'a2']);
    });

    it.each([
      ['REPLACE_SAME_DEVICE', Duplicates.REPLACE_SAME_DEVICE, 'phone'],
      ['REPLACE', Duplicates.REPLACE, 'tablet'],
    ] as const)(
      '%s: a session born earlier never evicts one born later: the late Join of a stale page is refused',
      async (_, duplicates, device) => {
        const { kit } = await start(duplicates);
        const outcome = await kit.join('r', 'a2', {
          identity: 'ann',
          device,
          bornAt: kit.clock.now() - 5000,
        });
        expect(reasonOf(outcome)).toBe(Reason.REPLACED);
        expect(present(kit)).toEqual(['a1']);
      },
    );
  });

  it.each([
    ['REPLACE_SAME_DEVICE', Duplicates.REPLACE_SAME_DEVICE],
    ['REPLACE', Duplicates.REPLACE],
  ])(
    '%s: of two that were born at the same time one always gives way: no ping-pong',
    async (_, duplicates) => {
      const kit = await EngineKit.start(make);
      const bornAt = kit.clock.now();
      const same = { identity: 'ann', device: 'phone', bornAt };
      await kit.join('r', 'a1', { ...same, settings: { duplicates } });
      await kit.join('r', 'a2', same);
      for (let i = 0; i < 5; i += 1) {
        await kit.joinAgain('r', 'a1', same);
        await kit.joinAgain('r', 'a2', same);
      }
      const left = [kit.inboxOf('a1', 'left').length, kit.inboxOf('a2', 'left').length];
      expect([...left].sort()).toEqual([0, 1]);
    },
  );

  it('tells the others of a departure, and the session that it is out', async () => {
    const kit = await EngineKit.start(make);
    const key = roomKey('', 'r');
    await kit.join('r', 'a');
    const id = await kit.enter('r', 'b');
    expect(await kit.engine.leave(key, 'b', { reason: Reason.LEFT, detail: 'bye' })).toBe(true);
    expect(await kit.engine.leave(key, 'b', { reason: Reason.LEFT })).toBe(false);
    const [, , delta] = kit.logOf('r', 'rosterDelta');
    expect(delta).toMatchObject({ left: [{ id, reason: Reason.LEFT, replacedBy: '' }], count: 1 });
    expect(kit.inboxOf('b', 'left')).toMatchObject([{ room: 'r', reason: Reason.LEFT, detail: 'bye' }]);
    expect(kit.told.memberships).toContain('b');
    expect(kit.view('r').members.hasLeft(id)).toBe(true);
    expect(kit.view('r').members.hasLeft('never')).toBe(false);
  });

  it('removes a participant by its id, and nobody for an id that is not there', async () => {
    const kit = await EngineKit.start(make);
    const key = roomKey('', 'r');
    const id = await kit.enter('r', 'a');
    expect(await kit.engine.remove(key, 'x', { reason: Reason.REMOVED })).toBe(false);
    expect(await kit.engine.remove(key, id, { reason: Reason.REMOVED, detail: 'enough' })).toBe(true);
    expect(kit.inboxOf('a', 'left')).toMatchObject([{ reason: Reason.REMOVED, detail: 'enough' }]);
  });

  it('shows AWAY and ACTIVE, but no state of an attempt that is over', async () => {
    const kit = await EngineKit.start(make);
    const key = roomKey('', 'r');
    await kit.join('r', 'a');
    const stateOf = () => kit.snapshot('r', 'a').joined.participant?.state;
    await kit.engine.setState(key, 'a', 1, State.AWAY);
    expect(stateOf()).toBe(State.AWAY);
    await kit.engine.setState(key, 'a', 2, State.ACTIVE);
    await kit.engine.setState(key, 'a', 1, State.AWAY);
    expect(stateOf()).toBe(State.ACTIVE);
    const told = kit.logOf('r', 'rosterDelta').flatMap(({ updated }) => updated.map(({ state }) => state));
    expect(told).toEqual([State.AWAY, State.ACTIVE]);
  });
}
