import { expect, it } from 'vitest';
import { Reason } from '../../../gen/signalbox/v1/reason_pb.ts';
import { roomKey } from '../../../src/core/room-key.ts';
import { nodeCrypto } from '../../../src/runtime/node-crypto.ts';
import { EngineKit, type MakeEngine } from './engine-kit.ts';

const attach = { session: 's', identity: 's', tenant: '', secretHash: nodeCrypto.sha256('secret of s') };

export function sessionsContract(make: MakeEngine): void {
  it('gives each session an inbox with an epoch of its own', async () => {
    const kit = await EngineKit.start(make);
    await kit.session('s');
    await kit.session('t');
    const epochs = [kit.engine.inbox('s')?.epoch, kit.engine.inbox('t')?.epoch];
    expect(epochs).not.toContain(undefined);
    expect(epochs[0]).not.toBe('');
    expect(epochs[0]).not.toBe(epochs[1]);
    expect(kit.engine.inbox('u')).toBeUndefined();
  });

  it('hands a session to a higher attempt, and to the same one again', async () => {
    const kit = await EngineKit.start(make);
    await kit.session('s');
    const epoch = kit.engine.inbox('s')?.epoch;
    expect(await kit.engine.attachSession({ ...attach, attempt: 2 })).toEqual({ status: 'attached', epoch });
    expect(await kit.engine.attachSession({ ...attach, attempt: 2 })).toEqual({ status: 'attached', epoch });
    expect(await kit.engine.attachSession({ ...attach, attempt: 9 })).toEqual({ status: 'attached', epoch });
  });

  it('refuses an attempt that is lower than the one that owns the session', async () => {
    const kit = await EngineKit.start(make);
    await kit.session('s');
    await kit.engine.attachSession({ ...attach, attempt: 8 });
    const late = await kit.engine.attachSession({ ...attach, attempt: 7 });
    expect(late).toMatchObject({ status: 'refused', reason: Reason.REPLACED });
  });

  it('refuses a wrong secret, another identity, another tenant and an unknown session', async () => {
    const kit = await EngineKit.start(make);
    await kit.session('s');
    const refusalOf = async (more: Partial<typeof attach>) =>
      kit.engine.attachSession({ ...attach, ...more, attempt: 2 });
    const denied = { status: 'refused', reason: Reason.DENIED };
    expect(await refusalOf({ secretHash: nodeCrypto.sha256('guess') })).toMatchObject(denied);
    expect(await refusalOf({ identity: 't' })).toMatchObject(denied);
    expect(await refusalOf({ tenant: 't' })).toMatchObject(denied);
    const gone = { status: 'refused', reason: Reason.WINDOW_EXPIRED };
    expect(await refusalOf({ session: 'u' })).toMatchObject(gone);
    // Whoever was refused does not own it.
    expect(await kit.engine.attachSession({ ...attach, attempt: 1 })).toMatchObject({ status: 'attached' });
  });

  it('forgets a session that has ended, and tells which of its unread frames somebody waits for', async () => {
    const kit = await EngineKit.start(make);
    await kit.session('s');
    await kit.engine.append('s', kit.frame('a', 1, 'read', true));
    await kit.engine.append('s', kit.frame('a', 2, 'unread', true));
    await kit.engine.append('s', kit.frame('b', 1, 'nobody waits'));
    await kit.engine.acknowledge('s', 1);
    expect(await kit.engine.endSession('s')).toEqual([{ sender: 'a', senderSeq: 2 }]);
    expect(await kit.engine.endSession('s')).toEqual([]);
    expect(kit.engine.inbox('s')).toBeUndefined();
    expect(await kit.engine.append('s', kit.frame('a', 3))).toBe('gone');
  });

  it('does not let a session that has ended into a room: nobody would ever take it out', async () => {
    const kit = await EngineKit.start(make);
    await kit.join('r', 'a');
    await kit.session('s');
    await kit.engine.endSession('s');
    expect(await kit.joinAgain('r', 's')).toMatchObject({
      status: 'refused',
      refusal: { reason: Reason.WINDOW_EXPIRED },
    });
    expect(kit.snapshot('r', 'a').joined.count).toBe(1);
  });

  it('lists the rooms in which a session is, or waits', async () => {
    const kit = await EngineKit.start(make);
    const inside = await kit.enter('r', 's');
    const outcome = await kit.joinAgain('l', 's', { settings: { lobby: true } });
    expect(outcome.status).toBe('pending');
    expect([...kit.engine.memberships('s')]).toEqual([
      [roomKey('', 'r'), inside],
      [roomKey('', 'l'), outcome.status === 'pending' && outcome.participant],
    ]);
    await kit.engine.leave(roomKey('', 'r'), 's', { reason: Reason.LEFT });
    await kit.engine.leave(roomKey('', 'l'), 's', { reason: Reason.LEFT });
    expect([...kit.engine.memberships('s')]).toEqual([]);
  });
}
