import { expect, it } from 'vitest';
import { Participant_State as State } from '../../../gen/signalbox/v1/participant_pb.ts';
import { Reason } from '../../../gen/signalbox/v1/reason_pb.ts';
import { RoomSettings_Duplicates as Duplicates } from '../../../gen/signalbox/v1/room_pb.ts';
import { resolveSettings } from '../../../src/core/room/settings.ts';
import { roomKey } from '../../../src/core/room-key.ts';
import { EngineKit, type Joiner, type MakeEngine } from './engine-kit.ts';

const key = roomKey('', 'r');

export function lobbyContract(make: MakeEngine): void {
  const start = async (settings: Joiner['settings'] = {}, limits = {}) => {
    const kit = await EngineKit.start(make, limits);
    await kit.join('r', 'host', { permissions: { moderate: true }, settings: { lobby: true, ...settings } });
    return kit;
  };
  const wait = async (kit: EngineKit, session: string, joiner: Joiner = {}) => {
    const outcome = await kit.join('r', session, joiner);
    if (outcome.status !== 'pending') throw new Error(`${session} does not wait: ${outcome.status}`);
    return outcome;
  };
  const waiting = async (kit: EngineKit) =>
    (await kit.engine.lobby(key)).map(({ participant }) => participant?.identity);

  it('has those wait who neither moderate nor are hubs, in order, and shows them to moderators', async () => {
    const kit = await start();
    const first = await wait(kit, 'a', { knock: 'it is me' });
    const second = await wait(kit, 'b');
    expect(first).toMatchObject({ reason: Reason.LOBBY, position: 1 });
    expect(second).toMatchObject({ position: 2 });
    expect((await kit.join('r', 'h', { permissions: { hub: true } })).status).toBe('joined');
    const deltas = kit.inboxOf('host', 'lobbyDelta');
    expect(deltas).toMatchObject([
      { room: 'r', waiting: [{ knock: 'it is me', participant: { identity: 'a', id: first.participant } }] },
      { room: 'r', waiting: [{ participant: { identity: 'b' } }] },
    ]);
    expect(kit.inboxOf('h', 'lobbyDelta')).toEqual([]);
    expect(await waiting(kit)).toEqual(['a', 'b']);
    // They are in no roster and in no count.
    expect(kit.snapshot('r', 'host').joined).toMatchObject({ count: 2 });
  });

  it('gives the same place to a session that asks again', async () => {
    const kit = await start();
    await wait(kit, 'a');
    const { participant } = await wait(kit, 'b');
    expect(await kit.joinAgain('r', 'b')).toMatchObject({ status: 'pending', participant, position: 2 });
    expect(await waiting(kit)).toEqual(['a', 'b']);
  });

  it('shows who waits to a moderator who comes later, and to a member who becomes one', async () => {
    const kit = await start();
    await wait(kit, 'a');
    await kit.join('r', 'late', { permissions: { moderate: true } });
    expect(kit.inboxOf('late', 'lobbyDelta')).toMatchObject([
      { waiting: [{ participant: { identity: 'a' } }] },
    ]);
    const hub = await kit.enter('r', 'hub', { permissions: { hub: true } });
    expect(kit.inboxOf('hub', 'lobbyDelta')).toEqual([]);
    const permissions = kit.view('r').members.get(hub)?.participant.permissions;
    if (permissions === undefined) throw new Error('no permissions');
    await kit.engine.change(key, hub, { permissions: { ...permissions, moderate: true } });
    expect(kit.inboxOf('hub', 'lobbyDelta')).toMatchObject([
      { waiting: [{ participant: { identity: 'a' } }] },
    ]);
  });

  it('cuts a long list of those who wait into several frames', async () => {
    const kit = await start();
    for (let i = 0; i < 120; i += 1) await wait(kit, `s${i}`);
    await kit.join('r', 'late', { permissions: { moderate: true } });
    const deltas = kit.inboxOf('late', 'lobbyDelta');
    expect(deltas.map(({ waiting: page }) => page.length)).toEqual([50, 50, 20]);
  });

  it('lets in whom a moderator admits: the others see the join, the moderators that nobody waits', async () => {
    const kit = await start();
    const { participant } = await wait(kit, 'a');
    expect(await kit.engine.admit(key, 'x')).toBe(false);
    expect(await kit.engine.admit(key, participant)).toBe(true);
    expect(await kit.engine.admit(key, participant)).toBe(false);
    expect(kit.inboxOf('host', 'lobbyDelta').at(-1)).toMatchObject({ gone: [participant] });
    expect(kit.logOf('r', 'rosterDelta').at(-1)).toMatchObject({ joined: [{ identity: 'a' }], count: 2 });
    expect(kit.told.memberships).toContain('a');
    expect(kit.engine.memberships('a').get(key)).toBe(participant);
    expect(await waiting(kit)).toEqual([]);
  });

  it('numbers by admission, not by knocking: who waited longer is still the later one', async () => {
    const kit = await start();
    const { participant } = await wait(kit, 'a');
    kit.clock.advance(5000);
    const hub = await kit.enter('r', 'h', { permissions: { hub: true } });
    await kit.engine.admit(key, participant);
    const { members } = kit.view('r');
    const admitted = members.get(participant)?.participant;
    expect(admitted?.ordinal).toBeGreaterThan(members.get(hub)?.participant.ordinal ?? 0);
    expect(admitted?.joinedAt).toMatchObject({ seconds: BigInt(kit.clock.now() / 1000) });
  });

  it('turns away whom a moderator denies, with the note', async () => {
    const kit = await start();
    const { participant } = await wait(kit, 'a');
    expect(await kit.engine.deny(key, 'x', '')).toBe(false);
    expect(await kit.engine.deny(key, participant, 'not today')).toBe(true);
    expect(kit.inboxOf('a', 'left')).toMatchObject([{ reason: Reason.LOBBY_DENIED, detail: 'not today' }]);
    expect(kit.inboxOf('host', 'lobbyDelta').at(-1)).toMatchObject({ gone: [participant] });
    expect([...kit.engine.memberships('a')]).toEqual([]);
  });

  it('lets those who wait go away, or be removed', async () => {
    const kit = await start();
    await wait(kit, 'a');
    const { participant } = await wait(kit, 'b');
    expect(await kit.engine.leave(key, 'a', { reason: Reason.LEFT })).toBe(true);
    expect(await kit.engine.remove(key, participant, { reason: Reason.REMOVED })).toBe(true);
    expect(kit.inboxOf('a', 'left')).toMatchObject([{ reason: Reason.LEFT }]);
    expect(kit.inboxOf('b', 'left')).toMatchObject([{ reason: Reason.REMOVED }]);
    expect(await waiting(kit)).toEqual([]);
    // Nobody in the room sees that somebody waited.
    expect(kit.logOf('r', 'rosterDelta')).toHaveLength(1);
  });

  it('shows whoever is let in while its connection is lost as AWAY', async () => {
    const kit = await start();
    const { participant } = await wait(kit, 'a');
    await kit.engine.setState(key, 'a', 1, State.AWAY);
    await kit.engine.admit(key, participant);
    expect(kit.logOf('r', 'rosterDelta').at(-1)).toMatchObject({ joined: [{ state: State.AWAY }] });
  });

  it('has a page that is loaded again wait once: the newer session takes the older one’s place', async () => {
    const kit = await start();
    const ann = { identity: 'ann', device: 'd' };
    await wait(kit, 'a1', ann);
    kit.clock.advance(10);
    await wait(kit, 'a2', ann);
    expect(await waiting(kit)).toEqual(['ann']);
    expect(kit.inboxOf('a1', 'left')).toMatchObject([{ reason: Reason.REPLACED }]);
    expect(await kit.join('r', 'a0', { ...ann, bornAt: 1 })).toMatchObject({
      status: 'refused',
      refusal: { reason: Reason.REPLACED },
    });
  });

  it('does not let a session in that a newer one has overtaken while it waited', async () => {
    const kit = await start();
    const ann = { identity: 'ann', device: 'd' };
    const { participant } = await wait(kit, 'a1', ann);
    kit.clock.advance(10);
    // As a moderator the newer one need not wait.
    const newer = await kit.enter('r', 'a2', { ...ann, permissions: { moderate: true } });
    expect(await kit.engine.admit(key, participant)).toBe(true);
    expect(kit.view('r').members.get(newer)).toBeDefined();
    expect(kit.view('r').members.get(participant)).toBeUndefined();
    expect(kit.inboxOf('a1', 'left')).toMatchObject([{ reason: Reason.REPLACED }]);
    expect([...kit.engine.memberships('a1')]).toEqual([]);
  });

  it('admits one of an identity where the room rejects duplicates', async () => {
    const kit = await start({ duplicates: Duplicates.REJECT });
    const first = await wait(kit, 'a1', { identity: 'ann' });
    await kit.join('r', 'a2', { identity: 'ann' });
    await kit.engine.admit(key, first.participant);
    expect(await kit.joinAgain('r', 'a2', { identity: 'ann' })).toMatchObject({
      refusal: { reason: Reason.IDENTITY_IN_USE },
    });
  });

  it('takes no more than its bound', async () => {
    const kit = await start({}, { lobby: 2 });
    await wait(kit, 'a');
    await wait(kit, 'b');
    expect(await kit.join('r', 'c')).toMatchObject({ refusal: { reason: Reason.ROOM_FULL } });
    await kit.engine.leave(key, 'a', { reason: Reason.LEFT });
    expect(await kit.joinAgain('r', 'c')).toMatchObject({ status: 'pending', position: 2 });
  });

  it('lets all in when it is switched off', async () => {
    const kit = await start();
    await wait(kit, 'a');
    await wait(kit, 'b');
    const settings = resolveSettings();
    await kit.engine.updateRoom(key, { settings, paths: ['lobby'] });
    expect(kit.snapshot('r', 'host').joined.participants.map(({ identity }) => identity)).toEqual(['a', 'b']);
    expect(await waiting(kit)).toEqual([]);
  });

  it('tells those who wait when the room ends', async () => {
    const kit = await start();
    await wait(kit, 'a');
    await kit.engine.deleteRoom(key, Reason.ROOM_CLOSED, 'over');
    expect(kit.inboxOf('a', 'left')).toMatchObject([{ reason: Reason.ROOM_CLOSED, detail: 'over' }]);
    expect([...kit.engine.memberships('a')]).toEqual([]);
  });
}
