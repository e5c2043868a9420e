import { afterEach, describe, expect, it } from 'vitest';
import { Participant_State as State } from '../../../gen/signalbox/v1/participant_pb.ts';
import { Reason } from '../../../gen/signalbox/v1/reason_pb.ts';
import { ClientState_Activity as Activity, NextStep } from '../../../gen/signalbox/v1/session_pb.ts';
import { resumeOf } from '../../helpers/resume-point.ts';
import { startTestNode, type TestClient, type TestNode } from '../../helpers/test-node.ts';

let kit: TestNode;

afterEach(() => kit.stop());

/** The node looks once a second. */
const lookMs = 1000;

const say = (client: TestClient, value: string) =>
  client.send({ case: 'message', value: { room: 'r', content: { case: 'text', value } } });

/** Bob does not read from here on, and something is said to him. */
async function start() {
  kit = await startTestNode();
  const { client: ann } = await kit.inRoom('r', { identity: 'ann' });
  const { client: bob, id } = await kit.inRoom('r', { identity: 'bob' });
  bob.stall();
  say(ann, 'fills the transport');
  await kit.settle();
  return { ann, bob, id };
}

describe('a lane that takes nothing of what was written', () => {
  it('is closed after its time with SLOW_CONSUMER, to be resumed; its participant is AWAY', async () => {
    const { ann, bob, id } = await start();
    await kit.pass(kit.limits.slowConsumerMs - lookMs);
    expect(bob.end).toBeUndefined();
    expect(kit.node.figures.blockedSessions).toBe(1);
    await kit.pass(2 * lookMs);
    expect(bob.all('closed')).toMatchObject([{ reason: Reason.SLOW_CONSUMER, nextStep: NextStep.RESUME }]);
    expect(bob.end?.status).toBe('unavailable');
    expect(kit.node.figures).toMatchObject({ sessions: 2, attachedSessions: 1, blockedSessions: 0 });
    const seen = ann.all('rosterDelta').flatMap(({ updated }) => updated);
    expect(seen).toMatchObject([{ id, state: State.AWAY }]);
  });

  it('loses nothing by it: what was said meanwhile comes after the resume', async () => {
    const { ann, bob, id } = await start();
    ann.send({ case: 'signal', value: { to: id, connectionId: 'while he did not read' } });
    await kit.pass(kit.limits.slowConsumerMs + 2 * lookMs);
    const [welcome] = bob.all('welcome');
    if (welcome === undefined) throw new Error('no Welcome');
    const hello = { resume: resumeOf(bob, welcome) };
    const again = await kit.client({ identity: 'bob' }, { firstSeq: bob.seq + 1, hello });
    say(ann, 'after');
    await kit.settle();
    expect(again.all('signal')).toMatchObject([{ connectionId: 'while he did not read' }]);
    expect(again.all('message').map(({ content }) => content.value)).toContain('after');
  });

  it('is not closed while it takes something now and then', async () => {
    const { ann, bob } = await start();
    for (let round = 0; round < 5; round += 1) {
      await kit.pass(kit.limits.slowConsumerMs - lookMs);
      bob.drain();
      bob.stall();
      say(ann, `round ${round}`);
      await kit.settle();
    }
    expect(bob.end).toBeUndefined();
  });

  it('is closed though its client said that it is suspended: it is held without an absence being seen', async () => {
    kit = await startTestNode();
    const { client: ann } = await kit.inRoom('r', { identity: 'ann' });
    const { client: bob } = await kit.inRoom('r', { identity: 'bob' });
    bob.send({ case: 'clientState', value: { activity: Activity.SUSPENDED } });
    bob.stall();
    say(ann, 'fills the transport');
    await kit.pass(kit.limits.slowConsumerMs + 2 * lookMs);
    expect(bob.all('closed')).toMatchObject([{ reason: Reason.SLOW_CONSUMER }]);
    await kit.pass(2 * kit.limits.resumeWindowMs);
    expect(kit.node.figures).toMatchObject({ sessions: 2, attachedSessions: 1 });
    expect(ann.all('rosterDelta').flatMap(({ updated, left }) => [...updated, ...left])).toEqual([]);
  });
});
