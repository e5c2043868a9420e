import { expect, it } from 'vitest';
import { EngineKit, type MakeEngine } from './engine-kit.ts';

export function inboxContract(make: MakeEngine): void {
  const start = async (limits = {}) => {
    const kit = await EngineKit.start(make, limits);
    await kit.session('s');
    return kit;
  };
  const notes = (kit: EngineKit) => kit.inboxOf('s', 'moderationNotice').map(({ note }) => note);

  it('numbers what is appended from 1, without gaps, and tells the node', async () => {
    const kit = await start();
    expect(await kit.engine.append('s', kit.frame('a', 1))).toBe('appended');
    expect(await kit.engine.append('s', kit.frame('b', 1))).toBe('appended');
    await kit.engine.appendOwn('s', kit.frame('', 0, 'own').body);
    const view = kit.engine.inbox('s');
    expect([view?.lo, view?.hi]).toEqual([0, 3]);
    expect(notes(kit)).toEqual(['a:1', 'b:1', 'own']);
    expect(kit.told.inboxes).toEqual(['s', 's', 's']);
    expect([view?.at(0), view?.at(4)]).toEqual([undefined, undefined]);
  });

  it('takes a frame once, however often it comes', async () => {
    const kit = await start();
    await kit.engine.append('s', kit.frame('a', 1));
    await kit.engine.append('s', kit.frame('a', 2));
    expect(await kit.engine.append('s', kit.frame('a', 1))).toBe('duplicate');
    expect(await kit.engine.append('s', kit.frame('a', 2))).toBe('duplicate');
    expect(await kit.engine.append('s', kit.frame('a', 5))).toBe('appended');
    expect(notes(kit)).toEqual(['a:1', 'a:2', 'a:5']);
  });

  it('still knows a frame as a duplicate after it was acknowledged', async () => {
    const kit = await start();
    await kit.engine.append('s', kit.frame('a', 1));
    kit.engine.acknowledge('s', 1);
    expect(await kit.engine.append('s', kit.frame('a', 1))).toBe('duplicate');
  });

  it('refuses what is over its bound of frames, and refuses the same frame again when there is room', async () => {
    const kit = await start({ inboxFrames: 2 });
    await kit.engine.append('s', kit.frame('a', 1));
    await kit.engine.append('s', kit.frame('a', 2));
    expect(await kit.engine.append('s', kit.frame('a', 3))).toBe('overflow');
    kit.engine.acknowledge('s', 2);
    // The refusal of 3 is on its way to the sender: 3 must not arrive after it.
    expect(await kit.engine.append('s', kit.frame('a', 3))).toBe('overflow');
    expect(await kit.engine.append('s', kit.frame('a', 4))).toBe('appended');
    expect(await kit.engine.append('s', kit.frame('a', 3))).toBe('duplicate');
    expect(notes(kit)).toEqual(['a:4']);
  });

  it('refuses what is over its bound of bytes, but takes any one frame while it is empty', async () => {
    const kit = await start({ inboxBytes: 100 });
    expect(await kit.engine.append('s', kit.frame('a', 1, 'x'.repeat(500)))).toBe('appended');
    expect(await kit.engine.append('s', kit.frame('b', 1, 'y'))).toBe('overflow');
    kit.engine.acknowledge('s', 1);
    expect(kit.engine.inbox('s')?.bytes).toBe(0);
    expect(await kit.engine.append('s', kit.frame('b', 2, 'y'))).toBe('appended');
  });

  it('takes frames of the gateway whatever its bounds', async () => {
    const kit = await start({ inboxFrames: 1 });
    await kit.engine.append('s', kit.frame('a', 1));
    await kit.engine.appendOwn('s', kit.frame('', 0, 'refused').body);
    expect(notes(kit)).toEqual(['a:1', 'refused']);
  });

  it('drops what is acknowledged and tells which senders want to know', async () => {
    const kit = await start();
    await kit.engine.append('s', kit.frame('a', 1, 'one', true));
    await kit.engine.append('s', kit.frame('b', 7, 'two'));
    await kit.engine.append('s', kit.frame('a', 2, 'three', true));
    expect(kit.engine.acknowledge('s', 2)).toEqual([{ sender: 'a', senderSeq: 1 }]);
    expect(kit.engine.acknowledge('s', 2)).toEqual([]);
    expect(notes(kit)).toEqual(['three']);
    expect(kit.engine.acknowledge('s', 3)).toEqual([{ sender: 'a', senderSeq: 2 }]);
    const view = kit.engine.inbox('s');
    expect([view?.lo, view?.hi, view?.bytes]).toEqual([3, 3, 0]);
  });

  it('is gone for a session that is not there', async () => {
    const kit = await start();
    expect(await kit.engine.append('t', kit.frame('a', 1))).toBe('gone');
    await kit.engine.appendOwn('t', kit.frame('', 0).body);
    expect(kit.engine.acknowledge('t', 1)).toEqual([]);
  });

  it('forgets senders after the longest time in which a session may come back, and not before', async () => {
    const kit = await start();
    const { holdMs, resumeWindowMs } = kit.limits;
    await kit.session('a');
    await kit.engine.append('s', kit.frame('a', 1));
    kit.clock.advance(holdMs + resumeWindowMs);
    await kit.engine.sweep();
    expect(await kit.engine.append('s', kit.frame('a', 1))).toBe('duplicate');
    kit.clock.advance(holdMs + resumeWindowMs + 200_000);
    await kit.engine.sweep();
    expect(await kit.engine.append('s', kit.frame('a', 1))).toBe('appended');
  });
}
