import { expect, it } from 'vitest';
import { DeliveryClass } from '../../../gen/signalbox/v1/message_pb.ts';
import { Reason } from '../../../gen/signalbox/v1/reason_pb.ts';
import { EngineKit, type MakeEngine } from './engine-kit.ts';

export function keyedTableContract(make: MakeEngine): void {
  const start = async (limits = {}) => {
    const kit = await EngineKit.start(make, limits);
    await kit.join('r', 'a');
    const put = (key: string, value: string) =>
      kit.say('r', 'a', { delivery: DeliveryClass.LATEST, key, content: { case: 'text', value } });
    const count = (key: string) => kit.say('r', 'a', { delivery: DeliveryClass.COUNTED, key, count: 1n });
    const retained = () => kit.snapshot('r', 'a').joined.retained.map(({ message }) => message?.key);
    return { kit, put, count, retained };
  };
  const full = { reason: Reason.TOO_LARGE };

  it('refuses keys beyond its bound; what has a key may still change, and deleting makes room', async () => {
    const { put, retained } = await start({ tableKeys: 2 });
    await put('k1', 'x');
    await put('k2', 'x');
    expect(await put('k3', 'x')).toMatchObject(full);
    expect(await put('k1', 'y')).toMatchObject({ version: 3 });
    await put('k2', '');
    expect(await put('k3', 'x')).not.toHaveProperty('reason');
    expect(retained()).toEqual(['k1', 'k3']);
  });

  it('refuses bytes beyond its bound, in a value that replaces another one too', async () => {
    const { put } = await start({ tableBytes: 1000 });
    await put('k1', 'x'.repeat(300));
    await put('k2', 'x'.repeat(300));
    // Were only new keys measured, 1,024 small values could grow to 16 MiB.
    expect(await put('k1', 'x'.repeat(900))).toMatchObject(full);
    expect(await put('k1', 'x'.repeat(100))).not.toHaveProperty('reason');
    expect(await put('k3', 'x'.repeat(200))).not.toHaveProperty('reason');
  });

  it('counts totals as keys once, settled or not', async () => {
    const { kit, count } = await start({ tableKeys: 4 });
    for (const key of ['a', 'b', 'c']) await count(key);
    kit.board('r');
    for (const key of ['a', 'b', 'c']) await count(key);
    expect(await count('d')).not.toHaveProperty('reason');
    expect(await count('e')).toMatchObject(full);
    kit.board('r');
    expect(await count('e')).toMatchObject(full);
  });

  it('takes no notice of the deletion of what is not there', async () => {
    const { kit, put } = await start();
    for (let i = 0; i < 100; i += 1) await put(`k${i}`, '');
    expect(kit.view('r').board.version).toBe(0);
  });

  it('forgets deletions in time: a reader that has not read them needs a snapshot, and its floor says so', async () => {
    const { kit, put, retained } = await start();
    await put('stays', 'x');
    for (let i = 0; i < 200; i += 1) {
      await put(`k${i}`, 'x');
      await put(`k${i}`, '');
    }
    const { board } = kit.view('r');
    expect(board.version).toBe(401);
    expect(board.floor).toBeGreaterThan(200);
    expect(retained()).toEqual(['stays']);
    // What lies above the floor is all there: a reader above it misses no deletion.
    const versions = board.since(board.floor).map(({ version }) => version);
    expect(versions.at(-1)).toBe(401);
    expect(board.since(0).length).toBeLessThan(100);
  });
}
