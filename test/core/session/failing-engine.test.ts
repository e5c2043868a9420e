import { afterEach, describe, expect, it } from 'vitest';
import { Participant_State as State } from '../../../gen/signalbox/v1/participant_pb.ts';
import type { Engine } from '../../../src/core/engine.ts';
import { testToken } from '../../helpers/node-kit.ts';
import { startTestNode, type TestNode } from '../../helpers/test-node.ts';

let kit: TestNode;

afterEach(() => kit.stop());

/** Operations of this name fail so many times: the first at once, the others later. */
function failing(name: keyof Engine, times: number) {
  let failed = 0;
  return (engine: Engine): Engine =>
    new Proxy(engine, {
      get(target, property) {
        const found: unknown = Reflect.get(target, property, target);
        if (typeof found !== 'function') return found;
        if (property !== name) return found.bind(target);
        return (...args: unknown[]) => {
          if (failed >= times) return found.apply(target, args);
          failed += 1;
          if (failed === 1) throw new Error('the engine is away');
          return Promise.reject(new Error('the engine is away'));
        };
      },
    });
}

const logged = () => kit.errors.splice(0).map(({ message }) => message);

describe('with an engine that fails now and then', () => {
  it('tells a room again who is away, until it knows', async () => {
    kit = await startTestNode({ wrap: failing('setState', 2) });
    const { client: ann, id } = await kit.inRoom('r', { identity: 'ann' });
    const { client: bob } = await kit.inRoom('r', { identity: 'bob' });
    const away = () => bob.all('rosterDelta').flatMap(({ updated }) => updated);
    ann.drop();
    await kit.pass(1900);
    expect(away()).toEqual([]);
    await kit.pass(200);
    expect(away()).toMatchObject([{ id, state: State.AWAY }]);
    expect(logged()).toHaveLength(2);
  });

  it('leaves a room again, whose grace is over', async () => {
    kit = await startTestNode({ wrap: failing('leave', 2) });
    const { client: ann } = await kit.inRoom('r', { identity: 'ann' });
    ann.send({ case: 'leave', value: { room: 'r', grace: { seconds: 5n } } });
    await kit.pass(5500);
    expect(ann.all('left')).toEqual([]);
    await kit.pass(2000);
    expect(ann.all('left')).toHaveLength(1);
    expect(logged()).toEqual(['a room could not be left', 'a room could not be left']);
  });

  it('ends a session that would go on with what its new token does not permit', async () => {
    kit = await startTestNode({ wrap: failing('change', 1) });
    const { client: ann } = await kit.inRoom('r', { identity: 'ann' });
    const token = testToken({ identity: 'ann', permissions: { updateSelf: false, signal: true } });
    ann.send({ case: 'refreshToken', value: { token } });
    await kit.settle();
    expect(ann.end?.status).toBe('internal');
    expect(kit.node.figures.sessions).toBe(0);
    expect(logged()).toEqual(['what a token permits could not be put in force']);
  });

  it('goes on where a receipt cannot be stored', async () => {
    kit = await startTestNode({ wrap: failing('appendOwn', 2) });
    const { client: ann } = await kit.inRoom('r', { identity: 'ann' });
    const { id } = await kit.inRoom('r', { identity: 'bob' });
    for (let index = 0; index < 3; index += 1) {
      ann.send({ case: 'signal', value: { to: id, wantReceipt: true } });
      await kit.pass(500);
    }
    expect(ann.all('receipt')).toHaveLength(1);
    expect(logged()).toEqual(['a receipt could not be stored', 'a receipt could not be stored']);
  });
});
