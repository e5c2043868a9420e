import { afterEach, expect, it } from 'vitest';
import { roomKey } from '../../../src/core/room-key.ts';
import { startTestNode, type TestNode } from '../../helpers/test-node.ts';

let kit: TestNode;

afterEach(() => kit.stop());

// They stayed for more than an hour: a room through which many come and go grew with them.
it('a long-lived room and a long-lived inbox remember no session that is over', async () => {
  kit = await startTestNode();
  const { client: ann, id } = await kit.inRoom('r', { identity: 'ann' });
  for (let guest = 0; guest < 20; guest += 1) {
    const { client } = await kit.inRoom('r', { identity: `guest-${guest}` });
    client.send({ case: 'message', value: { room: 'r', content: { case: 'text', value: 'hello' } } });
    client.send({ case: 'signal', value: { to: id } });
    await kit.settle();
    client.drop();
  }
  ann.send({ case: 'message', value: { room: 'r', content: { case: 'text', value: 'hello' } } });
  await kit.pass(kit.limits.resumeWindowMs + 120_000);
  const room = kit.engine.view(roomKey('', 'r'));
  expect(room?.marks.save()).toHaveLength(1);
  const [welcome] = ann.all('welcome');
  expect(kit.engine.inbox(welcome?.sessionId ?? '')?.save().marks).toEqual([]);
});
