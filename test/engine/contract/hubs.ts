import { expect, it } from 'vitest';
import { Reason } from '../../../gen/signalbox/v1/reason_pb.ts';
import { RoomSettings_Topology as Topology } from '../../../gen/signalbox/v1/room_pb.ts';
import { resolveSettings } from '../../../src/core/room/settings.ts';
import { roomKey } from '../../../src/core/room-key.ts';
import { EngineKit, type MakeEngine } from './engine-kit.ts';

const key = roomKey('', 'r');
const hub = { permissions: { hub: true } };

export function hubsContract(make: MakeEngine): void {
  const start = async (topology: Topology = Topology.HUB) => {
    const kit = await EngineKit.start(make);
    await kit.join('r', 'a', { settings: { topology } });
    return kit;
  };
  const hubOf = (kit: EngineKit, session: string) => kit.view('r').members.ofSession(session)?.hub;
  /** What a member was told of its hub. */
  const told = (kit: EngineKit, session: string) =>
    kit.inboxOf(session, 'rosterDelta').map((delta) => delta.hub);
  const permit = async (kit: EngineKit, session: string, isHub: boolean) => {
    const member = kit.view('r').members.ofSession(session);
    if (member?.participant.permissions === undefined) throw new Error('not a member');
    const permissions = { ...member.participant.permissions, hub: isHub };
    await kit.engine.change(key, member.id, { permissions });
  };

  it('a member has none while there is none, and is told when one comes', async () => {
    const kit = await start();
    expect(hubOf(kit, 'a')).toBe('');
    const h = await kit.enter('r', 'h', hub);
    expect(hubOf(kit, 'a')).toBe(h);
    expect(told(kit, 'a')).toEqual([h]);
    expect(kit.snapshot('r', 'a').joined.hub).toBe(h);
    expect(hubOf(kit, 'h')).toBe('');
  });

  it('a joiner gets the hub with the fewest members, and learns of it in Joined alone', async () => {
    const kit = await start();
    const h1 = await kit.enter('r', 'h1', hub);
    const h2 = await kit.enter('r', 'h2', hub);
    await kit.join('r', 'b');
    await kit.join('r', 'c');
    expect(['a', 'b', 'c'].map((session) => hubOf(kit, session))).toEqual([h1, h2, h1]);
    expect(told(kit, 'b')).toEqual([]);
    await kit.engine.leave(key, 'a', { reason: Reason.LEFT });
    await kit.engine.leave(key, 'c', { reason: Reason.LEFT });
    await kit.join('r', 'd');
    expect(hubOf(kit, 'd')).toBe(h1);
  });

  it('members of a hub that goes get another one, or none, and are told', async () => {
    const kit = await start();
    await kit.enter('r', 'h1', hub);
    const h2 = await kit.enter('r', 'h2', hub);
    await kit.engine.leave(key, 'h1', { reason: Reason.LEFT });
    expect(hubOf(kit, 'a')).toBe(h2);
    await kit.engine.leave(key, 'h2', { reason: Reason.LEFT });
    expect(hubOf(kit, 'a')).toBe('');
    expect(told(kit, 'a').slice(1)).toEqual([h2, '']);
  });

  it('a member that becomes a hub takes others on and has none; one that is a hub no longer gets one', async () => {
    const kit = await start();
    const h = await kit.enter('r', 'h', hub);
    const b = await kit.enter('r', 'b');
    await permit(kit, 'b', true);
    expect(hubOf(kit, 'b')).toBe('');
    await permit(kit, 'h', false);
    expect(['a', 'h'].map((session) => hubOf(kit, session))).toEqual([b, b]);
    expect(told(kit, 'h')).toEqual([b]);
    expect(told(kit, 'a')).toEqual([h, b]);
  });

  it('members are shared out evenly when a room becomes one with hubs, and have none when it is one no longer', async () => {
    const kit = await start(Topology.MESH);
    await kit.enter('r', 'h1', hub);
    await kit.enter('r', 'h2', hub);
    for (const session of ['b', 'c', 'd']) await kit.join('r', session);
    expect(hubOf(kit, 'a')).toBe('');
    const settings = resolveSettings();
    settings.topology = Topology.HUB;
    await kit.engine.updateRoom(key, { settings, paths: ['topology'] });
    const hubs = ['a', 'b', 'c', 'd'].map((session) => hubOf(kit, session) ?? '');
    const loads = new Map<string, number>();
    for (const id of hubs) loads.set(id, (loads.get(id) ?? 0) + 1);
    expect([...loads.values()]).toEqual([2, 2]);
    await kit.join('r', 'e');
    await kit.join('r', 'f');
    expect(hubOf(kit, 'e')).not.toBe(hubOf(kit, 'f'));
    await kit.engine.updateRoom(key, { settings: resolveSettings(), paths: ['topology'] });
    expect(hubOf(kit, 'a')).toBe('');
    expect(kit.view('r').hasHubs).toBe(false);
  });
}
