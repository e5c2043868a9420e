import { durationMs } from '@bufbuild/protobuf/wkt';
import { afterEach, describe, expect, it } from 'vitest';
import { Reason } from '../../gen/signalbox/v1/reason_pb.ts';
import { NextStep } from '../../gen/signalbox/v1/session_pb.ts';
import { Draining, type DrainOptions } from '../../src/core/draining.ts';
import { roomKey } from '../../src/core/room-key.ts';
import { startTestNode, type TestClient, type TestNode } from '../helpers/test-node.ts';
import { VirtualClock } from '../helpers/virtual-clock.ts';

let kit: TestNode;

afterEach(() => kit.stop());

const usual: DrainOptions = { deadlineMs: 8000, graceMs: 0, endpoints: [], alone: false };

/** A drain, and whether it is over. */
function drain(options: Partial<DrainOptions> = {}): { isOver: boolean } {
  const state = { isOver: false };
  void kit.node.drain({ ...usual, ...options }).then(() => {
    state.isOver = true;
  });
  return state;
}

function goAway(client: TestClient) {
  const [said] = client.all('goAway');
  if (said === undefined) throw new Error('no GoAway');
  return {
    deadline: durationMs(said.deadline!),
    after: durationMs(said.reconnectAfter!),
    endpoints: said.endpoints,
    reason: said.reason,
  };
}

async function clients(count: number): Promise<TestClient[]> {
  kit = await startTestNode();
  const all: TestClient[] = [];
  for (let index = 0; index < count; index += 1) all.push(await kit.client({ identity: `c${index}` }));
  return all;
}

describe('a drain', () => {
  it('tells everybody at once to go, each at a time of its own, evenly over half of the time', async () => {
    const all = await clients(40);
    drain({ endpoints: ['https://b.example.org'] });
    await kit.settle();
    const said = all.map(goAway);
    for (const { deadline, endpoints, reason } of said) {
      expect(deadline).toBe(8000);
      expect(endpoints).toEqual(['https://b.example.org']);
      expect(reason).toBe(Reason.DRAINING);
    }
    const times = said.map(({ after }) => after).sort((a, b) => a - b);
    expect(new Set(times).size).toBe(40);
    expect(times.at(-1)).toBeLessThan(4000);
    // Even: no two of forty in four seconds come within 30 ms of each other, and none is more than 300 ms from the next.
    const gaps = times.slice(1).map((time, index) => time - (times[index] ?? 0));
    expect(Math.min(...gaps)).toBeGreaterThan(30);
    expect(Math.max(...gaps)).toBeLessThan(300);
  });

  it('goes on serving until its deadline, and is over then whoever is still there', async () => {
    kit = await startTestNode();
    const { client: ann } = await kit.inRoom('r', { identity: 'ann' });
    const { id } = await kit.inRoom('r', { identity: 'bob' });
    const state = drain();
    ann.send({ case: 'signal', value: { to: id } });
    await kit.pass(7999);
    expect(ann.acked).toBe(ann.seq);
    expect(state.isOver).toBe(false);
    await kit.pass(1);
    expect(state.isOver).toBe(true);
  });

  it('is over when the last connection is gone, and at once where there is none', async () => {
    const [ann] = await clients(1);
    const state = drain();
    await kit.pass(1000);
    expect(state.isOver).toBe(false);
    ann?.drop();
    await kit.settle();
    expect(state.isOver).toBe(true);
  });

  it('waits for balancers though nobody is connected, and serves whom they send', async () => {
    await clients(0);
    const state = drain({ graceMs: 2000 });
    await kit.pass(1500);
    const { client: late } = await kit.inRoom('r', { identity: 'late' });
    const { deadline, after } = goAway(late);
    expect(deadline).toBe(6500);
    // Without another address it would only come here again: it stays to the end.
    expect(after).toBeGreaterThanOrEqual(6500);
    await kit.pass(1000);
    expect(state.isOver).toBe(false);
    late.drop();
    await kit.settle();
    expect(state.isOver).toBe(true);
  });

  it('sends newcomers on at once where there is another address', async () => {
    await clients(0);
    drain({ graceMs: 2000, endpoints: ['https://b.example.org'] });
    await kit.pass(1000);
    const late = await kit.client({ identity: 'late' });
    expect(goAway(late).after).toBeLessThan(3500);
  });

  it('asks nobody to come back before its end where nobody else is there', async () => {
    const all = await clients(10);
    drain({ deadlineMs: 200, alone: true });
    await kit.settle();
    const times = all.map((client) => goAway(client).after);
    expect(Math.min(...times)).toBeGreaterThanOrEqual(300);
    expect(new Set(times).size).toBe(10);
  });

  it('has a crowd come back over as long as it takes, 5,000 a second', async () => {
    const draining = new Draining(new VirtualClock(), usual, () => 20_000);
    const pauses = Array.from({ length: 20_000 }, () => draining.comeBackMs());
    const inFirstSecond = pauses.filter((pause) => pause <= 1100).length;
    expect(inFirstSecond).toBeGreaterThan(4900);
    expect(inFirstSecond).toBeLessThan(5100);
    expect(Math.max(...pauses)).toBeLessThanOrEqual(4100);
    draining.end();
    kit = await startTestNode();
  });

  it('ends with Closed for those who are left, able to resume, each with a pause of its own', async () => {
    const all = await clients(20);
    drain({ endpoints: ['https://b.example.org'] });
    await kit.pass(8000);
    await kit.node.stop();
    const pauses = all.map((client) => {
      const closed = client.all('closed')[0];
      expect(closed).toMatchObject({ reason: Reason.DRAINING, nextStep: NextStep.RESUME });
      expect(closed?.endpoints).toEqual(['https://b.example.org']);
      expect(client.end?.status).toBe('unavailable');
      return durationMs(closed!.retryAfter!);
    });
    expect(new Set(pauses).size).toBe(20);
    expect(Math.min(...pauses)).toBeGreaterThanOrEqual(100);
    expect(Math.max(...pauses)).toBeLessThanOrEqual(500);
  });
});

describe('a node that hands over', () => {
  it('takes, acknowledges and writes nothing from then on', async () => {
    kit = await startTestNode();
    const { client: ann } = await kit.inRoom('r', { identity: 'ann' });
    const { client: bob, id } = await kit.inRoom('r', { identity: 'bob' });
    const greeted = ann.all('welcome')[0]!;
    const waiting = await kit.client({}, { greet: false });
    const [acked, annsFrames, bobsFrames] = [ann.acked, ann.frames.length, bob.frames.length];
    const [saved] = kit.node.handOver();
    kit.engine.handOver();
    ann.send({ case: 'signal', value: { to: id } });
    bob.send({ case: 'message', value: { room: 'r', content: { case: 'text', value: 'late' } } });
    await kit.pass(120_000);
    expect(saved?.done).toBe(acked);
    expect(ann.frames.length).toBe(annsFrames);
    expect(bob.frames.length).toBe(bobsFrames);
    // Calls, new connections and those whose Hello is still awaited are told to come back.
    const call = await kit.sendFrames(greeted.sendKey, [
      { seq: 9, body: { case: 'leave', value: { room: 'r' } } },
    ]);
    expect(call).toMatchObject({
      kind: 'refused',
      ending: { reason: Reason.DRAINING, nextStep: NextStep.RESUME },
    });
    const late = await kit.client({ identity: 'late' });
    for (const client of [late, waiting]) {
      expect(client.all('closed')[0]).toMatchObject({ reason: Reason.DRAINING, nextStep: NextStep.RESUME });
    }
    expect(kit.node.figures).toMatchObject({ sessions: 0, connections: 2 });
  });

  it('leaves out those who have gone to another address: no ghost of theirs comes back, and no will of theirs is sent', async () => {
    kit = await startTestNode();
    const { client: ann } = await kit.inRoom('r', { identity: 'ann' });
    const { client: bob } = await kit.inRoom('r', { identity: 'bob' });
    const { client: lost } = await kit.inRoom('r', { identity: 'lost' });
    lost.drop();
    await kit.settle();
    drain({ endpoints: ['https://b.example.org'] });
    await kit.settle();
    ann.drop();
    await kit.settle();
    const left = kit.node.handOver().map(({ identity }) => identity);
    // Who was lost before it was told of another address may still come back.
    expect(left).toEqual(['bob', 'lost']);
    expect(bob.all('message')).toEqual([]);
    expect([...(kit.engine.view(roomKey('', 'r'))?.members.all() ?? [])]).toHaveLength(2);
  });

  it('opens no session that was on its way: nobody would know of it', async () => {
    const verifying = Promise.withResolvers<void>();
    const { testVerifier } = await import('../helpers/node-kit.ts');
    kit = await startTestNode({
      verifier: {
        ...testVerifier,
        verify: (token) => verifying.promise.then(() => testVerifier.verify(token)),
      },
    });
    const ann = await kit.client({ identity: 'ann' });
    kit.node.handOver();
    verifying.resolve();
    await kit.settle();
    expect(ann.all('welcome')).toEqual([]);
    expect(ann.all('closed')[0]).toMatchObject({ reason: Reason.DRAINING });
  });
});
