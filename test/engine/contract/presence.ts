import { expect, it } from 'vitest';
import { Reason } from '../../../gen/signalbox/v1/reason_pb.ts';
import { RoomSettings_Presence as Presence } from '../../../gen/signalbox/v1/room_pb.ts';
import { resolveSettings } from '../../../src/core/room/settings.ts';
import { roomKey } from '../../../src/core/room-key.ts';
import { EngineKit, type MakeEngine } from './engine-kit.ts';

const key = roomKey('', 'r');

export function presenceContract(make: MakeEngine): void {
  const start = async (presence: Presence) => {
    const kit = await EngineKit.start(make);
    await kit.join('r', 'host', { permissions: { moderate: true }, settings: { presence } });
    return kit;
  };
  const shown = (kit: EngineKit, session: string) =>
    kit.snapshot('r', session).joined.participants.map(({ identity }) => identity);
  const quiet = { permissions: { listed: false } };
  const hidden = { permissions: { hidden: true } };
  /** The newest count that is told beside the log. */
  const countTold = (kit: EngineKit) =>
    kit.board('r').flatMap(({ body }) => (body.case === 'rosterDelta' ? [body.value.count] : []))[0];

  it('FULL: rosters show everybody but the hidden, and each change once, with the count after it', async () => {
    const kit = await start(Presence.FULL);
    const id = await kit.enter('r', 'a', quiet);
    await kit.join('r', 'ghost', hidden);
    await kit.engine.change(key, id, { name: 'Ann' });
    await kit.engine.leave(key, 'ghost', { reason: Reason.LEFT });
    await kit.engine.leave(key, 'a', { reason: Reason.LEFT });
    const deltas = kit.logOf('r', 'rosterDelta').slice(1);
    expect(deltas).toMatchObject([
      { joined: [{ identity: 'a' }], count: 2 },
      { updated: [{ identity: 'a', name: 'Ann' }], count: 2 },
      { left: [{ id }], count: 1 },
    ]);
    expect(deltas).toHaveLength(3);
  });

  it('FULL: a joiner’s roster holds the others, and not itself', async () => {
    const kit = await start(Presence.FULL);
    await kit.join('r', 'a');
    await kit.join('r', 'ghost', hidden);
    expect(shown(kit, 'a')).toEqual(['host']);
    expect(shown(kit, 'ghost')).toEqual(['host', 'a']);
    const { joined } = kit.snapshot('r', 'a');
    expect(joined).toMatchObject({ participant: { identity: 'a' }, count: 2, rosterComplete: true });
    expect(joined.offset).toBe(kit.view('r').log.hi);
  });

  it('LISTED: rosters show who is listed, moderates or is a hub; of the others comes a number', async () => {
    const kit = await start(Presence.LISTED);
    await kit.join('r', 'speaker');
    await kit.join('r', 'hub', { permissions: { listed: false, hub: true } });
    for (const session of ['x', 'y', 'z']) await kit.join('r', session, quiet);
    expect(shown(kit, 'x')).toEqual(['host', 'speaker', 'hub']);
    expect(kit.logOf('r', 'rosterDelta')).toHaveLength(3);
    expect(countTold(kit)).toBe(6);
    await kit.engine.leave(key, 'x', { reason: Reason.LEFT });
    expect(kit.logOf('r', 'rosterDelta')).toHaveLength(3);
  });

  it('LISTED: the number that comes beside the log is never older than one that stands in it', async () => {
    const kit = await start(Presence.LISTED);
    await kit.join('r', 'x', quiet);
    // In the same tick, before the number was told.
    await kit.join('r', 'speaker');
    expect(kit.logOf('r', 'rosterDelta').at(-1)).toMatchObject({ count: 3 });
    expect(countTold(kit)).toBe(3);
  });

  it('LISTED: who becomes listed joins the roster, who is listed no longer leaves it, and learns of it', async () => {
    const kit = await start(Presence.LISTED);
    const id = await kit.enter('r', 'x', quiet);
    const permissions = kit.view('r').members.get(id)?.participant.permissions;
    if (permissions === undefined) throw new Error('no permissions');
    await kit.engine.change(key, id, { permissions: { ...permissions, listed: true } });
    await kit.engine.change(key, id, { permissions: { ...permissions, listed: false } });
    await kit.engine.change(key, id, { permissions: { ...permissions, muteMessages: true } });
    expect(kit.logOf('r', 'rosterDelta').slice(1)).toMatchObject([{ joined: [{ id }] }, { left: [{ id }] }]);
    expect(kit.inboxOf('x', 'rosterDelta')).toMatchObject([
      { updated: [{ id, permissions: { muteMessages: true } }] },
    ]);
    expect(shown(kit, 'host')).toEqual([]);
  });

  it('COUNT: rosters show nobody; the number comes at most every quarter of a second', async () => {
    const kit = await start(Presence.COUNT);
    await kit.join('r', 'a');
    expect(countTold(kit)).toBe(2);
    await kit.join('r', 'b');
    await kit.join('r', 'c');
    expect(countTold(kit)).toBe(2);
    kit.clock.advance(250);
    expect(countTold(kit)).toBe(4);
    expect(kit.log('r')).toEqual([]);
    expect(shown(kit, 'a')).toEqual([]);
    expect(kit.snapshot('r', 'a').joined).toMatchObject({ count: 4, participant: { identity: 'a' } });
  });

  it('COUNT: a number that is owed is told again to the node by the sweep, though nothing else happens', async () => {
    const kit = await start(Presence.COUNT);
    expect(countTold(kit)).toBe(1);
    await kit.join('r', 'a');
    expect(countTold(kit)).toBe(1);
    kit.told.rooms.length = 0;
    kit.clock.advance(1000);
    await kit.engine.sweep();
    expect(kit.told.rooms).toEqual([key]);
    expect(countTold(kit)).toBe(2);
  });

  it('counts by role, and follows changes of it; a role may have any name', async () => {
    const kit = await start(Presence.FULL);
    const id = await kit.enter('r', 'a', { role: 'constructor' });
    await kit.join('r', 'b', { role: 'toString' });
    await kit.join('r', 'ghost', { ...hidden, role: 'x' });
    const roles = async () => (await kit.engine.room(key))?.countByRole;
    expect(await roles()).toEqual({ '': 1, constructor: 1, toString: 1 });
    await kit.engine.change(key, id, { role: 'toString' });
    expect(await roles()).toEqual({ '': 1, toString: 2 });
    await kit.engine.leave(key, 'b', { reason: Reason.LEFT });
    expect(await roles()).toEqual({ '': 1, toString: 1 });
    // It is encoded in every snapshot: a count that is no number would throw there.
    expect(kit.snapshot('r', 'host').joined.info?.countByRole).toEqual({ '': 1, toString: 1 });
  });

  it('tells nobody of a change that changes nothing', async () => {
    const kit = await start(Presence.FULL);
    const id = await kit.enter('r', 'a', { name: 'Ann' });
    const before = kit.view('r').log.hi;
    await kit.engine.change(key, id, { name: 'Ann', setAttributes: {} });
    expect(kit.view('r').log.hi).toBe(before);
    expect(await kit.engine.change(key, 'x', { name: 'Ann' })).toBeUndefined();
  });

  it('hands over a large roster in pages, the last one marked', async () => {
    const kit = await EngineKit.start(make, { rosterPage: 2 });
    for (const session of ['a', 'b', 'c', 'd', 'e', 'f']) await kit.join('r', session);
    const { joined, pages } = kit.snapshot('r', 'a');
    expect(joined).toMatchObject({
      rosterComplete: false,
      participants: [{ identity: 'b' }, { identity: 'c' }],
    });
    expect(pages).toMatchObject([
      { snapshot: true, complete: false, joined: [{ identity: 'd' }, { identity: 'e' }] },
      { snapshot: true, complete: true, joined: [{ identity: 'f' }] },
    ]);
  });

  it('asks cursors to start anew when rosters are shown differently, and not when they are not', async () => {
    const kit = await start(Presence.FULL);
    await kit.join('r', 'a', quiet);
    const before = kit.view('r').rosterFloor;
    await kit.engine.updateRoom(key, { settings: resolveSettings(), paths: ['max_participants'] });
    expect(kit.view('r').rosterFloor).toBe(before);
    const listed = resolveSettings();
    listed.presence = Presence.LISTED;
    await kit.engine.updateRoom(key, { settings: listed, paths: ['presence'] });
    // The cursor that stands behind the news of the change has the snapshot that belongs to it.
    expect(kit.view('r').rosterFloor).toBe(kit.view('r').log.hi);
    expect(shown(kit, 'host')).toEqual([]);
  });
}
