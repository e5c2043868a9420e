import { afterEach, describe, expect, it } from 'vitest';
import { Participant_State as State } from '../../../gen/signalbox/v1/participant_pb.ts';
import { Reason } from '../../../gen/signalbox/v1/reason_pb.ts';
import type { Engine } from '../../../src/core/engine.ts';
import { roomKey } from '../../../src/core/room-key.ts';
import { startTestNode, type TestNode } from '../../helpers/test-node.ts';

type Slow = 'join' | 'appendOwn' | 'setState';

let kit: TestNode;
const held: (() => void)[] = [];

afterEach(async () => {
  release();
  await kit.stop();
});

/** An engine whose answers to one kind of operation are held until they are released. The others come at once. */
function slow(engine: Engine, name: Slow): Engine {
  return new Proxy(engine, {
    get(target, property) {
      const found: unknown = Reflect.get(target, property, target);
      if (typeof found !== 'function') return found;
      if (property !== name) return found.bind(target);
      return (...args: unknown[]) =>
        new Promise((resolve) => held.push(() => resolve(found.apply(target, args))));
    },
  });
}

function release(): void {
  // What is under way at the same time may come in any order.
  for (const go of held.splice(0).reverse()) go();
}

describe('with an engine that answers later', () => {
  it('acknowledges a refused frame, and those behind it, only when its Error is in the inbox', async () => {
    kit = await startTestNode({ wrap: (engine) => slow(engine, 'appendOwn') });
    const ada = await kit.client();
    ada.send({ case: 'signal', value: { to: 'nobody' } });
    ada.send({ case: 'join', value: { room: 'r' } });
    await kit.pass(500);
    expect(ada.acked).toBe(0);
    expect(kit.engine.memberships(ada.all('welcome')[0]?.sessionId ?? '').size).toBe(0);
    release();
    await kit.settle();
    expect(ada.acked).toBe(2);
    const kinds = ada.frames.map(({ body, ack }) => (ack > 0 ? `ack ${ack}` : body.case));
    expect(kinds.indexOf('error')).toBeLessThan(kinds.indexOf('ack 2'));
  });

  it('leaves the room of a session that ends while its join is being carried out', async () => {
    kit = await startTestNode({ wrap: (engine) => slow(engine, 'join') });
    const bob = await kit.client({ identity: 'bob' });
    bob.send({ case: 'join', value: { room: 'r' } });
    await kit.settle();
    kit.node.closeSessions(({ identity }) => identity === 'bob', Reason.TOKEN_REVOKED, 'revoked');
    await kit.settle();
    release();
    await kit.settle();
    expect(kit.engine.view(roomKey('', 'r'))?.members.size).toBe(0);
    expect(kit.engine.inbox(bob.all('welcome')[0]?.sessionId ?? '')).toBeUndefined();
  });

  it('shows a client ACTIVE that is back under the same attempt before its rooms were told that it is AWAY', async () => {
    kit = await startTestNode({ wrap: (engine) => slow(engine, 'setState') });
    const { client: ada, id } = await kit.inRoom('r');
    const welcome = ada.all('welcome')[0];
    ada.drop();
    await kit.settle();
    const resume = { token: welcome?.resumeToken ?? '', epoch: welcome?.epoch ?? '', attempt: 1 };
    await kit.client({}, { hello: { resume } });
    for (let told = 0; told < 3; told += 1) {
      release();
      await kit.settle();
    }
    expect(kit.engine.view(roomKey('', 'r'))?.members.get(id)?.participant.state).toBe(State.ACTIVE);
  });

  it('shows a client ACTIVE that comes back while its join, sent before, is being carried out', async () => {
    kit = await startTestNode({ wrap: (engine) => slow(engine, 'join') });
    const ada = await kit.client();
    const welcome = ada.all('welcome')[0];
    const send = kit.sendFrames(welcome?.sendKey ?? '', [
      { seq: 1, body: { case: 'join', value: { room: 'before' } } },
      { seq: 2, body: { case: 'join', value: { room: 'r' } } },
    ]);
    ada.drop();
    await kit.settle();
    // The second join is carried out while nobody is there, and answered when somebody is.
    held.shift()?.();
    await kit.settle();
    const resume = { token: welcome?.resumeToken ?? '', epoch: welcome?.epoch ?? '', attempt: 2 };
    await kit.client({}, { hello: { resume } });
    release();
    await send;
    await kit.settle();
    const member = kit.engine.view(roomKey('', 'r'))?.members.ofSession(welcome?.sessionId ?? '');
    expect(member?.participant.state).toBe(State.ACTIVE);
  });
});
